"""The calendar is the machine's clock unless it is steered; it goes forward alone, also while the database is away."""

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from system.calendar import Calendar
from system.clock import Clock, RandomIds
from system.settings import Settings
from system.storage import DatabaseUnavailable, Storage, create_schema


@dataclass(slots=True)
class StandingClock:
    at: datetime = field(default_factory=lambda: datetime(2027, 3, 1, 8, 0, tzinfo=UTC))
    slept_s: float = 0.0

    def now(self) -> datetime:
        return self.at

    def monotonic_s(self) -> float:
        return 42.0 + self.slept_s

    async def sleep_s(self, seconds: float) -> None:
        self.slept_s += seconds
        await asyncio.sleep(0)


CLOCK = StandingClock()
WEEK = timedelta(days=7)
STEERED = Settings(database_url="sqlite://", steered_clock=True, allow_steered_clock=True)


@pytest.fixture
def storage(tmp_path: Path) -> Iterator[Storage]:
    settings = Settings(database_url=f"sqlite:///{tmp_path / 'freight.db'}")
    storage = Storage.connect(settings, clock=CLOCK, ids=RandomIds())
    create_schema(storage.engine)
    yield storage
    storage.close()


def test_it_is_a_clock(storage: Storage) -> None:
    calendar: Clock = Calendar(storage, STEERED, CLOCK)
    assert (calendar.now(), calendar.monotonic_s()) == (CLOCK.at, 42.0)


def test_steered_it_is_ahead_by_what_was_moved_and_machines_are_not(storage: Storage) -> None:
    calendar = Calendar(storage, STEERED, CLOCK)
    assert storage.clock_moves.move(WEEK, who="ada", why="a probation") == WEEK
    storage.clock_moves.move(WEEK / 7, who="ada", why="one more day")
    assert calendar.now() == CLOCK.at, "nobody has looked yet"
    calendar.look()
    assert calendar.now() == CLOCK.at + timedelta(days=8)
    assert calendar.monotonic_s() == 42.0


def test_not_steered_it_is_the_machines_clock_whatever_was_moved(storage: Storage) -> None:
    storage.clock_moves.move(WEEK, who="ada", why="a drill that was here before")
    calendar = Calendar(storage, Settings(database_url="sqlite://"), CLOCK)
    calendar.look()
    assert calendar.now() == CLOCK.at


def test_it_never_goes_back_although_a_failover_lost_a_move(storage: Storage) -> None:
    calendar = Calendar(storage, STEERED, CLOCK)
    storage.clock_moves.move(WEEK, who="ada", why="a probation")
    calendar.look()
    with storage.engine.begin() as connection:
        connection.exec_driver_sql("DELETE FROM clock_moves")
    calendar.look()
    assert calendar.now() == CLOCK.at + WEEK


@pytest.mark.parametrize("by", [timedelta(), -WEEK, timedelta(days=3661)])
def test_only_forward_and_within_reason(storage: Storage, by: timedelta) -> None:
    with pytest.raises(ValueError, match="forward"):
        storage.clock_moves.move(by, who="ada", why="nonsense")
    assert storage.clock_moves.ahead() == timedelta()


def test_running_it_follows_and_waits_out_a_database_that_is_away(storage: Storage) -> None:
    away = [False]

    async def run_blocking(work):  # type: ignore[no-untyped-def]
        if away[0]:
            raise DatabaseUnavailable("away")
        return work()

    async def until(calendar: Calendar, at: datetime) -> None:
        async with asyncio.timeout(10):
            while calendar.now() != at:
                await asyncio.sleep(0)

    async def go() -> None:
        calendar = Calendar(storage, STEERED, CLOCK, run_blocking=run_blocking)
        running = asyncio.create_task(calendar.run())
        storage.clock_moves.move(WEEK, who="ada", why="a probation")
        await until(calendar, CLOCK.at + WEEK)
        away[0] = True
        for _ in range(5):
            await asyncio.sleep(0)
        assert calendar.now() == CLOCK.at + WEEK
        storage.clock_moves.move(WEEK, who="ada", why="another")
        away[0] = False
        await until(calendar, CLOCK.at + 2 * WEEK)
        running.cancel()

    asyncio.run(go())


def test_running_where_nothing_is_steered_it_asks_nobody(storage: Storage) -> None:
    async def go() -> None:
        storage.close()
        calendar = Calendar(storage, Settings(database_url="sqlite://"), CLOCK)
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.01):
                await calendar.run()

    asyncio.run(go())
