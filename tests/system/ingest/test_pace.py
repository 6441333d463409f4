"""Refusals have a bounded rate, each partner its own, and who is answered late is not forgotten."""

import asyncio
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from system.ingest.pace import AHEAD_S_MAX, STRETCH_S, Pace


@pytest.mark.parametrize("per_s", [50, 2_000, 100_000])
def test_one_that_waits_for_its_answers_comes_at_that_rate(running: Any, per_s: int) -> None:
    pace, turns, began_s = Pace(running.clock, per_s=per_s), 5 * per_s, running.clock.monotonic_s()

    async def come_again() -> None:
        for _ in range(turns):
            assert await pace.turn("P1")

    asyncio.run(come_again())
    assert running.clock.monotonic_s() - began_s == pytest.approx(turns / per_s, abs=2 * STRETCH_S)


def test_another_partner_does_not_wait_and_neither_does_one_that_comes_seldom(running: Any) -> None:
    pace, clock = Pace(running.clock, per_s=50), running.clock

    async def come() -> float:
        for _ in range(5):
            await pace.turn("P1")
        flooded_until_s = clock.monotonic_s()
        await pace.turn("P2")
        clock.move(1.0)
        await pace.turn("P1")
        return float(flooded_until_s)

    flooded_until_s = asyncio.run(come())
    assert clock.monotonic_s() == flooded_until_s + 1.0


class Standing:
    """A clock that does not move while others wait; `waits` is what for."""

    def __init__(self) -> None:
        self.waits: list[float] = []

    def monotonic_s(self) -> float:
        return 1000.0

    async def sleep_s(self, seconds: float) -> None:
        self.waits.append(seconds)


@given(per_s=st.integers(1, 20_000), at_once=st.integers(0, 6_000))
def test_no_more_wait_than_are_answered_in_a_quarter_of_a_second(per_s: int, at_once: int) -> None:
    """What comes beyond that is told so at once: it neither waits nor is it counted for those who come later."""
    clock = Standing()
    pace = Pace(clock, per_s=per_s)  # type: ignore[arg-type]

    async def all_at_once() -> list[bool]:
        return [await pace.turn("P1") for _ in range(at_once)]

    turns = max(1, round(per_s * STRETCH_S))
    room = turns * (1 + round(AHEAD_S_MAX / STRETCH_S + 0.5))
    answered = asyncio.run(all_at_once())
    assert answered == [True] * min(at_once, room) + [False] * max(0, at_once - room)
    assert max(clock.waits, default=0.0) <= AHEAD_S_MAX + STRETCH_S
    assert clock.waits == sorted(clock.waits), "first come, first served"
