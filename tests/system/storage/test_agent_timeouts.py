"""Cases of executions that hang: opening one fences its worker off, in the same transaction."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from system.storage import Claim, FencedOff, NewSignal, Resolution, State, Storage


def _executing(storage: Storage, signal: NewSignal) -> Claim:
    storage.signals.accept([signal])
    received = storage.claims.claim_received("resolver", lease_s=60)
    assert received is not None
    storage.claims.record_resolution(received, Resolution(state=State.CONFIRMED, payload={}))
    claim = storage.claims.claim_confirmed("agents-1", lease_s=60)
    assert claim is not None
    return claim


def test_its_course(storage: Storage, signal_of: Callable[..., NewSignal], clock: Any) -> None:
    claim = _executing(storage, signal_of("S1"))
    clock.move(400)
    case = storage.agent_timeouts.notice(claim.intent, by="supervisor", lease_s=300)
    assert (case.worker, case.executing_since) == ("agents-1", claim.intent.updated_at)
    assert case.attempt == claim.intent.attempt + 1
    assert storage.agent_timeouts.open() == [case]

    taken = storage.claims.standing(claim.intent.id)
    assert taken is not None
    assert (taken.intent.state, taken.intent.worker, taken.intent.attempt) == ("EXECUTING", "supervisor", case.attempt)
    assert taken.intent.updated_at == claim.intent.updated_at
    with pytest.raises(FencedOff):
        storage.claims.finish_execution(claim, "L1")

    noted = storage.agent_timeouts.note_dead(case, stack="x" * 100_000)
    (dead,) = storage.agent_timeouts.open()
    assert dead == noted
    assert dead.dead_at == clock.now()
    assert dead.stack is not None
    assert len(dead.stack) < 65_536
    clock.move(299)
    storage.agent_timeouts.renew(dead, lease_s=300)
    clock.move(200)
    assert storage.claims.expire_leases(State.EXECUTING, actor="leases") == []
    storage.claims.fail_execution(taken, "Agent timeout after 300s")
    storage.agent_timeouts.close(dead, "FAILED")
    storage.agent_timeouts.close(dead, "EXECUTED")  # too late
    assert storage.agent_timeouts.open() == []
    (closed,) = storage.agent_timeouts.since(clock.now() - timedelta(seconds=1))
    assert (closed.outcome, closed.closed_at) == ("FAILED", clock.now())
    assert storage.agent_timeouts.since(clock.now() + timedelta(seconds=1)) == []
    steps = [(one.from_state, one.to_state, one.actor) for one in storage.transitions.of(claim.intent.id)]
    assert steps[-2:] == [("CONFIRMED", "EXECUTING", "agents-1"), ("EXECUTING", "FAILED", "supervisor")]


def test_one_that_is_known_to_be_dead_is_so_from_its_first_moment(
    storage: Storage, signal_of: Callable[..., NewSignal], clock: Any
) -> None:
    claim, since = _executing(storage, signal_of("S1")), clock.now() - timedelta(hours=1)
    case = storage.agent_timeouts.notice(claim.intent, by="operator", lease_s=300, since=since, dead=True)
    assert (case.executing_since, case.dead_at) == (since, clock.now())
    assert storage.agent_timeouts.open() == [case]


def test_only_one_of_two_notices_it(storage: Storage, signal_of: Callable[..., NewSignal]) -> None:
    claim = _executing(storage, signal_of("S1"))
    storage.agent_timeouts.notice(claim.intent, by="one", lease_s=300)
    with pytest.raises(FencedOff):
        storage.agent_timeouts.notice(claim.intent, by="two", lease_s=300)
    assert len(storage.agent_timeouts.open()) == 1


def test_what_has_ended_is_no_case(storage: Storage, signal_of: Callable[..., NewSignal]) -> None:
    claim = _executing(storage, signal_of("S1"))
    storage.claims.finish_execution(claim, "L1")
    with pytest.raises(FencedOff):
        storage.agent_timeouts.notice(claim.intent, by="supervisor", lease_s=300)
    assert storage.claims.standing(claim.intent.id) is None
    assert storage.agent_timeouts.open() == []
