"""One direction with sockets made of lists: order, counts and what toxics do to what already waits."""

import asyncio
from collections.abc import Awaitable, Callable
from random import Random

from hypothesis import given, settings
from hypothesis import strategies as st

from harness.proxy.stream import CHUNK_COST_BYTES, PIECES_A_TURN, SHAPED_AHEAD_PIECES, WAITING_HIGH_BYTES, Stream
from harness.proxy.toxics.bandwidth import Bandwidth
from harness.proxy.toxics.base import Ending, Toxic
from harness.proxy.toxics.latency import Latency
from harness.proxy.toxics.limit_data import LimitData
from harness.proxy.toxics.packet_loss import PacketLoss
from harness.proxy.toxics.slicer import PIECES_AT_ONCE, Slicer
from harness.proxy.toxics.timeout import Timeout

HOUR_MS = 3_600_000


class Socket(asyncio.Transport):
    """Takes everything and remembers it."""

    def __init__(self) -> None:
        super().__init__()
        self.written: list[bytes] = []
        self.reading = True

    def write(self, data: bytes | bytearray | memoryview) -> None:
        self.written.append(bytes(data))

    def pause_reading(self) -> None:
        assert self.reading
        self.reading = False

    def resume_reading(self) -> None:
        assert not self.reading
        self.reading = True


class Fixture:
    """A stream between two of them."""

    def __init__(self, seed: int = 0) -> None:
        self.source, self.sink, self.endings = Socket(), Socket(), list[Ending]()
        self.stream = Stream(self.source, self.sink, chance=lambda: Random(seed), on_ending=self.endings.append)

    @property
    def out(self) -> bytes:
        return b"".join(self.sink.written)


def on_loop(test: Callable[[Fixture], Awaitable[None]], seed: int = 0) -> None:
    async def scenario() -> None:
        fixture = Fixture(seed)
        await test(fixture)
        fixture.stream.discard()

    asyncio.run(scenario())


async def until(true: Callable[[], bool]) -> None:
    """Let the loop turn until `true()`."""
    async with asyncio.timeout(10):
        while not true():
            await asyncio.sleep(0)


def test_without_toxics_bytes_go_straight_through() -> None:
    async def scenario(fixture: Fixture) -> None:
        fixture.stream.receive(b"one")
        fixture.stream.receive(b"two")
        fixture.stream.end(Ending.EOF)
        assert fixture.sink.written == [b"one", b"two"]
        assert fixture.endings == [Ending.EOF]
        assert (fixture.stream.passed, fixture.stream.withheld) == (6, 0)

    on_loop(scenario)


TOXICS: list[Toxic] = [
    Latency(latency=HOUR_MS),
    Latency(latency=0),
    Slicer(average_size=3, size_variation=2),
    Bandwidth(rate=1),
    Timeout(),
    LimitData(bytes=20),
    PacketLoss(loss_rate=0.5),
]


@settings(deadline=None)
@given(
    st.lists(
        st.one_of(
            st.binary(min_size=1, max_size=12),
            st.tuples(st.just("add"), st.integers(0, len(TOXICS) - 1)),
            st.tuples(st.just("remove"), st.integers(0, len(TOXICS) - 1)),
            st.tuples(st.just("full"), st.booleans()),
        ),
        max_size=20,
    )
)
def test_every_byte_is_passed_withheld_or_waiting_whatever_happens(steps: list[bytes | tuple[str, int]]) -> None:
    async def scenario(fixture: Fixture) -> None:
        sent, there = b"", set[int]()
        for step in steps:
            if isinstance(step, bytes):
                sent += step
                fixture.stream.receive(step)
            elif step[0] == "full":
                fixture.stream.sink_full(bool(step[1]))
            elif step[0] == "add" and step[1] not in there:
                there.add(step[1])
                fixture.stream.add(str(step[1]), TOXICS[step[1]], 1.0)
            elif step[0] == "remove" and step[1] in there:
                there.discard(step[1])
                fixture.stream.remove(str(step[1]))
            stream = fixture.stream
            assert stream.passed == len(fixture.out)
            assert stream.passed + stream.withheld + stream.waiting_bytes == len(sent)
        assert _in_order(fixture.out, sent)
        fixture.stream.discard()
        assert fixture.stream.passed + fixture.stream.withheld == len(sent)

    on_loop(scenario)


def _in_order(part: bytes, whole: bytes) -> bool:
    """Whether the bytes of `part` are some of `whole` in their order."""
    rest = iter(whole)
    return all(byte in rest for byte in part)


def test_removing_a_delay_releases_what_waited_under_it_alone() -> None:
    async def scenario(fixture: Fixture) -> None:
        fixture.stream.add("long", Latency(latency=HOUR_MS), 1.0)
        fixture.stream.add("short", Latency(latency=HOUR_MS), 1.0)
        fixture.stream.receive(b"waits")
        fixture.stream.remove("short")
        assert fixture.out == b""
        fixture.stream.remove("long")
        assert fixture.out == b"waits"

    on_loop(scenario)


