"""Runs on disk: whole or not there, judged again to the same answer, and never trusted."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from harness.history import History, Kind
from harness.judgement import Judgement
from harness.run import run_document
from harness.store import Store, StoreError
from harness.verdict import Outcome
from tests.runs import RUN_ID, drilled, judged, make_run, verdict


def again(scenario: str, history: History) -> Judgement:
    assert scenario == "shop_dies"
    return judged(history)


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / "runs")


def test_a_run_reads_back_and_is_judged_to_the_same_answer(store: Store) -> None:
    run = make_run(history=drilled(lost=3))
    assert store.save(run) is run
    assert run_document(store.load(RUN_ID, again)) == run_document(run)
    assert run_document(store.load("last", again)) == run_document(run)


def test_a_history_written_as_it_grew_is_the_one_that_is_kept(store: Store) -> None:
    history = History(path=store.begin(RUN_ID))
    history.append(actor="drill", kind=Kind.STEP, action="phase", value={"phase": "gate"})
    history.close()
    store.save(make_run(history=history, judgement=Judgement()))
    assert [event.action for event in store.load(RUN_ID, lambda name, history: Judgement()).history] == ["phase"]


def test_a_run_never_goes_on_where_another_ended(store: Store) -> None:
    store.begin(RUN_ID)
    with pytest.raises(StoreError, match="is there already"):
        store.begin(RUN_ID)


def test_only_whole_runs_are_listed_oldest_first(store: Store) -> None:
    assert store.ids() == []
    newer, unfinished = RUN_ID.replace("021530", "021531"), RUN_ID.replace("021530", "021532")
    store.save(make_run(id=newer))
    store.save(make_run())
    store.begin(unfinished)
    (store.directory / "notes").mkdir()
    assert store.ids() == [RUN_ID, newer]
    assert store.load("last", again).id == newer


def test_a_run_that_never_began_is_saved_with_its_reason(store: Store) -> None:
    store.save(make_run(history=History(), judgement=Judgement(), skipped="no network here"))
    loaded = store.load(RUN_ID, lambda scenario, history: Judgement())
    assert loaded.skipped == "no network here"
    assert len(loaded.history) == 0


def test_a_control_is_kept_with_what_it_must_fail(store: Store) -> None:
    store.save(make_run(control="till_open", must_fail="NothingIsSoldTwice"))
    loaded = store.load(RUN_ID, again)
    assert (loaded.control, loaded.must_fail) == ("till_open", "NothingIsSoldTwice")


def test_a_run_like_no_other_is_answered_with_the_newest(store: Store) -> None:
    store.save(make_run())
    with pytest.raises(StoreError, match=f"the newest are {RUN_ID}"):
        store.load("20260101-000000-x-s1-abcd", again)


def test_without_runs_there_is_no_last_one(store: Store) -> None:
    with pytest.raises(StoreError, match="`harness drill NAME` makes one"):
        store.load("last", again)


def test_a_run_that_is_not_there_is_answered_with_the_nearest(store: Store) -> None:
    store.save(make_run())
    with pytest.raises(StoreError, match=f"did you mean {RUN_ID}"):
        store.load(RUN_ID.replace("4f2a", "4f2b"), again)


@pytest.mark.parametrize("run_id", ["..", "../../etc", "/etc/passwd", "", "20261124", f"{RUN_ID}/.."])
def test_only_the_id_of_a_run_becomes_a_path(store: Store, run_id: str) -> None:
    with pytest.raises(StoreError, match="is not the id of a run"):
        store.load(run_id, again)
    with pytest.raises(StoreError, match="is not the id of a run"):
        store.save(make_run(id=run_id))
    with pytest.raises(StoreError, match="is not the id of a run"):
        store.begin(run_id)


def of_document(change: Callable[[dict[str, Any]], object]) -> Callable[[Path], None]:
    def damage(folder: Path) -> None:
        document = json.loads((folder / "run.json").read_text())
        change(document)
        (folder / "run.json").write_text(json.dumps(document))

    return damage


def of_history(change: Callable[[list[str]], list[str]]) -> Callable[[Path], None]:
    def damage(folder: Path) -> None:
        lines = (folder / "history.jsonl").read_text().splitlines()
        (folder / "history.jsonl").write_text("\n".join(change(lines)) + "\n")

    return damage


@pytest.mark.parametrize(
    ("damage", "said"),
    [
        (lambda folder: (folder / "run.json").write_text("{"), r"run\.json cannot be read: JSONDecodeError"),
        (lambda folder: (folder / "run.json").write_text("[" * 100_000), r"run\.json cannot be read: RecursionError"),
        (lambda folder: (folder / "run.json").write_bytes(b"\xff"), r"run\.json cannot be read: UnicodeDecodeError"),
        (lambda folder: (folder / "run.json").write_text("[]"), "holds no JSON object"),
        (lambda folder: (folder / "run.json").write_text("{}"), "has no 'id'"),
        (of_document(lambda document: document.pop("seed")), "is no run: KeyError: 'seed'"),
        (of_document(lambda document: document.update(seed="many")), "is no run: ValueError"),
        (of_document(lambda document: document.update(settings=7)), "is no run: TypeError"),
        (of_document(lambda document: document.update(id="../elsewhere")), "a run keeps its own folder"),
        (lambda folder: (folder / "history.jsonl").unlink(), "cannot be read: FileNotFoundError"),
        (lambda folder: (folder / "history.jsonl").write_text("[" * 100_000), "cannot be read: RecursionError"),
        (of_history(lambda lines: [*lines[:-1], lines[-1][:20]]), "line .* not an event"),
        (of_history(lambda lines: lines[1:]), "line 1: event 1 .* out of order"),
        (of_history(lambda lines: [*lines[:2], lines[3], lines[2]]), "line 3: event 3 .* out of order"),
        (of_history(lambda lines: [lines[0].replace('"at_s":0.01', '"at_s":NaN')]), "line 1: .* out of order"),
    ],
)
def test_a_damaged_run_is_refused_with_the_place_and_the_reason(
    store: Store, damage: Callable[[Path], None], said: str
) -> None:
    store.save(make_run())
    damage(store.directory / RUN_ID)
    with pytest.raises(StoreError, match=said):
        store.load(RUN_ID, again)


def test_what_is_too_large_is_not_read(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    store.save(make_run())
    monkeypatch.setattr("harness.store._HISTORY_LIMIT_BYTES", 100)
    with pytest.raises(StoreError, match="larger than 100 bytes"):
        store.load(RUN_ID, again)


def test_what_the_judge_raises_is_not_taken_for_a_damaged_run(store: Store) -> None:
    store.save(make_run())

    def confused(scenario: str, history: History) -> Judgement:
        raise KeyError("no such scenario any more")

    with pytest.raises(KeyError, match="no such scenario"):
        store.load(RUN_ID, confused)


def test_saving_again_replaces_the_document_and_leaves_no_draft(store: Store) -> None:
    store.save(make_run())
    store.save(make_run(verdict("NothingIsSoldTwice", Outcome.FAIL)))
    document = json.loads((store.directory / RUN_ID / "run.json").read_text())
    assert document["outcome"] == "fail"
    assert {file.name for file in (store.directory / RUN_ID).iterdir()} == {"run.json", "history.jsonl"}
