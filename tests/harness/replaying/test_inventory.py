"""How old a trace is, and when it was last replayed."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from harness.replaying import inventory as module
from harness.replaying.comparison import TraceOutcome, TraceVerdict
from harness.replaying.inventory import LastReplays, inventory
from harness.replaying.revisions import Revision
from tests.harness.replaying.toy_repository import ToyRepository, make_repository

NOW = datetime(2026, 3, 11, 12, tzinfo=UTC)


@pytest.fixture
def toy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ToyRepository:
    monkeypatch.setattr(module, "utc_now", lambda: NOW)
    monkeypatch.setenv("GIT_COMMITTER_DATE", "2026-03-01T12:00:00+00:00")
    return make_repository(tmp_path, monkeypatch)


def rows(toy: ToyRepository) -> dict[str, Any]:
    return {row["id"]: row for row in inventory(toy.config())["traces"]}


def verdict(trace: str, outcome: TraceOutcome = TraceOutcome.PASS) -> TraceVerdict:
    return TraceVerdict(trace=trace, outcome=outcome)


def test_the_age_is_that_of_the_baseline(toy: ToyRepository) -> None:
    """Approved, else recorded, else committed; of what is not committed nobody knows it."""
    path = toy.folder / "traces" / "one" / "trace.yaml"
    made = "format: 2\nmade: {how: recorded, at: 2026-03-09T12:00:00+00:00}\n"
    text = path.read_text().replace("contract: 1\n", made)
    toy.add_trace("new", "pear", 4)
    assert (rows(toy)["one"]["age_s"], rows(toy)["new"]["age_s"]) == (timedelta(days=10).total_seconds(), None)
    path.write_text(text)
    assert rows(toy)["one"]["age_s"] == timedelta(days=2).total_seconds()
    approved = "approvals: [{at: 2026-03-11T11:00:00+00:00, by: A, why: W}]\nbaseline:"
    path.write_text(text.replace("baseline:", approved))
    assert rows(toy)["one"]["age_s"] == 3_600
    assert rows(toy)["one"]["approved_by"] == "A"


def test_outside_a_repository_the_age_is_not_known(toy: ToyRepository) -> None:
    (toy.folder / ".git").rename(toy.folder / "no longer")
    assert rows(toy)["one"]["age_s"] is None


def test_last_replays_are_noted_and_others_stay(toy: ToyRepository) -> None:
    last = LastReplays(toy.config())
    revision = Revision(name="WORKTREE")
    assert list(last.noting([verdict("one"), verdict("two")], revision)) == [verdict("one"), verdict("two")]
    list(last.noting([verdict("one", TraceOutcome.CHANGED)], revision))
    found = last.read()
    assert (found["one"]["outcome"], found["two"]["outcome"]) == ("changed", "pass")
    assert found["one"]["at"] == NOW.isoformat()
    assert rows(toy)["one"]["last_replay"]["outcome"] == "changed"


def test_what_was_had_before_an_end_is_noted(toy: ToyRepository) -> None:
    last = LastReplays(toy.config())
    stream = last.noting(iter([verdict("one"), verdict("two")]), Revision(name="WORKTREE"))
    next(stream)
    stream.close()  # type: ignore[attr-defined]
    assert set(last.read()) == {"one"}


@pytest.mark.parametrize("content", ["", "[]", "{", '{"one": 1}', "\xff"])
def test_a_file_that_cannot_be_read_is_as_good_as_none(toy: ToyRepository, content: str) -> None:
    last = LastReplays(toy.config())
    last.file.parent.mkdir()
    last.file.write_text(content, encoding="latin-1")
    assert last.read() == {}
    list(last.noting([verdict("one")], Revision(name="WORKTREE")))
    assert set(last.read()) == {"one"}
