"""Reading intents, counting them, and what a person may decide."""

from collections.abc import Callable
from typing import Any

import pytest

from system.storage import IllegalTransition, NewSignal, Resolution, State, Storage

Make = Callable[..., NewSignal]


def _resolved(storage: Storage, signal: NewSignal, state: State) -> str:
    (accepted,) = storage.signals.accept([signal])
    claim = storage.claims.claim_received("resolver", lease_s=60)
    assert claim is not None
    missing = ["pickup_at"] if state is State.PARTIAL else None
    storage.claims.record_resolution(claim, Resolution(state=state, payload={"a": None}, missing=missing))
    return accepted.intent_id


def test_counts_name_every_state(storage: Storage, signal_of: Make) -> None:
    _resolved(storage, signal_of("S1"), State.PARTIAL)
    storage.signals.accept([signal_of("S2"), signal_of("S3")])
    counts = storage.intents.counts()
    assert set(counts) == set(State)
    assert {state: count for state, count in counts.items() if count} == {State.RECEIVED: 2, State.PARTIAL: 1}


def test_listed_by_state_and_age(storage: Storage, signal_of: Make, clock: Any) -> None:
    for number in range(3):
        storage.signals.accept([signal_of(f"S{number}")])
        clock.move(10)
    received = storage.intents.in_state(State.RECEIVED)
    assert [one.shipment_id for one in received] == ["S0", "S1", "S2"]
    assert storage.intents.in_state(State.RECEIVED, limit=1) == received[:1]
    assert storage.intents.in_state(State.RECEIVED, untouched_since=received[1].updated_at) == received[:1]
    assert storage.intents.in_state(State.FAILED, State.EXECUTED) == []


def test_binding_are_those_that_count_for_the_load(storage: Storage, signal_of: Make) -> None:
    _resolved(storage, signal_of("S1"), State.CONFIRMED)
    _resolved(storage, signal_of("S1", "change", "2"), State.NEEDS_REVIEW)
    _resolved(storage, signal_of("S2"), State.CONFIRMED)
    assert [str(one.identity) for one in storage.intents.binding("P1", "S1")] == ["P1:S1:original:1"]


@pytest.mark.parametrize("decided", [State.CONFIRMED, State.FAILED])
@pytest.mark.parametrize("before", [State.PARTIAL, State.NEEDS_REVIEW])
def test_a_person_decides_and_it_is_on_record(storage: Storage, signal_of: Make, before: State, decided: State) -> None:
    intent_id = _resolved(storage, signal_of("S1"), before)
    intent = storage.intents.review(intent_id, decided, actor="operator", reason="called the partner")
    assert intent.state is decided
    last = storage.transitions.of(intent_id)[-1]
    assert (last.from_state, last.to_state, last.actor, last.reason) == (
        before,
        decided,
        "operator",
        "called the partner",
    )


def test_a_person_cannot_decide_what_is_not_open(storage: Storage, signal_of: Make) -> None:
    intent_id = _resolved(storage, signal_of("S1"), State.FAILED)
    with pytest.raises(IllegalTransition):
        storage.intents.review(intent_id, State.CONFIRMED, actor="operator", reason="no")
    with pytest.raises(KeyError):
        storage.intents.review("no such id", State.CONFIRMED, actor="operator", reason="no")
    assert storage.intents.get("no such id") is None
