"""At 80 % the limit is raised by itself: within its bound, written down, and also while the database is down (7.5)."""

import asyncio
from dataclasses import dataclass, field
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from system.monitor.autoscaler import MemoryAutoscaler, wanted_limit
from system.recovery.redis_memory import NotAllowed, RedisFailed, describe
from system.redis_server import Memory
from system.settings import Settings
from system.storage import DatabaseUnavailable
from system.storage.blocking import in_place

MB = 1024**2
SETTINGS = Settings(redis_autoscale_up_to=10 * MB, redis_maxmemory_ceiling=16 * MB)


def memory(used_mb: float, limit_mb: float) -> Memory:
    return Memory(
        used_bytes=int(used_mb * MB),
        limit_bytes=int(limit_mb * MB),
        policy="allkeys-lru",
        evicted_keys=0,
        refused_commands=0,
    )


@pytest.mark.parametrize(
    ("used_mb", "limit_mb", "wanted_mb"),
    [(3.1, 4, None), (4, 5, 7.5), (5, 4, 6), (6, 6.8, 10), (8, 10, None), (20, 12, None), (5, 0, None)],
    ids=["room", "at 80 %", "full", "to the bound", "at the bound", "past the bound", "no limit"],
)
def test_the_limit_that_redis_should_have(used_mb: float, limit_mb: float, wanted_mb: float | None) -> None:
    wanted = wanted_limit(memory(used_mb, limit_mb), SETTINGS)
    assert wanted == (None if wanted_mb is None else wanted_mb * MB)


def test_the_ceiling_is_above_its_own_bound() -> None:
    assert wanted_limit(memory(3.9, 4), Settings(redis_maxmemory_ceiling=5 * MB)) == 5 * MB


@given(st.floats(0, 40), st.floats(0, 20))
def test_it_never_lowers_and_never_passes_its_bound(used_mb: float, limit_mb: float) -> None:
    wanted = wanted_limit(memory(used_mb, limit_mb), SETTINGS)
    assert wanted is None or limit_mb * MB < wanted <= 10 * MB


@dataclass
class Runbook:
    """Redis as the runbook sees it; what fails is in `failing`, by the name of the method."""

    now: Memory
    failing: dict[str, Exception] = field(default_factory=dict)
    recorded: list[tuple[int, str]] = field(default_factory=list)

    def memory(self) -> Memory:
        self._fail("memory")
        return self.now

    def set_limit(self, to: int) -> dict[str, Any]:
        self._fail("set_limit")
        before, self.now = self.now, memory(self.now.used_bytes / MB, to / MB)
        return {"limit_bytes": to, "before": describe(before)}

    def record_limit(self, done: dict[str, Any], why: str) -> None:
        self._fail("record_limit")
        self.recorded.append((done["limit_bytes"], why))

    def _fail(self, name: str) -> None:
        if name in self.failing:
            raise self.failing[name]


def stepped(runbook: Runbook, clock: Any, scaler: MemoryAutoscaler | None = None, times: int = 1) -> MemoryAutoscaler:
    scaler = scaler or MemoryAutoscaler(runbook, SETTINGS, clock, run_blocking=in_place)  # type: ignore[arg-type]
    for _ in range(times):
        asyncio.run(scaler.step())
    return scaler


def test_it_is_raised_once_and_written_down(clock: Any) -> None:
    runbook = Runbook(memory(3.4, 4))
    stepped(runbook, clock, times=3)
    assert runbook.now.limit_bytes == 6 * MB
    assert runbook.recorded == [(6 * MB, "over 80% of its memory was used")]


def test_it_goes_on_as_far_as_it_may(clock: Any) -> None:
    runbook = Runbook(memory(9.5, 4))
    stepped(runbook, clock, times=9)
    assert [limit for limit, _ in runbook.recorded] == [6 * MB, 9 * MB, 10 * MB]


def test_without_the_database_it_is_raised_and_written_down_later(clock: Any) -> None:
    runbook = Runbook(memory(5, 4), {"record_limit": DatabaseUnavailable("gone")})
    scaler = stepped(runbook, clock, times=3)
    assert (runbook.now.limit_bytes, runbook.recorded) == (9 * MB, [])
    runbook.failing.clear()
    stepped(runbook, clock, scaler)
    assert [limit for limit, _ in runbook.recorded] == [6 * MB, 9 * MB]


@pytest.mark.parametrize("error", [RedisFailed("gone"), NotAllowed("managed")])
def test_what_it_cannot_do_it_says_once_and_tries_again(
    error: Exception, clock: Any, caplog: pytest.LogCaptureFixture
) -> None:
    runbook = Runbook(memory(5, 4), {"set_limit": error})
    scaler = stepped(runbook, clock, times=3)
    assert len(caplog.records) == 1
    runbook.failing.clear()
    stepped(runbook, clock, scaler)
    assert runbook.now.limit_bytes == 6 * MB


def test_it_looks_until_it_is_cancelled(clock: Any) -> None:
    runbook = Runbook(memory(3.4, 4))

    async def run() -> None:
        scaler = MemoryAutoscaler(runbook, SETTINGS, clock, run_blocking=in_place)  # type: ignore[arg-type]
        running = asyncio.create_task(scaler.run())
        async with asyncio.timeout(30):
            while not runbook.recorded:
                await asyncio.sleep(0)
        running.cancel()
        await asyncio.wait([running])

    asyncio.run(run())
