"""Arrivals come at their own rate, from their seed, until the stage ends."""

import asyncio
from random import Random

import pytest

from harness.clock import Clock
from harness.history import History
from harness.traffic import Stage, arrivals, base, ends_within
from tests.toy import ToyEnvironment


def stage(seed: int = 1) -> Stage:
    clock = Clock()
    return Stage(
        environment=ToyEnvironment(),
        history=History(clock=clock),
        clock=clock,
        random=Random(seed),
        ending=asyncio.Event(),
    )


def waited(monkeypatch: pytest.MonkeyPatch, count: int, *, seed: int = 1, late_by_s: float = 0.0) -> list[float]:
    """How long each of `count` arrivals was waited for, on a clock that stands still but for those waits."""
    now_s, waits = 100.0, [0.0]
    monkeypatch.setattr(base, "monotonic_s", lambda: now_s)

    async def wait(_: Stage, seconds: float) -> bool:
        nonlocal now_s
        now_s += seconds
        waits[-1] += seconds
        return False

    monkeypatch.setattr(base, "ends_within", wait)

    async def go() -> None:
        nonlocal now_s
        async for number in arrivals(stage(seed), 10.0):
            if number + 1 == count:
                return
            now_s += late_by_s
            waits.append(0.0)

    asyncio.run(go())
    return waits


def test_arrivals_keep_their_rate_on_average_and_differ_from_each_other(monkeypatch: pytest.MonkeyPatch) -> None:
    waits = waited(monkeypatch, 2000)
    assert sum(waits) == pytest.approx(200.0, rel=0.05)
    assert all(0.049 < wait < 0.151 for wait in waits)
    assert len(set(waits)) > 1000


def test_the_same_seed_gives_the_same_moments(monkeypatch: pytest.MonkeyPatch) -> None:
    assert waited(monkeypatch, 50, seed=7) == waited(monkeypatch, 50, seed=7) != waited(monkeypatch, 50, seed=8)


def test_falling_behind_does_not_slow_the_rate(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is late comes at once: a slow system does not thin out the traffic it is tried with."""
    waits = waited(monkeypatch, 100, late_by_s=1.0)
    assert waits[1:] == [0.0] * 99


def test_no_arrival_comes_after_the_end() -> None:
    async def go() -> list[int]:
        playing = stage()
        seen: list[int] = []
        async for number in arrivals(playing, 10_000.0):
            seen.append(number)
            if number == 3:
                playing.ending.set()
        return seen

    assert asyncio.run(go()) == [0, 1, 2, 3]


def test_an_end_is_noticed_at_once_however_rare_arrivals_are() -> None:
    async def go() -> list[int]:
        playing = stage()
        asyncio.get_running_loop().call_later(0.01, playing.ending.set)
        async with asyncio.timeout(5):
            return [number async for number in arrivals(playing, 0.001)]

    assert asyncio.run(go()) == []


def test_waiting_for_the_end_says_whether_it_came() -> None:
    async def go() -> tuple[bool, bool]:
        playing = stage()
        before = await ends_within(playing, 0.01)
        playing.ending.set()
        return before, await ends_within(playing, 60)

    assert asyncio.run(go()) == (False, True)
