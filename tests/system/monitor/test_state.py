"""The state file: what was noted is there after a restart, and a broken file keeps nobody from alerting."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from system.monitor.state import StateFile

AT = datetime(2026, 2, 2, 14, tzinfo=UTC)


def test_it_remembers_across_a_restart(tmp_path: Path) -> None:
    path = tmp_path / "state.json"
    state = StateFile(path)
    state.note(alerted_since=AT)
    state.note_undelivered([{"n": 1}])
    again = StateFile(path).remembered
    assert (again.alerted_since, again.undelivered) == (AT, [{"n": 1}])
    assert [one.name for one in tmp_path.iterdir()] == ["state.json"]


@pytest.mark.parametrize("text", ["", "{", "[]", '{"alerted_since": "today"}', '{"surprise": 1}', "[" * 100_000])
def test_a_broken_file_is_started_over(tmp_path: Path, text: str) -> None:
    path = tmp_path / "state.json"
    path.write_text(text)
    state = StateFile(path)
    assert state.remembered.alerted_since is None
    state.note(alerted_since=AT)
    assert StateFile(path).remembered.alerted_since == AT


def test_a_folder_that_is_gone_keeps_nobody_from_alerting(tmp_path: Path) -> None:
    state = StateFile(tmp_path / "nowhere" / "state.json")
    state.note(alerted_since=AT)
    assert state.remembered.alerted_since == AT


def test_without_a_file_it_works_as_well() -> None:
    state = StateFile(None)
    state.note_undelivered([{"n": 1}])
    assert state.remembered.undelivered == [{"n": 1}]
