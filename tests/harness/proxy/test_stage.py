"""What a toxic holds is released when it goes, and timed anew when it changes; nothing of it stays in the others."""

import asyncio
from random import Random

import pytest

from harness.proxy.toxics.bandwidth import Bandwidth
from harness.proxy.toxics.base import Ending, Toxic
from harness.proxy.toxics.latency import Latency
from harness.proxy.toxics.limit_data import LimitData
from harness.proxy.toxics.reset_peer import ResetPeer
from harness.proxy.toxics.slicer import Slicer
from harness.proxy.toxics.slow_close import SlowClose
from tests.harness.proxy.steered import Fixture, on_loop

HOUR_MS = 3_600_000
HOUR_S = 3600.0


def test_removing_a_delay_releases_what_waited_under_it_alone() -> None:
    async def scenario(fixture: Fixture) -> None:
        fixture.add("long", Latency(latency=HOUR_MS))
        fixture.add("short", Latency(latency=1000))
        fixture.stream.receive(b"waits")
        fixture.stream.remove("short")
        assert fixture.out == b""
        fixture.stream.remove("long")
        assert fixture.out == b"waits"

    on_loop(scenario)


@pytest.mark.parametrize("behind", [Bandwidth(rate=100), Slicer(average_size=10, delay=100), Latency(latency=10)])
def test_a_delay_that_is_gone_leaves_nothing_behind_in_the_toxics_after_it(behind: Toxic) -> None:
    async def scenario(fixture: Fixture) -> None:
        fixture.add("long", Latency(latency=HOUR_MS))
        fixture.add("behind", behind)
        fixture.stream.receive(b"waits" * 10)
        fixture.stream.remove("long")
        fixture.stream.receive(b"later" * 10)
        await asyncio.sleep(0.1)
        assert fixture.out == b"waits" * 10 + b"later" * 10

    on_loop(scenario)


def test_a_changed_delay_times_what_waits_anew() -> None:
    async def scenario(fixture: Fixture) -> None:
        fixture.add("slow", Latency(latency=HOUR_MS))
        fixture.stream.receive(b"waits")
        fixture.stream.change("slow", Latency(latency=2 * HOUR_MS))
        await asyncio.sleep(HOUR_S + 1)
        assert fixture.out == b""
        fixture.stream.change("slow", Latency(latency=0))
        assert fixture.out == b"waits"

    on_loop(scenario)


def test_a_line_that_becomes_wider_is_not_free_at_once() -> None:
    async def scenario(fixture: Fixture) -> None:
        fixture.add("line", Bandwidth(rate=1))
        fixture.stream.receive(bytes(100_000))
        await asyncio.sleep(50.05)
        assert len(fixture.out) == 50_000
        fixture.stream.change("line", Bandwidth(rate=10))
        assert len(fixture.out) == 50_000
        await asyncio.sleep(4.95)
        assert 45_000 < len(fixture.out) - 50_000 < 50_000
        await asyncio.sleep(0.1)
        assert len(fixture.out) == 100_000

    on_loop(scenario)


@pytest.mark.parametrize("how", ["removed", "changed"])
def test_a_line_that_is_down_loses_nothing(how: str) -> None:
    async def scenario(fixture: Fixture) -> None:
        fixture.add("down", Bandwidth(rate=0))
        fixture.stream.receive(b"one")
        await asyncio.sleep(HOUR_S)
        fixture.stream.receive(b"two")
        fixture.stream.end(Ending.EOF)
        assert (fixture.out, fixture.endings, fixture.stream.waiting_bytes) == (b"", [], 6)
        if how == "removed":
            fixture.stream.remove("down")
        else:
            fixture.stream.change("down", Bandwidth(rate=1000))
            await asyncio.sleep(1)
        assert (fixture.out, fixture.endings) == (b"onetwo", [Ending.EOF])

    on_loop(scenario)


def test_a_changed_limit_goes_on_counting() -> None:
    async def scenario(fixture: Fixture) -> None:
        fixture.add("limit", LimitData(bytes=100))
        fixture.stream.receive(b"x" * 50)
        fixture.stream.change("limit", LimitData(bytes=60))
        fixture.stream.receive(b"y" * 50)
        assert fixture.out == b"x" * 50 + b"y" * 10
        assert fixture.endings == [Ending.CLOSE]

    on_loop(scenario)


def test_a_changed_slow_close_times_the_end_anew() -> None:
    async def scenario(fixture: Fixture) -> None:
        fixture.add("late", SlowClose(delay=HOUR_MS))
        fixture.stream.end(Ending.EOF)
        assert fixture.endings == []
        fixture.stream.change("late", SlowClose(delay=0))
        assert fixture.endings == [Ending.EOF]

    on_loop(scenario)


@pytest.mark.parametrize("gone", ["removed", "changed", "discarded"])
def test_an_end_of_life_goes_with_its_toxic(gone: str) -> None:
    async def scenario(fixture: Fixture) -> None:
        fixture.add("reset", ResetPeer(timeout=1000))
        if gone == "removed":
            fixture.stream.remove("reset")
            assert fixture.endings == [Ending.CLOSE]
        elif gone == "changed":
            fixture.stream.change("reset", ResetPeer(timeout=3000))
        else:
            fixture.stream.discard()
        await asyncio.sleep(2)
        assert Ending.RESET not in fixture.endings
        await asyncio.sleep(2)
        assert (Ending.RESET in fixture.endings) == (gone == "changed")

    on_loop(scenario)


def test_a_stage_asks_for_its_chance_when_it_shapes_and_once() -> None:
    asked = []

    async def scenario(fixture: Fixture) -> None:
        def make_chance() -> Random:
            asked.append(1)
            return Random(0)

        fixture.stream.add("late", Latency(latency=1, jitter=1), make_chance)
        assert not asked
        for _ in range(3):
            fixture.stream.receive(b"x")
        await asyncio.sleep(1)
        fixture.stream.change("late", Latency(latency=2, jitter=1))
        fixture.stream.receive(b"x")
        assert asked == [1]

    on_loop(scenario)
