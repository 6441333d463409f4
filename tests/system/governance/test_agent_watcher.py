"""Executions that do not end, as findings: hung, settled in a moment, tried in vain; for the Backend Lead (5.1)."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import pytest

from system.clock import RandomIds
from system.governance.agent_watcher import TOLD_AT_ONCE_MAX, AgentWatcher
from system.settings import Settings
from system.storage import Claim, NewSignal, Partner, Resolution, State, Storage, create_schema


@dataclass(slots=True)
class SteeredClock:
    at: datetime = field(default_factory=lambda: datetime(2027, 3, 1, 8, 0, tzinfo=UTC))

    def now(self) -> datetime:
        return self.at

    def monotonic_s(self) -> float:
        return self.at.timestamp()

    async def sleep_s(self, seconds: float) -> None:
        self.move(seconds)

    def move(self, seconds: float) -> None:
        self.at += timedelta(seconds=seconds)


SETTINGS = Settings(database_url="sqlite://")


@pytest.fixture
def clock() -> SteeredClock:
    return SteeredClock()


@pytest.fixture
def storage(clock: SteeredClock) -> Iterator[Storage]:
    storage = Storage.connect(SETTINGS, clock=clock, ids=RandomIds())
    create_schema(storage.engine)
    storage.partners.upsert(Partner(id="P1", name="One", api_key_sha256="0" * 64))
    yield storage
    storage.close()


def _executing(storage: Storage, clock: SteeredClock, count: int = 1) -> list[Claim]:
    signals = [
        NewSignal(
            partner_id="P1",
            shipment_id=f"S{number}",
            purpose="original",
            version="1",
            control_number="",
            content_type="application/json",
            raw="{}",
            tender={},
            received_at=clock.now(),
        )
        for number in range(count)
    ]
    storage.signals.accept(signals)
    while received := storage.claims.claim_received("resolver", lease_s=60):
        storage.claims.record_resolution(received, Resolution(state=State.CONFIRMED, payload={}))
    claims = [storage.claims.claim_confirmed(f"worker-{number}", lease_s=600) for number in range(count)]
    assert all(claims)
    return [claim for claim in claims if claim]


def test_what_hangs_is_found_although_no_supervisor_has_seen_to_it(storage: Storage, clock: SteeredClock) -> None:
    watcher = AgentWatcher(storage, SETTINGS, clock)
    (claim,) = _executing(storage, clock)
    clock.move(299)
    assert watcher.look() == []
    clock.move(2)
    (found,) = watcher.look()
    assert found.rule.summary.format(**found.labels) == f"AgentContract timeout for Intent #{claim.intent.id}"
    assert found.rule.contact.role == "Backend Lead"
    assert found.since == claim.intent.updated_at
    storage.claims.finish_execution(claim, "L1")
    assert watcher.look() == []


def test_a_case_that_was_settled_between_two_looks_is_told_all_the_same(storage: Storage, clock: SteeredClock) -> None:
    watcher = AgentWatcher(storage, SETTINGS, clock)
    (claim,) = _executing(storage, clock)
    clock.move(301)
    case = storage.agent_timeouts.notice(claim.intent, by="supervisor", lease_s=300)
    taken = storage.claims.standing(claim.intent.id)
    assert taken is not None
    storage.claims.fail_execution(taken, "Agent timeout after 300s")
    storage.agent_timeouts.close(case, "FAILED")
    clock.move(1)
    (found,) = watcher.look()
    assert found.labels == {"intent": claim.intent.id}
    assert "worker-0" in found.reason
    clock.move(60)
    assert watcher.look() == []


def test_what_is_tried_in_vain_is_found_however_short_each_try(storage: Storage, clock: SteeredClock) -> None:
    watcher = AgentWatcher(storage, SETTINGS, clock)
    (claim,) = _executing(storage, clock)
    began = clock.now()
    for _ in range(5):
        clock.move(60)
        storage.claims.give_back(claim, "Timeout", retry_at=clock.now())
        again = storage.claims.claim_confirmed("worker-1", lease_s=600)
        assert again is not None
        claim = again
    assert watcher.look() == []
    clock.move(1)
    (found,) = watcher.look()
    assert (found.labels, found.since) == ({"intent": claim.intent.id}, began)
    storage.claims.finish_execution(claim, "L1")
    assert watcher.look() == []


def test_an_outage_of_everything_makes_a_bounded_number_of_alerts(storage: Storage, clock: SteeredClock) -> None:
    watcher = AgentWatcher(storage, SETTINGS, clock)
    _executing(storage, clock, TOLD_AT_ONCE_MAX + 5)
    clock.move(301)
    first = watcher.look()
    assert len(first) == TOLD_AT_ONCE_MAX
    assert [one.labels for one in watcher.look()] == [one.labels for one in first]
