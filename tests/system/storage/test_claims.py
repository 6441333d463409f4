"""Claims: one worker to an intent, one agent to a shipment, and a fence behind each (H6, H17)."""

import threading
import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import event, select, text

from system.storage import (
    Claim,
    DatabaseUnavailable,
    FencedOff,
    IllegalTransition,
    NewSignal,
    Partner,
    Resolution,
    State,
    Storage,
    schema,
)

Make = Callable[..., NewSignal]
CONFIRMED = Resolution(state=State.CONFIRMED, payload={"kind": "tender", "weight_lb": 4200.0}, confidence=0.97)


def _confirm(storage: Storage, *signals: NewSignal) -> list[str]:
    ids = [one.intent_id for one in storage.signals.accept(signals)]
    for _ in ids:
        claim = storage.claims.claim_received("resolver", lease_s=60)
        assert claim is not None
        storage.claims.record_resolution(claim, CONFIRMED)
    return ids


def _claimed(storage: Storage, worker: str = "agent") -> Claim:
    claim = storage.claims.claim_confirmed(worker, lease_s=60)
    assert claim is not None
    return claim


def _state(storage: Storage, intent_id: str) -> State:
    intent = storage.intents.get(intent_id)
    assert intent is not None
    return intent.state


def test_an_intent_goes_its_whole_way_and_each_step_is_on_record(storage: Storage, signal_of: Make, clock: Any) -> None:
    (intent_id,) = _confirm(storage, signal_of("S1"))
    claim = _claimed(storage)
    assert (claim.signal.raw, claim.partner and claim.partner.autonomy_tier) == ("B2**SCAC**S1~", 3)
    assert claim.intent.payload == CONFIRMED.payload
    storage.claims.finish_execution(claim, "L1")

    intent = storage.intents.get(intent_id)
    assert intent is not None
    assert (intent.state, intent.load_id, intent.attempt, intent.worker) == (State.EXECUTED, "L1", 2, None)
    history = storage.transitions.of(intent_id)
    assert [one.to_state for one in history] == ["RECEIVED", "RESOLVING", "CONFIRMED", "EXECUTING", "EXECUTED"]
    assert [one.number for one in history] == [1, 2, 3, 4, 5]
    assert [one.from_state for one in history[1:]] == [one.to_state for one in history[:-1]]
    assert [one.actor for one in history] == ["ingest", "resolver", "resolver", "agent", "agent"]
    assert [one.attempt for one in history] == [0, 1, 1, 2, 2]


def test_nothing_waits_nothing_is_claimed(storage: Storage) -> None:
    assert storage.claims.claim_received("resolver", lease_s=60) is None
    assert storage.claims.claim_confirmed("agent", lease_s=60) is None


def test_the_longest_waiting_comes_first(storage: Storage, signal_of: Make, clock: Any) -> None:
    for number in (3, 1, 2):
        storage.signals.accept([signal_of(f"S{number}")])
        clock.move(1)
    order = []
    while claim := storage.claims.claim_received("resolver", lease_s=60):
        order.append(claim.intent.shipment_id)
    assert order == ["S3", "S1", "S2"]


def test_eight_threads_never_get_one_intent_twice(storage: Storage, signal_of: Make) -> None:
    ids = [one.intent_id for one in storage.signals.accept([signal_of(f"S{number}") for number in range(120)])]

    def take(worker: str) -> list[str]:
        mine: list[str] = []
        while True:
            try:
                claim = storage.claims.claim_received(worker, lease_s=60)
            except DatabaseUnavailable:  # SQLite's one lock, under eight threads
                continue
            if claim is None:
                return mine
            mine.append(claim.intent.id)

    with ThreadPoolExecutor(8) as pool:
        taken = Counter(one for mine in pool.map(take, [f"w{n}" for n in range(8)]) for one in mine)

    # A thread may leave early while others hold the last locks, but nothing is given twice and nothing stays behind.
    taken.update(take("last"))
    assert taken == Counter(ids)