def test_a_changed_delay_times_what_waits_anew() -> None:
    async def scenario(fixture: Fixture) -> None:
        fixture.stream.add("slow", Latency(latency=HOUR_MS), 1.0)
        fixture.stream.receive(b"waits")
        fixture.stream.replace("slow", Latency(latency=2 * HOUR_MS), 1.0)
        assert fixture.out == b""
        fixture.stream.replace("slow", Latency(latency=0), 1.0)
        assert fixture.out == b"waits"

    on_loop(scenario)


def test_a_changed_limit_goes_on_counting() -> None:
    async def scenario(fixture: Fixture) -> None:
        fixture.stream.add("limit", LimitData(bytes=100), 1.0)
        fixture.stream.receive(b"x" * 50)
        fixture.stream.replace("limit", LimitData(bytes=60), 1.0)
        fixture.stream.receive(b"y" * 50)
        assert fixture.out == b"x" * 50 + b"y" * 10
        assert fixture.endings == [Ending.CLOSE]

    on_loop(scenario)


def test_a_toxic_that_is_no_longer_drawn_goes_away() -> None:
    async def scenario(fixture: Fixture) -> None:
        fixture.stream.add("slow", Latency(latency=HOUR_MS), 1.0)
        fixture.stream.receive(b"waits")
        fixture.stream.replace("slow", Latency(latency=HOUR_MS), 0.0)
        assert fixture.out == b"waits"
        fixture.stream.replace("slow", Latency(latency=HOUR_MS), 1.0)
        fixture.stream.receive(b"again")
        assert fixture.out == b"waits"

    on_loop(scenario)


def test_many_small_chunks_stop_the_source_as_many_bytes_do() -> None:
    async def scenario(fixture: Fixture) -> None:
        fixture.stream.add("slow", Latency(latency=HOUR_MS), 1.0)
        for _ in range(WAITING_HIGH_BYTES // CHUNK_COST_BYTES + 1):
            fixture.stream.receive(b"x")
        assert not fixture.source.reading
        fixture.stream.remove("slow")
        await until(lambda: fixture.source.reading)

    on_loop(scenario)


def test_many_pieces_are_passed_on_a_few_a_turn_and_the_end_behind_them() -> None:
    """A toxic that makes a piece of every byte must not keep the loop, nor make all pieces before they can go."""
    data = bytes(range(256)) * 40

    async def scenario(fixture: Fixture) -> None:
        fixture.stream.add("tiny", Slicer(average_size=1), 1.0)
        fixture.stream.receive(data)
        fixture.stream.end(Ending.EOF)
        before = turns = 0
        while not fixture.endings:
            assert (turns := turns + 1) <= 3 * len(data) // PIECES_A_TURN
            passed = len(fixture.sink.written)
            assert passed <= before + PIECES_A_TURN
            assert len(fixture.stream._waiting) <= PIECES_AT_ONCE
            assert passed + fixture.stream.waiting_bytes == len(data)
            before = passed
            await asyncio.sleep(0)
        assert fixture.out == data
        assert len(fixture.sink.written) == len(data)

    on_loop(scenario)


def test_pieces_that_have_to_wait_are_made_ahead_up_to_a_limit() -> None:
    data = bytes(range(256)) * 40

    async def scenario(fixture: Fixture) -> None:
        fixture.stream.add("tiny", Slicer(average_size=1), 1.0)
        fixture.stream.add("slow", Latency(latency=HOUR_MS), 1.0)
        fixture.stream.receive(data)
        await until(lambda: len(fixture.stream._waiting) >= SHAPED_AHEAD_PIECES)
        for _ in range(10):
            await asyncio.sleep(0)
        assert len(fixture.stream._waiting) <= SHAPED_AHEAD_PIECES + PIECES_AT_ONCE
        assert fixture.stream.waiting_bytes == len(data)
        fixture.stream.remove("tiny")
        fixture.stream.remove("slow")
        await until(lambda: fixture.out == data)
        assert len(fixture.sink.written) < len(data)

    on_loop(scenario)


def test_toxics_come_and_go_while_pieces_are_being_made() -> None:
    data = bytes(range(256)) * 40

    async def scenario(fixture: Fixture) -> None:
        fixture.stream.add("tiny", Slicer(average_size=1), 1.0)
        fixture.stream.add("line", Bandwidth(rate=10_000), 1.0)
        fixture.stream.receive(data)
        fixture.stream.add("slow", Latency(latency=HOUR_MS), 1.0)
        await asyncio.sleep(0)
        fixture.stream.replace("slow", Latency(latency=2 * HOUR_MS), 1.0)
        fixture.stream.replace("line", Bandwidth(rate=0), 1.0)
        fixture.stream.receive(data)
        await asyncio.sleep(0)
        fixture.stream.remove("line")
        assert fixture.stream.passed + fixture.stream.waiting_bytes == 2 * len(data)
        fixture.stream.remove("slow")
        await until(lambda: fixture.out == data + data)

    on_loop(scenario)


def test_discarded_in_the_middle_it_passes_nothing_more() -> None:
    async def scenario(fixture: Fixture) -> None:
        fixture.stream.add("tiny", Slicer(average_size=1), 1.0)
        fixture.stream.receive(bytes(10_000))
        fixture.stream.discard()
        passed = fixture.stream.passed
        for _ in range(10):
            await asyncio.sleep(0)
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
