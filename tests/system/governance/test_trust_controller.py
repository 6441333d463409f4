"""The controller evaluates everybody by itself, leaves out whose moments are made up, and waits for the database.

What it does to whom is the runbook's, and shown there.
"""

import asyncio
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import pytest

from system.clock import RandomIds
from system.governance.trust_controller import NAME, TrustController
from system.settings import Settings
from system.storage import DatabaseUnavailable, NewSignal, Partner, Storage, create_schema
from tests.system.incoming import incoming

SETTINGS = Settings(database_url="sqlite://", trust_window=12, trust_signals_min=6)


@dataclass(slots=True)
class StandingClock:
    slept: list[float] = field(default_factory=list)

    def now(self) -> datetime:
        return datetime(2027, 3, 1, 8, 0, tzinfo=UTC)

    def monotonic_s(self) -> float:
        return 0.0

    async def sleep_s(self, seconds: float) -> None:
        self.slept.append(seconds)
        await asyncio.sleep(0)


@pytest.fixture
def clock() -> StandingClock:
    return StandingClock()


@pytest.fixture
def storage(clock: StandingClock) -> Iterator[Storage]:
    """P1 and T1 have sent six signals each, all of them without a pickup time."""
    storage = Storage.connect(SETTINGS, clock=clock, ids=RandomIds())
    create_schema(storage.engine)
    for partner_id in ("P1", "T1"):
        steered = partner_id == "T1"
        storage.partners.upsert(Partner(id=partner_id, name="", api_key_sha256="0" * 64, steered_clock=steered))
        storage.signals.accept([_late(partner_id, number, clock) for number in range(6)])
    yield storage
    storage.close()


def _late(partner_id: str, number: int, clock: StandingClock) -> NewSignal:
    return incoming(f"S{number}", partner_id=partner_id, at=clock.now(), missing=("pickup_at",))


def test_whose_moments_are_made_up_is_not_judged(storage: Storage, clock: StandingClock) -> None:
    TrustController(storage, SETTINGS, clock).evaluate()
    assert [incident.partner_id for incident in storage.trust_incidents.unclosed()] == ["P1"]
    assert storage.operator_actions.newest()[0].who == NAME


def test_it_goes_on_by_itself(storage: Storage, clock: StandingClock) -> None:
    async def inline(work: Callable[[], Any]) -> Any:
        return work()

    async def go() -> None:
        running = asyncio.create_task(TrustController(storage, SETTINGS, clock, run_blocking=inline).run())
        async with asyncio.timeout(10):
            while not storage.trust_incidents.unclosed() or len(clock.slept) < 3:
                await asyncio.sleep(0)
        running.cancel()

    asyncio.run(go())
    assert {*clock.slept} == {60.0}, "a minute between two evaluations"


def test_it_waits_for_a_database_that_is_away(
    storage: Storage, clock: StandingClock, caplog: pytest.LogCaptureFixture
) -> None:
    async def away(_: Any) -> Any:
        raise DatabaseUnavailable("away")

    controller = TrustController(storage, SETTINGS, clock, run_blocking=away)
    for _ in range(3):
        asyncio.run(controller.step())
    assert [record.message for record in caplog.records] == ["cannot evaluate trust: away"], "once, not each time"


def test_whatever_goes_wrong_it_does_not_take_the_monitor_with_it(
    storage: Storage, clock: StandingClock, caplog: pytest.LogCaptureFixture
) -> None:
    async def broken(_: Any) -> Any:
        raise RuntimeError("a mistake of ours")

    asyncio.run(TrustController(storage, SETTINGS, clock, run_blocking=broken).step())
    (record,) = caplog.records
    assert record.exc_info, "with where it went wrong"
