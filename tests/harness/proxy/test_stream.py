"""One direction, with sockets made of lists and steered time: order, counts, and what toxics do to what waits."""

import asyncio
from dataclasses import dataclass
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.proxy.stream import CHUNK_COST_BYTES, PIECES_A_TURN, WAITING_HIGH_BYTES
from harness.proxy.toxics.bandwidth import Bandwidth
from harness.proxy.toxics.base import Chunk, Ending, Shaped, Toxic
from harness.proxy.toxics.latency import Latency
from harness.proxy.toxics.limit_data import LimitData
from harness.proxy.toxics.packet_loss import PacketLoss
from harness.proxy.toxics.slicer import PIECES_AT_ONCE, Slicer
from harness.proxy.toxics.slow_close import SlowClose
from harness.proxy.toxics.timeout import Timeout
from tests.harness.proxy.steered import Fixture, on_loop

HOUR_MS = 3_600_000
HOUR_S = 3600.0


def test_without_toxics_bytes_go_straight_through() -> None:
    async def scenario(fixture: Fixture) -> None:
        fixture.stream.receive(b"one")
        fixture.stream.receive(b"two")
        fixture.stream.end(Ending.EOF)
        assert [data for _, data in fixture.sink.written] == [b"one", b"two"]
        assert fixture.endings == [Ending.EOF]
        assert (fixture.stream.passed, fixture.stream.withheld) == (6, 0)

    on_loop(scenario)


KEEPING: tuple[tuple[Toxic, Toxic], ...] = (
    (Latency(latency=HOUR_MS), Latency(latency=5, jitter=5)),
    (Latency(latency=3, jitter=3), Latency(latency=0)),
    (Slicer(average_size=3, size_variation=2), Slicer(average_size=1, delay=500)),
    (Bandwidth(rate=1), Bandwidth(rate=0)),
    (SlowClose(delay=HOUR_MS), SlowClose(delay=0)),
)
"""Toxics that keep every byte, each with what it may be changed into."""
LOSING: tuple[tuple[Toxic, Toxic], ...] = (
    (Timeout(), Timeout(timeout=10)),
    (LimitData(bytes=20), LimitData(bytes=30)),
    (PacketLoss(loss_rate=0.5), PacketLoss(loss_rate=0.1, correlation=0.5)),
)


@dataclass(frozen=True)
class Step:
    """Something that happens to a stream; `which` numbers a toxic."""

    do: str
    which: int = 0
    data: bytes = b""


def steps(toxics: int) -> st.SearchStrategy[list[Step]]:
    which = st.integers(0, toxics - 1)
    chunk = st.binary(min_size=1, max_size=400).map(lambda data: Step("receive", data=data))
    one = st.one_of(
        chunk,
        chunk,
        st.builds(Step, st.sampled_from(["add", "remove", "change"]), which),
        st.builds(Step, st.sampled_from(["full", "room"])),
        st.builds(Step, st.just("sleep"), st.integers(0, 20)),
    )
    return st.lists(one, max_size=25)


async def perform(fixture: Fixture, step: Step, toxics: tuple[tuple[Toxic, Toxic], ...]) -> None:
    name, stream = str(step.which), fixture.stream
    if step.do == "receive":
        stream.receive(step.data)
    elif step.do == "add" and name not in stream.toxics:
        fixture.add(name, toxics[step.which][0])
    elif step.do == "remove":
        stream.remove(name)
    elif step.do == "change":
        stream.change(name, toxics[step.which][1])
    elif step.do in ("full", "room"):
        stream.sink_full(step.do == "full")
    elif step.do == "sleep":
        await asyncio.sleep(step.which / 1000)


@given(steps(len(KEEPING)))
def test_bytes_arrive_whole_and_in_order_whatever_comes_and_goes(plan: list[Step]) -> None:
    async def scenario(fixture: Fixture) -> None:
        sent = b""
        for step in plan:
            sent += step.data
            await perform(fixture, step, KEEPING)
            assert sent.startswith(fixture.out)
            assert fixture.stream.withheld == 0
        fixture.stream.end(Ending.EOF)
        fixture.stream.sink_full(False)
        for name in fixture.stream.toxics:
            fixture.stream.remove(name)
        await fixture.until(lambda: bool(fixture.endings))
        assert (fixture.out, fixture.endings) == (sent, [Ending.EOF])
        assert (fixture.stream.passed, fixture.stream.waiting_bytes) == (len(sent), 0)

    on_loop(scenario)


