"""One time line: seconds since the run began, which only grow."""

import asyncio
from datetime import UTC

import pytest

from harness import clock
from harness.clock import Clock, Deadline


def test_a_clock_counts_from_the_moment_it_was_made(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clock, "monotonic_s", lambda: 100.0)
    line = Clock(started_monotonic_s=100.0)
    assert line.now_s() == 0.0
    monkeypatch.setattr(clock, "monotonic_s", lambda: 102.5)
    assert line.now_s() == 2.5


def test_the_wall_clock_is_aware_and_in_utc() -> None:
    assert clock.utc_now().tzinfo is UTC
    assert Clock().started_at.tzinfo is UTC
    assert abs(clock.utc_now().timestamp() - clock.epoch_s()) < 5


def test_a_clock_that_is_made_now_begins_now() -> None:
    assert 0.0 <= Clock().now_s() < 60.0


def test_a_deadline_counts_down_to_nothing_and_not_below(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clock, "monotonic_s", lambda: 11.0)
    limit = Deadline(3.0, started_s=10.0)
    assert limit.left_s() == 2.0
    assert not limit.passed
    monkeypatch.setattr(clock, "monotonic_s", lambda: 13.0)
    assert limit.passed, "at the limit itself too"
    monkeypatch.setattr(clock, "monotonic_s", lambda: 99.0)
    assert limit.left_s() == 0.0
    assert limit.passed


def test_a_deadline_of_no_time_has_passed_at_once() -> None:
    assert Deadline(0.0).passed


def test_sleeping_lets_others_run() -> None:
    async def others() -> list[str]:
        order: list[str] = []

        async def sleeper() -> None:
            await clock.sleep_s(0.001)
            order.append("slept")

        task = asyncio.create_task(sleeper())
        await clock.sleep_s(0)
        order.append("meanwhile")
        await task
        return order

    assert asyncio.run(others()) == ["meanwhile", "slept"]


def test_blocking_takes_its_time() -> None:
    before_s = clock.monotonic_s()
    clock.block_s(0.002)
    assert clock.monotonic_s() - before_s >= 0.002
