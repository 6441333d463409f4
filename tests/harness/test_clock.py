"""One time line a run; limits that are set once."""

import asyncio
from datetime import UTC

import pytest

from harness import clock as module
from harness.clock import Clock, Deadline, block_s, epoch_s, monotonic_s, sleep_s, utc_now


def test_the_time_line_of_a_run_begins_with_its_clock(monkeypatch: pytest.MonkeyPatch) -> None:
    now_s = 1000.0
    monkeypatch.setattr(module, "monotonic_s", lambda: now_s)
    clock = Clock(started_monotonic_s=now_s)
    now_s = 1002.5
    assert clock.now_s() == 2.5


def test_a_clock_that_is_made_now_begins_now() -> None:
    clock = Clock()
    assert 0.0 <= clock.now_s() < 60.0
    assert clock.started_at.tzinfo is UTC
    assert abs((utc_now() - clock.started_at).total_seconds()) < 60.0
    assert abs(epoch_s() - clock.started_at.timestamp()) < 60.0


def test_a_deadline_passes_once_and_stays_passed(monkeypatch: pytest.MonkeyPatch) -> None:
    now_s = 10.0
    monkeypatch.setattr(module, "monotonic_s", lambda: now_s)
    deadline = Deadline(2.0, started_s=10.0)
    assert (deadline.left_s(), deadline.passed) == (2.0, False)
    now_s = 11.5
    assert (deadline.left_s(), deadline.passed) == (0.5, False)
    now_s = 12.0
    assert (deadline.left_s(), deadline.passed) == (0.0, True)
    now_s = 99.0
    assert (deadline.left_s(), deadline.passed) == (0.0, True)


def test_sleeping_takes_at_least_as_long_as_said() -> None:
    started_s = monotonic_s()
    block_s(0.01)
    asyncio.run(sleep_s(0.01))
    assert monotonic_s() - started_s >= 0.02