@given(steps(len(KEEPING + LOSING)))
def test_every_byte_is_passed_withheld_or_waiting_whatever_happens(plan: list[Step]) -> None:
    async def scenario(fixture: Fixture) -> None:
        sent, stream = b"", fixture.stream
        for step in plan:
            sent += step.data
            await perform(fixture, step, KEEPING + LOSING)
            assert stream.passed == len(fixture.out)
            assert stream.passed + stream.withheld + stream.waiting_bytes == len(sent)
            assert min(stream.passed, stream.withheld, stream.waiting_bytes) >= 0
        assert _in_order(fixture.out, sent)
        stream.discard()
        assert stream.passed + stream.withheld == len(sent)

    on_loop(scenario)


def _in_order(part: bytes, whole: bytes) -> bool:
    """Whether the bytes of `part` are some of `whole` in their order."""
    rest = iter(whole)
    return all(byte in rest for byte in part)


@given(st.lists(st.tuples(st.integers(1, 500), st.integers(0, 50)), min_size=1, max_size=12), st.booleans())
def test_latency_and_bandwidth_add_up_in_either_order(arrivals: list[tuple[int, int]], latency_first: bool) -> None:
    """The last byte of each chunk: when the line has had time for it, and then the way."""

    async def scenario(fixture: Fixture) -> None:
        toxics = [("way", Latency(latency=40)), ("line", Bandwidth(rate=10))]
        for name, toxic in toxics if latency_first else reversed(toxics):
            fixture.add(name, toxic)
        free_s, total, expected = 0.0, 0, {}
        for size, pause_ms in arrivals:
            await asyncio.sleep(pause_ms / 1000)
            fixture.stream.receive(bytes(size))
            free_s = max(free_s, asyncio.get_running_loop().time()) + size / 10_000
            total += size
            expected[total] = free_s + 0.04
        await asyncio.sleep(60)
        seen, passed = {}, 0
        for at_s, data in fixture.sink.written:
            passed += len(data)
            seen[passed] = at_s
        assert {total: seen[total] for total in expected} == pytest.approx(expected)

    on_loop(scenario)


def test_what_waits_for_the_sink_is_shaped_by_a_toxic_that_comes() -> None:
    async def scenario(fixture: Fixture) -> None:
        fixture.add("slow", Latency(latency=10))
        fixture.stream.sink_full(True)
        fixture.stream.receive(b"waits")
        await asyncio.sleep(1)
        fixture.stream.remove("slow")
        fixture.add("silent", Timeout())
        assert fixture.stream.withheld == len(b"waits")

    on_loop(scenario)


