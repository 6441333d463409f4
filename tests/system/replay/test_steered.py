"""The steered loop: long waits take no time, timers keep their order, and a wait for nothing is an error."""

import asyncio
import time
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from system.replay.steered import NothingToWaitFor, SteeredClock, run_steered

START = datetime(2026, 2, 2, 14, tzinfo=UTC)


def test_a_timeout_of_a_minute_takes_no_time_and_ends_after_a_minute() -> None:
    async def main(clock: SteeredClock) -> datetime:
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(asyncio.Event().wait(), 60)
        return clock.now()

    started_s = time.monotonic()
    ended_at = run_steered(main, starts_at=START)
    assert time.monotonic() - started_s < 30
    assert abs(ended_at - START - timedelta(seconds=60)) < timedelta(milliseconds=1)


def test_a_wait_within_its_timeout_is_not_cut_off() -> None:
    async def main(clock: SteeredClock) -> float:
        async with asyncio.timeout(86_400):
            await clock.sleep_s(86_399)
        return clock.monotonic_s()

    assert run_steered(main, starts_at=START) == pytest.approx(86_399)


@given(st.lists(st.floats(0, 1e6), max_size=20))
def test_timers_come_in_their_order(delays_s: list[float]) -> None:
    async def main(clock: SteeredClock) -> list[float]:
        woken: list[float] = []

        async def wake(delay_s: float) -> None:
            await asyncio.sleep(delay_s)
            assert clock.monotonic_s() >= delay_s - 1e-6
            woken.append(delay_s)

        await asyncio.gather(*(wake(delay_s) for delay_s in delays_s))
        return woken

    woken = run_steered(main, starts_at=START)
    assert all(later >= earlier - 1e-6 for earlier, later in pairwise(woken))
    assert sorted(woken) == sorted(delays_s)


def test_work_takes_no_time() -> None:
    async def main(clock: SteeredClock) -> float:
        for _ in range(1000):
            await asyncio.sleep(0)
        return clock.monotonic_s()

    assert run_steered(main, starts_at=START) == 0.0


def test_a_wait_for_nothing_says_so_instead_of_hanging() -> None:
    async def main(clock: SteeredClock) -> None:
        await asyncio.Event().wait()

    with pytest.raises(NothingToWaitFor):
        run_steered(main, starts_at=START)