def test_one_agent_to_a_shipment_at_a_time(storage: Storage, signal_of: Make) -> None:
    _confirm(storage, signal_of("S1"), signal_of("S1", "change", "2"), signal_of("S2"))
    first, second = _claimed(storage, "one"), _claimed(storage, "two")

    assert {first.intent.shipment_id, second.intent.shipment_id} == {"S1", "S2"}
    assert storage.claims.claim_confirmed("three", lease_s=60) is None
    storage.claims.finish_execution(first if first.intent.shipment_id == "S1" else second, "L1")
    assert _claimed(storage, "three").intent.shipment_id == "S1"


def test_one_intent_is_claimed_by_its_id_due_or_not(storage: Storage, signal_of: Make, clock: Any) -> None:
    _confirm(storage, signal_of("S1"), signal_of("S1", "change", "2"))
    first = _claimed(storage, "agents")
    (other,) = storage.intents.in_state(State.CONFIRMED)
    assert storage.claims.claim_this(first.intent.id, "operator", lease_s=60) is None, "somebody is at it"
    assert storage.claims.claim_this(other.id, "operator", lease_s=60) is None, "somebody is at its shipment"
    assert storage.claims.claim_this("789", "operator", lease_s=60) is None
    storage.claims.give_back(first, "Timeout", retry_at=clock.now() + timedelta(hours=1))

    claim = storage.claims.claim_this(first.intent.id, "operator", lease_s=60)
    assert claim is not None
    assert (claim.intent.state, claim.intent.worker) == (State.EXECUTING, "operator")
    assert claim.intent.attempt == first.intent.attempt + 1
    with pytest.raises(FencedOff):
        storage.claims.finish_execution(first, "L1")
    storage.claims.fail_execution(claim, "given up")
    assert storage.claims.claim_this(other.id, "operator", lease_s=60) is not None


@pytest.mark.parametrize("end", ["finish", "fail", "give_back"])
def test_every_end_frees_the_shipment(storage: Storage, signal_of: Make, clock: Any, end: str) -> None:
    _confirm(storage, signal_of("S1"))
    claim = _claimed(storage)
    if end == "finish":
        storage.claims.finish_execution(claim, "L1")
    elif end == "fail":
        storage.claims.fail_execution(claim, "refused")
    else:
        storage.claims.give_back(claim, "away", retry_at=clock.now())
    with storage.engine.connect() as connection:
        assert connection.execute(select(schema.shipments.c.executing_intent)).scalars().all() == [None]


def _ends(storage: Storage, claim: Claim, clock: Any) -> list[Callable[[], None]]:
    return [
        lambda: storage.claims.finish_execution(claim, "L-stale"),
        lambda: storage.claims.fail_execution(claim, "stale"),
        lambda: storage.claims.give_back(claim, "stale", retry_at=clock.now()),
    ]


def _assert_all_refused(storage: Storage, claim: Claim, clock: Any) -> None:
    before = (storage.intents.get(claim.intent.id), storage.transitions.of(claim.intent.id))
    for end in _ends(storage, claim, clock):
        with pytest.raises(FencedOff, match=claim.intent.id):
            end()
    assert (storage.intents.get(claim.intent.id), storage.transitions.of(claim.intent.id)) == before


def test_a_worker_that_wakes_up_late_writes_nothing(storage: Storage, signal_of: Make, clock: Any) -> None:
    """H6: its lease ran out and somebody else has the intent; neither while they work nor after may it write."""
    _confirm(storage, signal_of("S1"))
    old = _claimed(storage, "old")
    clock.move(61)
    assert storage.claims.expire_leases(State.EXECUTING, actor="leases") == [old.intent.id]
    _assert_all_refused(storage, old, clock)
    new = _claimed(storage, "new")
    _assert_all_refused(storage, old, clock)
    storage.claims.finish_execution(new, "L1")
    _assert_all_refused(storage, old, clock)