def test_many_small_chunks_stop_the_source_as_many_bytes_do() -> None:
    async def scenario(fixture: Fixture) -> None:
        fixture.add("slow", Latency(latency=HOUR_MS))
        for _ in range(WAITING_HIGH_BYTES // CHUNK_COST_BYTES + 1):
            fixture.stream.receive(b"x")
        assert not fixture.source.reading
        fixture.stream.remove("slow")
        await fixture.until(lambda: fixture.source.reading)

    on_loop(scenario)


def test_many_small_chunks_are_on_time_although_few_are_held_at_once() -> None:
    async def scenario(fixture: Fixture) -> None:
        fixture.add("slow", Latency(latency=1000))
        arrived_s = []
        for number in range(10_000):
            if number % 1000 == 0:
                await asyncio.sleep(0.01)
            arrived_s.append(asyncio.get_running_loop().time())
            fixture.stream.receive(b"x")
        await asyncio.sleep(2)
        assert [at_s for at_s, _ in fixture.sink.written] == pytest.approx([at_s + 1 for at_s in arrived_s])

    on_loop(scenario)


def test_many_pieces_are_passed_on_a_few_a_turn_and_the_end_behind_them() -> None:
    """A toxic that makes a piece of every byte must not keep the loop, nor make all pieces before they can go."""
    data = bytes(range(256)) * 40

    async def scenario(fixture: Fixture) -> None:
        fixture.add("tiny", Slicer(average_size=1))
        fixture.stream.receive(data)
        fixture.stream.end(Ending.EOF)
        before = turns = 0
        while not fixture.endings:
            assert (turns := turns + 1) <= 4 * len(data) // PIECES_A_TURN
            passed = len(fixture.sink.written)
            assert passed <= before + PIECES_A_TURN
            assert fixture.pieces <= PIECES_AT_ONCE + 2
            assert passed + fixture.stream.waiting_bytes == len(data)
            before = passed
            await asyncio.sleep(0)
        assert turns > len(data) // PIECES_A_TURN
        assert fixture.out == data
        assert len(fixture.sink.written) == len(data)

    on_loop(scenario)


def test_no_more_pieces_are_made_than_can_go_on() -> None:
    data = bytes(range(256)) * 40

    async def scenario(fixture: Fixture) -> None:
        fixture.add("tiny", Slicer(average_size=1))
        fixture.add("slow", Latency(latency=HOUR_MS))
        fixture.stream.receive(data)
        await asyncio.sleep(1)
        assert fixture.pieces <= PIECES_AT_ONCE + 2
        fixture.stream.remove("tiny")
        fixture.stream.remove("slow")
        await fixture.until(lambda: fixture.out == data)
        assert len(fixture.sink.written) <= PIECES_AT_ONCE + 2

    on_loop(scenario)


def test_tiny_pieces_are_on_time_behind_another_toxic() -> None:
    """One at a time goes from toxic to toxic, and each is timed from when it could have gone."""

    async def scenario(fixture: Fixture) -> None:
        fixture.add("tiny", Slicer(average_size=1, delay=100))
        fixture.add("slow", Latency(latency=1000))
        fixture.add("slower", Latency(latency=1000))
        started_s = asyncio.get_running_loop().time()
        fixture.stream.receive(bytes(1000))
        await asyncio.sleep(3)
        expected = [started_s + 2 + number / 10_000 for number in range(1000)]
        assert [at_s for at_s, _ in fixture.sink.written] == pytest.approx(expected)

    on_loop(scenario)


def test_toxics_that_come_and_go_before_a_dead_sink_do_little_over() -> None:
    async def scenario(fixture: Fixture) -> None:
        fixture.add("tiny", Slicer(average_size=10))
        fixture.stream.sink_full(True)
        for _ in range(100):
            fixture.stream.receive(bytes(1000))
        shapes = 0

        @dataclass(frozen=True, slots=True, kw_only=True)
        class Counting(Latency):
            def shape(self, chunk: Chunk, memory: float, chance: Random) -> Shaped:
                nonlocal shapes
                shapes += 1
                return Latency.shape(self, chunk, memory, chance)

        for number in range(100):
            fixture.add(f"a{number}", Counting())
            fixture.add(f"b{number}", Counting())
            fixture.stream.remove(f"a{number}")
            fixture.stream.remove(f"b{number}")
        assert 0 < shapes <= 400
        fixture.stream.remove("tiny")
        fixture.stream.sink_full(False)
        await fixture.until(lambda: len(fixture.out) == 100_000)

    on_loop(scenario)


def test_a_stage_that_waits_does_not_keep_another_from_working() -> None:
    """What one toxic holds for an hour is no reason not to slice what has come through before."""
    data = bytes(range(256)) * 40

    async def scenario(fixture: Fixture) -> None:
        fixture.add("slow", Latency(latency=10))
        fixture.add("tiny", Slicer(average_size=1, delay=10))
        fixture.stream.receive(data)
        await asyncio.sleep(0.02)
        fixture.stream.change("slow", Latency(latency=HOUR_MS))
        for _ in range(10_000):
            fixture.stream.receive(b"x")
        await asyncio.sleep(1)
        assert fixture.out == data

    on_loop(scenario)


def test_discarded_in_the_middle_it_passes_nothing_more() -> None:
    async def scenario(fixture: Fixture) -> None:
        fixture.add("tiny", Slicer(average_size=1))
        fixture.stream.receive(bytes(10_000))
        fixture.stream.discard()
        passed = fixture.stream.passed
        await asyncio.sleep(1)
        assert len(fixture.out) == fixture.stream.passed == passed
        assert (fixture.stream.waiting_bytes, passed + fixture.stream.withheld) == (0, 10_000)

    on_loop(scenario)


def test_an_ended_source_is_left_alone() -> None:
    """Reading it again would report its end a second time."""

    async def scenario(fixture: Fixture) -> None:
        fixture.stream.end(Ending.EOF)
        fixture.stream.sink_full(True)
        fixture.stream.sink_full(False)
        assert fixture.source.reading
        assert fixture.endings == [Ending.EOF]

    on_loop(scenario)
