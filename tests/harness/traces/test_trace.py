"""Traces: loaded whole or refused, handed on as the contract says, and a baseline renewed without touching the rest."""

import json
from pathlib import Path

import pytest

from harness.traces import Cassette, Unreadable, load_trace, load_traces, save_baseline, save_cassette


def test_a_trace_is_loaded_and_handed_on(folder: Path) -> None:
    trace = load_trace(folder)
    assert trace.baseline is None
    document = json.loads(json.dumps(trace.to_contract()))
    assert document["contract"] == 1
    assert document["clock"] == {"starts_at": "2026-02-02T14:00:00+00:00"}
    assert document["partners"] == [{"id": "T1", "tier": 3}]
    assert [one["at_s"] for one in document["inputs"]] == [0.0, 1.5]
    assert document["cassette"][0]["response"] == {"status": 200, "headers": {}, "body": "fine"}
    assert "baseline" not in document, "the system under test must not see what is expected of it"


def test_a_baseline_is_renewed_and_what_people_wrote_stays(folder: Path) -> None:
    above = (folder / "trace.yaml").read_text()
    save_baseline(load_trace(folder), {"answers": [1]})
    save_baseline(load_trace(folder), {"answers": [2], "text": "baseline: not the key"})
    assert load_trace(folder).baseline == {"answers": [2], "text": "baseline: not the key"}
    assert (folder / "trace.yaml").read_text().startswith(above)
    assert sorted(path.name for path in folder.iterdir()) == ["cassette.yaml", "trace.yaml"]


def test_a_cassette_is_saved(folder: Path) -> None:
    trace = load_trace(folder)
    save_cassette(trace.with_cassette(Cassette(interactions=trace.cassette.interactions * 2)))
    assert len(load_trace(folder).cassette.interactions) == 2


def test_traces_in_folders_of_folders_are_named_by_their_path(folder: Path) -> None:
    root = folder.parent
    deeper = root / "kinds" / "one"
    deeper.mkdir(parents=True)
    for name in ("trace.yaml", "cassette.yaml"):
        (deeper / name).write_text((folder / name).read_text().replace("id: one", "id: kinds/one"))
    assert [trace.id for trace in load_traces(root)] == ["kinds/one", "one"]


def test_no_traces_at_all_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(Unreadable, match="seen none"):
        load_traces(tmp_path)


def test_a_missing_cassette_is_an_error_but_for_recording(folder: Path) -> None:
    (folder / "cassette.yaml").unlink()
    with pytest.raises(Unreadable, match="No such file"):
        load_trace(folder)
    assert load_trace(folder, without_cassette=True).cassette.interactions == ()


def test_an_unreadable_cassette_is_never_an_absent_one(folder: Path) -> None:
    (folder / "cassette.yaml").write_text("version: 1\ninteractions: [")
    for without_cassette in (False, True):
        with pytest.raises(Unreadable):
            load_trace(folder, without_cassette=without_cassette)


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("contract: 1", "contract: 2", "expected contract 1, seen 2"),
        ("id: one", "id: other", "expected the id 'one'"),
        ("title: The one trace", "title: 5", "title: expected text"),
        ("2026-02-02T14:00:00+00:00", "2026-02-02T14:00:00", "with its zone"),
        ("2026-02-02T14:00:00+00:00", "today", "ISO 8601"),
        ("seed: 7", "seed: yes", "`seed` from 0"),
        ("seed: 7", "seed: -1", "`seed` from 0"),
        ("[{id: T1, tier: 3}]", "[{tier: 3}]", "each with its id"),
        ("at_s: 1.5", "at_s: -1", "at_s from 0 on, in order"),
        ("at_s: 0,", "at_s: 2,", "at_s from 2 on, in order"),
        ("body: hello", "body: 5", "body: expected text"),
        ("body: hello", "bodies: hello", "expected at_s, body"),
        ("# What people wrote.", "extra: 1", "and nothing else"),
    ],
)
def test_what_is_no_trace_is_refused(folder: Path, old: str, new: str, said: str) -> None:
    path = folder / "trace.yaml"
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))
    with pytest.raises(Unreadable) as refused:
        load_trace(folder)
    assert said in str(refused.value)
    assert str(path) in str(refused.value)
