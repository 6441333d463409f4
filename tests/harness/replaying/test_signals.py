"""Saved signals become the beginning of a trace; what is wrong is told with its line."""

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from harness.replaying.signals import trace_of_signals
from harness.traces import Trace, Unreadable

PLAIN = {"partner": "T1", "content_type": "text/plain", "body": "x"}


def made(folder: Path, *lines: object, name: str = "shop/one", partners: object = None) -> Trace:
    file = folder / "saved.jsonl"
    file.write_text("\n".join(line if isinstance(line, str) else json.dumps(line) for line in lines))
    known = None
    if partners is not None:
        known = folder / "partners.json"
        known.write_text(json.dumps(partners))
    return trace_of_signals(name, file, title="T", partners=known, faults=["slow"])


def test_moments_become_seconds_since_the_first(tmp_path: Path) -> None:
    trace = made(
        tmp_path,
        {**PLAIN, "received_at": "2026-02-02T14:00:00Z"},
        "",
        {**PLAIN, "partner": "T2", "received_at": "2026-02-02T15:00:01.5+01:00"},
        {**PLAIN, "received_at": "2026-02-02T14:00:01.5Z", "kind": "round"},
    )
    assert trace.starts_at == datetime(2026, 2, 2, 14, tzinfo=UTC)
    assert [(one.at_s, one.kind) for one in trace.inputs] == [(0.0, "signal"), (1.5, "signal"), (1.5, "round")]
    assert list(trace.partners) == [{"id": "T1"}, {"id": "T2"}]
    assert (trace.made.how, trace.made.source, trace.made.faults) == ("recorded", "signals of saved.jsonl", ("slow",))
    assert (trace.baseline, trace.cassette.interactions, trace.folder) == (None, (), None)


def test_the_same_id_counts_its_ids_from_the_same_seed(tmp_path: Path) -> None:
    one, again, other = (made(tmp_path, {**PLAIN, "at_s": 3}, name=name) for name in ("a", "a", "b"))
    assert one.seed == again.seed != other.seed
    assert one.inputs[0].at_s == 3.0


def test_partners_are_what_a_file_says_of_those_who_sent(tmp_path: Path) -> None:
    told = [{"id": "T1", "tier": 2}, {"id": "T9", "tier": 1}]
    lines = [{**PLAIN, "at_s": 0}, {**PLAIN, "at_s": 1, "partner": "T3"}]
    assert list(made(tmp_path, *lines, partners=told).partners) == [{"id": "T1", "tier": 2}, {"id": "T3"}]
    for wrong in ({"id": "T1"}, ["T1"], [{"name": "x"}]):
        with pytest.raises(Unreadable, match=r"partners\.json: expected a JSON list of partners"):
            made(tmp_path, *lines, partners=wrong)


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        ([], r"saved\.jsonl: inputs: expected a list of 1 to"),
        (["{"], r"saved\.jsonl, line 1: expected JSON"),
        (["", "[1]"], r"saved\.jsonl, line 2: inputs\[0\]: expected an object"),
        ([PLAIN], r"line 1: inputs\[0\]: expected received_at in all lines, or at_s in all of them"),
        ([{**PLAIN, "at_s": 0}, PLAIN], r"line 2: inputs\[1\]: expected received_at in all lines"),
        ([{**PLAIN, "at_s": 0}, {**PLAIN, "received_at": "2026-02-02T14:00:00Z"}], r"line 2: inputs\[1\]: expected"),
        ([{**PLAIN, "received_at": "2026-02-02T14:00:00"}], r"line 1: inputs\[0\]\.received_at: expected a time with"),
        ([{**PLAIN, "received_at": "noon"}], r"line 1: inputs\[0\]\.received_at: expected a time as ISO"),
        ([{**PLAIN, "at_s": 5}, "", {**PLAIN, "at_s": 4}], r"line 3: inputs\[1\]\.at_s: expected a number from 5"),
        ([{"at_s": 0, "partner": "T1", "body": "x"}], r"line 1: inputs\[0\]\.content_type: missing"),
        ([{**PLAIN, "at_s": 0, "colour": "red"}], r"line 1: inputs\[0\]\.colour: no such field"),
    ],
)
def test_what_is_wrong_is_told_with_its_line(tmp_path: Path, lines: list[object], said: str) -> None:
    with pytest.raises(Unreadable, match=said):
        made(tmp_path, *lines)


def test_a_name_that_is_no_id_and_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(Unreadable, match="id: expected an id of small letters"):
        made(tmp_path, {**PLAIN, "at_s": 0}, name="../up")
    with pytest.raises(Unreadable, match="cannot be read"):
        trace_of_signals("a", tmp_path / "nowhere", title="T")
