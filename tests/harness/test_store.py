"""Runs on disk read back whole, and a name from a user never leads anywhere else."""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from harness.history import History, Kind
from harness.judgement import Judgement
from harness.run import Run, run_document
from harness.store import Store, StoreError
from harness.verdict import Outcome, Verdict
from tests.harness.test_run import run


def judged(scenario: str, history: History) -> Judgement:
    return Judgement(invariants=(Verdict(checker=scenario, outcome=Outcome.PASS, summary=f"{len(history)} events"),))


def saved(store: Store, *, run_id: str = "20261124-021530-shop_dies-s7-4f2a") -> Run:
    history = History(path=store.begin(run_id))
    history.append(actor="a", kind=Kind.STEP, action="gate", value={"held": True})
    history.close()
    return store.save(replace(run(), id=run_id, history=history, control="c", must_fail="Held"))


def test_a_run_reads_back_and_is_judged_anew(tmp_path: Path) -> None:
    store = Store(tmp_path / "runs")
    kept = saved(store)
    loaded = store.load(kept.id, judged)
    assert loaded.judgement.invariants[0].summary == "1 events"
    assert run_document(replace(loaded, judgement=kept.judgement)) == run_document(kept)


def test_the_last_run_is_the_newest(tmp_path: Path) -> None:
    store = Store(tmp_path)
    older = saved(store)
    newer = saved(store, run_id="20261124-021531-another-s1-0000")
    assert store.ids() == [older.id, newer.id]
    assert store.load("last", judged).id == newer.id


def test_a_run_that_never_ended_is_not_listed(tmp_path: Path) -> None:
    store = Store(tmp_path)
    store.begin("20261124-021530-shop_dies-s7-4f2a")
    (tmp_path / "not a run").mkdir()
    assert store.ids() == []
    with pytest.raises(StoreError, match="no run is saved in"):
        store.load("last", judged)


def test_a_run_that_never_began_is_saved_with_its_reason(tmp_path: Path) -> None:
    store = Store(tmp_path)
    skipped = store.save(replace(run(), skipped="no network here"))
    assert store.load(skipped.id, judged).skipped == "no network here"


def test_two_runs_of_one_id_are_refused(tmp_path: Path) -> None:
    store = Store(tmp_path)
    saved(store)
    with pytest.raises(FileExistsError):
        saved(store)


@pytest.mark.parametrize("run_id", ["../secret", "/etc/passwd", "", ".", "20261124-021530-x-s7-4f2a/../.."])
def test_only_an_id_becomes_a_path(tmp_path: Path, run_id: str) -> None:
    store = Store(tmp_path)
    for use in (lambda: store.load(run_id, judged), lambda: store.begin(run_id)):
        with pytest.raises(StoreError, match="is not the id of a run"):
            use()


def test_a_run_that_is_not_there_is_answered_with_the_newest(tmp_path: Path) -> None:
    store = Store(tmp_path)
    kept = saved(store)
    with pytest.raises(StoreError, match=f"the newest are {kept.id}"):
        store.load("20260101-000000-shop_dies-s1-abcd", judged)


def without_seed(text: str) -> str:
    document = json.loads(text)
    del document["seed"]
    return json.dumps(document)


@pytest.mark.parametrize(
    ("name", "spoil", "message"),
    [
        ("run.json", lambda text: text[:-10], "is not JSON"),
        ("run.json", lambda text: "[]", "holds no JSON object"),
        ("run.json", without_seed, "does not hold a whole run: KeyError: .seed."),
        ("history.jsonl", lambda text: text[:-5], "line 1: not an event"),
    ],
)
def test_a_run_that_was_spoilt_is_named(tmp_path: Path, name: str, spoil: Callable[[str], str], message: str) -> None:
    store = Store(tmp_path)
    file = tmp_path / saved(store).id / name
    file.write_text(spoil(file.read_text()))
    with pytest.raises(StoreError, match=message):
        store.load("last", judged)


def test_a_file_too_large_to_be_a_run_is_not_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store = Store(tmp_path)
    saved(store)
    monkeypatch.setattr("harness.store._SIZE_LIMIT_BYTES", 10)
    with pytest.raises(StoreError, match="larger than 10 bytes"):
        store.load("last", judged)