def test_a_rewound_attempt_number_does_not_let_the_old_worker_in(storage: Storage, signal_of: Make, clock: Any) -> None:
    """H17: the promoted replica never saw the first claim, so the second has the same attempt, in another epoch."""
    _confirm(storage, signal_of("S1"))
    new = _claimed(storage)
    old = replace(new, intent=replace(new.intent, epoch=new.intent.epoch - 1))
    _assert_all_refused(storage, old, clock)
    storage.claims.finish_execution(new, "L1")


def test_a_lost_row_is_fenced_off_too(storage: Storage, signal_of: Make, clock: Any) -> None:
    _confirm(storage, signal_of("S1"))
    claim = _claimed(storage)
    with storage.engine.begin() as connection:
        connection.execute(text("DELETE FROM intents"))
    for end in _ends(storage, claim, clock):
        with pytest.raises(FencedOff):
            end()


def test_a_resolver_is_fenced_as_well(storage: Storage, signal_of: Make, clock: Any) -> None:
    (accepted,) = storage.signals.accept([signal_of("S1")])
    old = storage.claims.claim_received("old", lease_s=60)
    assert old is not None
    clock.move(61)
    storage.claims.expire_leases(State.RESOLVING, actor="leases")
    new = storage.claims.claim_received("new", lease_s=60)
    assert new is not None
    with pytest.raises(FencedOff):
        storage.claims.record_resolution(old, CONFIRMED)
    storage.claims.record_resolution(new, CONFIRMED)
    assert _state(storage, accepted.intent_id) is State.CONFIRMED


def test_leases_that_stand_are_left_alone(storage: Storage, signal_of: Make, clock: Any) -> None:
    _confirm(storage, signal_of("S1"))
    claim = _claimed(storage)
    clock.move(60)
    assert storage.claims.expire_leases(State.EXECUTING, actor="leases") == []
    storage.claims.finish_execution(claim, "L1")


def test_what_is_given_back_waits_for_its_time(storage: Storage, signal_of: Make, clock: Any) -> None:
    _confirm(storage, signal_of("S1"))
    claim = _claimed(storage)
    storage.claims.give_back(claim, "Motion away", retry_at=clock.now() + timedelta(seconds=5))

    assert storage.claims.claim_confirmed("agent", lease_s=60) is None
    clock.move(5)
    again = _claimed(storage)
    assert (again.intent.retries, again.intent.attempt) == (1, claim.intent.attempt + 1)
    assert [one.reason for one in storage.transitions.of(claim.intent.id)][-2:] == ["Motion away", None]


def test_a_claim_is_found_again_by_its_worker(storage: Storage, signal_of: Make) -> None:
    _confirm(storage, signal_of("S1"))
    claim = _claimed(storage, "agent-1")
    assert storage.claims.held_by("agent-1") == [claim]
    assert storage.claims.held_by("agent-2") == []
    storage.claims.finish_execution(claim, None)
    assert storage.claims.held_by("agent-1") == []


def test_a_state_outside_the_table_is_not_written(storage: Storage, signal_of: Make) -> None:
    (accepted,) = storage.signals.accept([signal_of("S1")])
    claim = storage.claims.claim_received("resolver", lease_s=60)
    assert claim is not None
    with pytest.raises(IllegalTransition):
        storage.claims.record_resolution(claim, Resolution(state=State.EXECUTED))
    assert _state(storage, accepted.intent_id) is State.RESOLVING


def test_a_long_reason_is_cut_to_its_column(storage: Storage, signal_of: Make) -> None:
    (intent_id,) = _confirm(storage, signal_of("S1"))
    storage.claims.fail_execution(_claimed(storage), "x" * 5000)
    intent = storage.intents.get(intent_id)
    assert intent is not None
    assert intent.error_reason == "x" * 197 + "..."


