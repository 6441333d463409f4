"""A history keeps everything in order, on disk as it grows, and reads back as it was."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.clock import Clock
from harness.history import Event, History, HistoryClosed, Kind
from tests.histories import Story

plain = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=10,
)
events = st.builds(
    Event,
    number=st.integers(0, 10**6),
    at_s=st.floats(0, 10**5).map(lambda at_s: round(at_s, 6)),
    actor=st.text(),
    kind=st.sampled_from(Kind),
    action=st.text(),
    value=st.dictionaries(st.text(), plain, max_size=4),
    operation_id=st.none() | st.text(),
)


@given(events)
def test_an_event_reads_back_as_it_was_and_is_one_line(event: Event) -> None:
    line = event.to_json()
    assert Event.from_json(line) == event
    assert "\n" not in line
    assert "\r" not in line


@pytest.mark.parametrize(
    "line", ["", "{", "[]", "1", "null", "{}", '{"number":1}', '{"number":1,"at_s":0,"actor":"a","kind":"rumour"}']
)
def test_what_is_not_an_event_is_refused(line: str) -> None:
    with pytest.raises(ValueError, match="not an event of a history"):
        Event.from_json(line)


def append(history: History, action: str = "write", kind: Kind = Kind.OK, actor: str = "client") -> Event:
    return history.append(actor=actor, kind=kind, action=action)


def test_events_are_numbered_and_stamped_in_order() -> None:
    history = History(clock=Clock())
    written = [append(history) for _ in range(3)]
    assert [event.number for event in written] == [0, 1, 2]
    assert sorted(event.at_s for event in written) == [event.at_s for event in written]
    assert list(history) == written == history.since(0)
    assert len(history) == 3
    assert history[1] is written[1]
    assert history.since(2) == written[2:]


def test_a_value_is_the_history_s_own() -> None:
    history = History()
    value = {"rows": 1}
    event = history.append(actor="a", kind=Kind.PROBE, action="rows", value=value)
    value["rows"] = 2
    assert event.value == {"rows": 1}


def test_it_is_on_disk_and_reads_back(tmp_path: Path) -> None:
    file = tmp_path / "history.jsonl"
    history = History(path=file)
    for number in range(3):
        history.append(actor="ä", kind=Kind.PROBE, action="rows", value={"rows": [number, None, "\u2028"]})
    history.close()
    loaded = History.load(file)
    assert [event.value for event in loaded] == [event.value for event in history]
    assert [event.number for event in loaded] == [0, 1, 2]


def test_a_closed_history_takes_nothing_more(tmp_path: Path) -> None:
    file = tmp_path / "history.jsonl"
    history = History(path=file)
    append(history)
    history.close()
    history.close()
    for closed in (history, History.load(file)):
        with pytest.raises(HistoryClosed, match="client said ok write"):
            append(closed)
    assert len(file.read_text().splitlines()) == 1


def test_a_broken_line_is_named(tmp_path: Path) -> None:
    file = tmp_path / "history.jsonl"
    history = History(path=file)
    append(history)
    history.close()
    file.write_text(file.read_text() + '{"number": 1, "at_s"')
    with pytest.raises(ValueError, match=r"history\.jsonl, line 2: not an event"):
        History.load(file)


def test_a_program_that_dies_at_once_leaves_all_that_it_saw(tmp_path: Path) -> None:
    file = tmp_path / "history.jsonl"
    program = (
        "import os, pathlib\n"
        "from harness.history import History, Kind\n"
        f"history = History(path=pathlib.Path({str(file)!r}))\n"
        "for _ in range(3): history.append(actor='a', kind=Kind.STEP, action='seen')\n"
        "os._exit(9)\n"
    )
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 9
    assert len(History.load(file)) == 3


def test_finding_by_kind_action_and_actor() -> None:
    history = History()
    first = append(history)
    append(history, kind=Kind.FAIL)
    other = append(history, action="read", actor="another")
    last = append(history)
    assert history.where(kind=Kind.OK) == [first, other, last]
    assert history.where(kind=Kind.OK, action="write") == [first, last]
    assert history.where(actor="another") == [other]
    assert history.last(kind=Kind.OK, action="write") is last
    assert history.last(action="read") is other
    assert history.last(action="dance") is None
    assert history.where() == list(history)


@given(st.lists(st.integers(0, 20), max_size=30), st.integers(-1, 21), st.integers(-1, 21))
def test_between_holds_both_ends(moments: list[int], from_s: int, to_s: int) -> None:
    story = Story()
    for at_s in sorted(moments):
        story.tell(Kind.STEP, "s", at_s=float(at_s))
    found = story.history().between(from_s, to_s)
    assert found == [event for event in story.events if from_s <= event.at_s <= to_s]


def test_the_disk_holds_each_event_as_one_json_object(tmp_path: Path) -> None:
    file = tmp_path / "history.jsonl"
    history = History(path=file)
    history.append(actor="a", kind=Kind.INVOKE, action="w", value={"n": 1}, operation_id="a/1")
    append(history)
    history.close()
    first, second = map(json.loads, file.read_text().splitlines())
    assert first["operation_id"] == "a/1"
    assert first["kind"] == "invoke"
    assert "operation_id" not in second


@given(
    st.lists(st.tuples(st.sampled_from(Kind), st.sampled_from("ab"), st.sampled_from("cd"))),
    st.none() | st.sampled_from(Kind),
    st.none() | st.sampled_from("abc"),
    st.none() | st.sampled_from("cde"),
)
def test_what_is_found_is_what_a_plain_search_finds(
    told: list[tuple[Kind, str, str]], kind: Kind | None, action: str | None, actor: str | None
) -> None:
    """Also in a history that was read, and goes on growing."""
    history = History()
    for number, (one, what, who) in enumerate(told):
        if number == len(told) // 2:
            history = History(history)
        history.append(kind=one, action=what, actor=who)
    plainly = [
        event
        for event in history
        if kind in (None, event.kind) and action in (None, event.action) and actor in (None, event.actor)
    ]
    assert history.where(kind=kind, action=action, actor=actor) == plainly
    assert history.last(kind=kind, action=action, actor=actor) == (plainly[-1] if plainly else None)


@given(st.lists(st.integers(0, 20)), st.integers(-1, 21))
def test_backwards_is_the_other_way_round(moments: list[int], from_s: int) -> None:
    story = Story()
    for moment in sorted(moments):
        story.tell(Kind.STEP, "tick", at_s=float(moment))
    history = story.history()
    assert list(history.backwards(from_s)) == [event for event in history if event.at_s <= from_s][::-1]
