"""What in Motion shows that an intent was carried out; the whole runbook is tested with the supervisor."""

from datetime import UTC, datetime

import pytest

from system.agents.motion import Load
from system.recovery.agent_timeout import ERROR_REASON, Done, done_by
from system.storage import Identity, Intent, State

AT = datetime(2027, 3, 1, tzinfo=UTC)


def _intent(purpose: str, version: str = "1") -> Intent:
    return Intent(
        id="00000000-0000-4000-8000-000000000789",
        signal_id="s",
        identity=Identity("P1", "S1", purpose, version),
        state=State.EXECUTING,
        payload={},
        confidence=0.97,
        missing=None,
        error_reason=None,
        attempt=1,
        epoch=1,
        worker="w",
        lease_until=AT,
        load_id=None,
        retry_at=None,
        retries=0,
        changes=4,
        created_at=AT,
        updated_at=AT,
    )


def _load(load_id: str, status: str = "BOOKED", rank: tuple[int, ...] | None = (0,)) -> Load:
    return Load(load_id=load_id, reference="P1:S1", status=status, content={"weight_lb": 1}, rank=rank)


@pytest.mark.parametrize(
    ("purpose", "version", "loads", "done"),
    [
        ("original", "1", [], None),
        ("original", "1", [_load("L1")], "L1"),
        ("original", "1", [_load("L1", "CANCELLED")], "L1"),
        ("original", "1", [_load("L1", "CANCELLED"), _load("L2")], "L2"),
        ("change", "3", [], None),
        ("change", "3", [_load("L1", rank=(0,))], None),
        ("change", "3", [_load("L1", rank=(1, 1, 2))], None),
        ("change", "3", [_load("L1", rank=(1, 1, 3))], "L1"),
        ("change", "3", [_load("L1", rank=(1, 1, 4))], "L1"),
        ("change", "3", [_load("L1", rank=None)], None),
        ("change", "3", [_load("L1", "CANCELLED", rank=(1, 1, 3))], None),
        ("cancel", "1", [_load("L1")], None),
        ("cancel", "1", [_load("L1", "CANCELLED")], "L1"),
        ("cancel", "1", [_load("L1", "CANCELLED"), _load("L2")], None),
    ],
)
def test_done_by(purpose: str, version: str, loads: list[Load], done: str | None) -> None:
    assert done_by(_intent(purpose, version), loads) == (None if done is None else Done(load_id=done))


def test_a_cancel_that_finds_nothing_is_done() -> None:
    assert done_by(_intent("cancel"), []) == Done(load_id=None)


def test_the_reason_says_the_playbooks_value() -> None:
    assert ERROR_REASON == "Agent timeout after 300s"