def test_a_decision_is_about_the_partner_as_it_stands_when_it_is_written(storage: Storage, signal_of: Make) -> None:
    """3.4: the claim may be as old as a model is slow, and its partner may have lost its autonomy meanwhile."""
    (accepted,) = storage.signals.accept([signal_of("S1")])
    claim = storage.claims.claim_received("resolver", lease_s=60)
    assert claim is not None
    assert claim.partner is not None
    fallen = replace(claim.partner, autonomy_tier=2, require_review=True)
    storage.partners.upsert(fallen)

    def decide(partner: Partner | None) -> Resolution:
        assert partner == fallen
        return replace(CONFIRMED, state=State.NEEDS_REVIEW)

    assert storage.claims.record_decision(claim, decide).state is State.NEEDS_REVIEW
    assert _state(storage, accepted.intent_id) is State.NEEDS_REVIEW


def test_a_decision_about_a_partner_that_is_gone_is_told_so(storage: Storage, signal_of: Make) -> None:
    storage.signals.accept([signal_of("S1", partner_id="P9")])
    claim = storage.claims.claim_received("resolver", lease_s=60)
    assert claim is not None
    seen: list[Partner | None] = []
    storage.claims.record_decision(claim, lambda partner: seen.append(partner) or CONFIRMED)  # type: ignore[func-returns-value]
    assert seen == [None]


@pytest.mark.slow
def test_autonomy_is_not_taken_away_between_a_decision_and_its_end(
    server_storage: Storage, server: Any, signal_of: Make
) -> None:
    """Whoever takes it away waits for the end that was decided before, and comes after it."""
    server_storage.signals.accept([signal_of("S1")])
    claim = server_storage.claims.claim_received("resolver", lease_s=60)
    assert claim is not None
    with ThreadPoolExecutor(1) as pool:

        def decide(partner: Partner | None) -> Resolution:
            # By somebody who waits for a lock for as long as it takes.
            taking = pool.submit(server.admin, "UPDATE freight.partners SET require_review = 1 WHERE id = 'P1'")
            while not server.admin("SELECT 1 FROM information_schema.innodb_trx WHERE trx_state = 'LOCK WAIT'"):
                assert not taking.done(), "it did not wait"
                time.sleep(0.15)  # the server looks anew only when nobody asked it for 0.1 s
            return CONFIRMED

        server_storage.claims.record_decision(claim, decide)
    partner = server_storage.partners.get("P1")
    assert partner is not None
    assert partner.require_review


@pytest.mark.slow
def test_looking_for_expired_leases_locks_what_has_expired_and_nothing_else(
    server_storage: Storage, signal_of: Make, clock: Any
) -> None:
    """A worker that is stopped in the middle of it must not keep the others from ending what they have."""
    server_storage.signals.accept([signal_of(f"S{number}") for number in range(3)])
    while claim := server_storage.claims.claim_received("resolver", lease_s=60):
        server_storage.claims.record_resolution(claim, Resolution(state=State.CONFIRMED, payload={}))
    claims = [server_storage.claims.claim_confirmed(f"agent-{number}", lease_s=60) for number in range(2)]
    expiring = server_storage.claims.claim_confirmed("agent-2", lease_s=1)
    assert expiring is not None
    clock.move(2)
    stopped, goes_on = threading.Event(), threading.Event()

    @event.listens_for(server_storage.engine, "after_cursor_execute")
    def stop(_: Any, __: Any, statement: str, *___: Any) -> None:
        if "lease_until <" in statement and "FOR UPDATE" in statement:
            stopped.set()
            goes_on.wait(30)

    with ThreadPoolExecutor(1) as pool:
        looking = pool.submit(server_storage.claims.expire_leases, State.EXECUTING, actor="leases")
        try:
            assert stopped.wait(30)
            for held in claims:
                assert held is not None
                server_storage.claims.finish_execution(held, "L1")
            with pytest.raises(DatabaseUnavailable):
                server_storage.claims.finish_execution(expiring, "L1")
        finally:
            goes_on.set()
        assert looking.result() == [expiring.intent.id]
