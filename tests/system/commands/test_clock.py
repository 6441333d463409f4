"""`clock`: only where a system was started for it, only forward, and never without a trace."""

from typing import Any

import pytest

from system.storage import Storage


@pytest.fixture
def steered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STEERED_CLOCK", "1")
    monkeypatch.setenv("ALLOW_STEERED_CLOCK", "1")


@pytest.mark.parametrize("words", [("show",), ("forward", "7", "--why", "to end a probation")])
def test_a_system_that_was_not_started_for_it_refuses(run: Any, storage: Storage, words: tuple[str, ...]) -> None:
    refused = run("clock", *words)
    assert refused.exit_code == 2
    assert "STEERED_CLOCK=1 and ALLOW_STEERED_CLOCK=1" in refused.output
    assert storage.clock_moves.ahead().total_seconds() == 0
    assert storage.operator_actions.newest() == []


def test_days_add_up_and_leave_their_audit_rows(steered: None, run: Any, document: Any, storage: Storage) -> None:
    assert document("clock", "show")["ahead_s"] == 0
    assert document("clock", "forward", "7", "--why", "a probation")["moved_s"] == 7 * 86_400
    moved = document("clock", "forward", "0.5", "--why", "half a day more")
    assert moved["ahead_s"] == 7.5 * 86_400
    assert moved["calendar"] > storage.operator_actions.newest()[0].at.isoformat()  # type: ignore[union-attr]
    assert [action.why for action in storage.operator_actions.newest()] == ["half a day more", "a probation"]
    assert {action.who for action in storage.operator_actions.newest()} == {"ada"}
    assert "7 days, 12:00:00 ahead" in run("clock", "show").output


@pytest.mark.parametrize("days", ["0", "-1", "nan", "inf", "4000", "soon"])
def test_nonsense_moves_nothing(steered: None, run: Any, storage: Storage, days: str) -> None:
    assert run("clock", "forward", "--why", "nonsense", "--", days).exit_code == 2
    assert storage.clock_moves.ahead().total_seconds() == 0


def test_not_past_all_reason(steered: None, run: Any) -> None:
    assert run("clock", "forward", "3000", "--why", "far").exit_code == 0
    refused = run("clock", "forward", "3000", "--why", "further")
    assert refused.exit_code == 1
    assert "3660 days ahead at most" in refused.output


def test_a_reason_is_asked_for(steered: None, run: Any) -> None:
    assert run("clock", "forward", "1").exit_code == 2
