"""Between two real sockets: what one peer does, the other sees, and toxics come and go in the middle of it."""

import asyncio
import contextlib
import socket
import struct
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.clock import monotonic_s
from harness.proxy.stream import WAITING_HIGH_BYTES
from tests.harness.proxy.wires import LIMIT_S, Client, echo, wired

MIB = 1024 * 1024


@settings(max_examples=25, deadline=None)
@given(
    st.lists(st.binary(min_size=1, max_size=3000), min_size=1, max_size=8),
    st.sets(st.sampled_from(["slicer", "latency", "bandwidth"])),
)
def test_bytes_arrive_unchanged_through_toxics_in_both_directions(pieces: list[bytes], kinds: set[str]) -> None:
    attributes: dict[str, dict[str, Any]] = {
        "slicer": {"average_size": 97, "size_variation": 40},
        "latency": {"latency": 2, "jitter": 2},
        "bandwidth": {"rate": 10_000},
    }

    async def scenario() -> None:
        async with wired(echo) as wire:
            for kind in sorted(kinds):
                wire.toxic(kind, stream="upstream", **attributes[kind])
                wire.toxic(kind, stream="downstream", **attributes[kind])
            client = await wire.connect()
            for piece in pieces:
                await client.send(piece)
            client.writer.write_eof()
            assert await client.rest() == b"".join(pieces)
            await wire.until(lambda: wire.proxy.traffic()["connections_open"] == 0)
            traffic, size = wire.proxy.traffic(), len(b"".join(pieces))
            assert (traffic["upstream_passed"], traffic["downstream_passed"]) == (size, size)
            assert (traffic["upstream_withheld"], traffic["downstream_withheld"]) == (0, 0)

    asyncio.run(scenario())


def test_two_connections_at_once_keep_apart() -> None:
    async def talk(client: Client, letter: bytes) -> None:
        for size in (1, 10, 1000, 100_000):
            assert await client.ask(letter * size) == letter * size

    async def scenario() -> None:
        async with wired(echo) as wire:
            wire.toxic("slicer", average_size=5000, size_variation=100)
            clients = [await wire.connect() for _ in range(4)]
            await asyncio.gather(*(talk(client, bytes([65 + n])) for n, client in enumerate(clients)))

    asyncio.run(scenario())


@pytest.mark.parametrize("toxic", [False, True])
def test_a_half_close_passes_as_one(toxic: bool) -> None:
    async def scenario() -> None:
        async with wired() as wire:
            if toxic:
                wire.toxic("latency", stream="upstream", latency=20)
            client, server = await wire.pair()
            await client.send(b"question")
            client.writer.write_eof()
            assert await server.rest() == b"question"
            await server.send(b"answer, after the client's end")
            server.writer.write_eof()
            assert await client.rest() == b"answer, after the client's end"
            await wire.until(lambda: wire.proxy.traffic()["connections_open"] == 0)

    asyncio.run(scenario())


def test_a_reset_passes_as_one_behind_the_bytes_before_it() -> None:
    async def scenario() -> None:
        async with wired() as wire:
            wire.toxic("latency", latency=300)  # less could be over before a busy machine has looked
            client, server = await wire.pair()
            await server.send(b"last words")
            await wire.until(lambda: wire.waiting_bytes("downstream") == 10)
            _reset(server)
            assert await asyncio.wait_for(client.reader.readexactly(10), LIMIT_S) == b"last words"
            with pytest.raises(ConnectionResetError):
                await client.rest()
            assert wire.proxy.traffic()["connections_cut"] == 0

    asyncio.run(scenario())


def test_small_pieces_are_not_held_back_by_the_kernel() -> None:
    """Nagle's algorithm would add up to 40 ms to small answers, on a link that is to have no fault."""

    async def scenario() -> None:
        async with wired(echo) as wire:
            client = await wire.connect()
            await client.ask(b"x")
            (connection,) = wire.proxy._connections.values()
            for side in (connection._client_side, connection._upstream_side):
                assert side.transport is not None
                raw = side.transport.get_extra_info("socket")
                assert raw.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)

    asyncio.run(scenario())


@pytest.mark.parametrize("upstream", ["127.0.0.1:1", "no..name:80"])
def test_an_upstream_that_cannot_be_reached_is_a_reset(upstream: str) -> None:
    async def scenario() -> None:
        async with wired(echo) as wire:
            wire.proxy.upstream = upstream
            client = await wire.connect()
            with pytest.raises(ConnectionResetError):
                await client.rest()
            traffic = wire.proxy.traffic()
            assert (traffic["connections_open"], traffic["connections_accepted"]) == (0, 1)
            assert (traffic["connections_refused"], traffic["connections_cut"]) == (1, 0)

    asyncio.run(scenario())


def test_latency_counts_from_arrival_and_goes_when_it_is_removed() -> None:
    async def scenario() -> None:
        async with wired(echo) as wire:
            client = await wire.connect()
            await client.ask(b"x")
            wire.toxic("latency", name="slow", latency=80)
            started_s = monotonic_s()
            await client.ask(b"x" * 1000)
            assert monotonic_s() - started_s >= 0.08
            wire.proxy.remove_toxic("slow")
            wire.toxic("latency", name="forever", latency=3_600_000)
            await client.send(b"held")
            await wire.until(lambda: wire.waiting_bytes("downstream") == len(b"held"))
            wire.proxy.remove_toxic("forever")
            assert await asyncio.wait_for(client.reader.readexactly(4), LIMIT_S) == b"held"
            assert await client.ask(b"y") == b"y"

    asyncio.run(scenario())


def test_what_a_client_sends_before_the_upstream_is_reached_is_passed_on() -> None:
    """Its end too. Debian 12's Python reads from a transport that was paused as soon as it was made."""

    async def scenario() -> None:
        loop = asyncio.get_running_loop()
        async with wired(echo) as wire:
            host, port = wire.proxy.listen.rsplit(":", 1)
            with socket.create_connection((host, int(port)), LIMIT_S) as early:
                early.sendall(b"at once")
                early.shutdown(socket.SHUT_WR)
                early.setblocking(False)
                assert await asyncio.wait_for(loop.sock_recv(early, MIB), LIMIT_S) == b"at once"
                assert await asyncio.wait_for(loop.sock_recv(early, MIB), LIMIT_S) == b""

    asyncio.run(scenario())


def test_timeout_zero_withholds_and_its_removal_closes() -> None:
    async def scenario() -> None:
        async with wired(echo) as wire:
            client = await wire.connect()
            await client.ask(b"before")
            wire.toxic("timeout", name="silent", timeout=0)
            await client.send(b"unanswered")
            await wire.until(lambda: wire.proxy.traffic()["downstream_withheld"] == len(b"unanswered"))
            assert wire.proxy.traffic()["connections_open"] == 1
            assert wire.proxy.traffic()["downstream_passed"] == len(b"before")
            wire.proxy.remove_toxic("silent")
            assert await client.rest() == b""
            await wire.until(lambda: wire.proxy.traffic()["connections_open"] == 0)

    asyncio.run(scenario())


def test_what_waits_under_latency_is_withheld_by_a_timeout_added_behind_it() -> None:
    async def scenario() -> None:
        async with wired(echo) as wire:
            client = await wire.connect()
            wire.toxic("latency", name="slow", latency=3_600_000)
            await client.send(b"on its way")
            await wire.until(lambda: wire.waiting_bytes("downstream") == len(b"on its way"))
            wire.toxic("timeout", timeout=0)
            wire.proxy.remove_toxic("slow")
            assert wire.proxy.traffic()["downstream_withheld"] == len(b"on its way")

    asyncio.run(scenario())


@pytest.mark.parametrize(
    ("kind", "attributes", "reset"),
    [("timeout", {"timeout": 30}, False), ("reset_peer", {"timeout": 30}, True), ("reset_peer", {}, True)],
)
def test_an_end_of_life_reaches_an_idle_connection(kind: str, attributes: dict[str, Any], reset: bool) -> None:
    async def scenario() -> None:
        async with wired(echo) as wire:
            client = await wire.connect()
            await client.ask(b"x")
            wire.toxic(kind, **attributes)
            with pytest.raises(ConnectionResetError) if reset else contextlib.nullcontext():
                assert await client.rest() == b""
            await wire.until(lambda: wire.proxy.traffic()["connections_open"] == 0)
            assert wire.proxy.traffic()["connections_cut"] == 1

    asyncio.run(scenario())


def test_limit_data_closes_after_its_bytes() -> None:
    async def scenario() -> None:
        async with wired(echo) as wire:
            wire.toxic("limit_data", bytes=10)
            client = await wire.connect()
            await client.send(b"0123456789abc")
            assert await client.rest() == b"0123456789"
            assert wire.proxy.traffic()["downstream_withheld"] == 3
            assert wire.proxy.traffic()["connections_cut"] == 1

    asyncio.run(scenario())


def test_a_line_that_is_down_passes_nothing_until_the_toxic_is_gone() -> None:
    """Testcontainers cuts connections so, and counts on nothing being lost."""

    async def scenario() -> None:
        async with wired(echo) as wire:
            client = await wire.connect()
            wire.toxic("bandwidth", name="down", rate=0)
            await client.send(b"held")
            await wire.until(lambda: wire.waiting_bytes("downstream") == len(b"held"))
            wire.proxy.remove_toxic("down")
            assert await client.rest_of(4) == b"held"

    asyncio.run(scenario())


def test_slow_close_delays_the_end_alone() -> None:
    async def scenario() -> None:
        async with wired(echo) as wire:
            wire.toxic("slow_close", delay=80)
            client = await wire.connect()
            await client.ask(b"x")
            started_s = monotonic_s()
            client.writer.write_eof()
            assert await client.rest() == b""
            assert monotonic_s() - started_s >= 0.08
            assert wire.proxy.traffic()["connections_cut"] == 0

    asyncio.run(scenario())


@pytest.mark.parametrize("latency_ms", [None, 0, 3_600_000])
def test_back_pressure_keeps_memory_bounded_and_a_dead_sink_blocks_nothing(latency_ms: int | None) -> None:
    """The client never reads: the proxy takes in a bounded amount, and toxics and cuts still work at once."""

    async def scenario() -> None:
        async with wired() as wire:
            if latency_ms is not None:
                wire.toxic("latency", name="slow", latency=latency_ms)
            client, server = await wire.pair()
            client.reader._transport.pause_reading()  # type: ignore[attr-defined]
            server.writer.write(b"z" * (64 * MIB))
            taken = -1
            while taken != (now := 64 * MIB - server.writer.transport.get_write_buffer_size()):
                taken = now
                await asyncio.sleep(0.1)
            (connection,) = wire.proxy._connections.values()
            waiting = connection.streams["downstream"].waiting_bytes
            assert waiting <= WAITING_HIGH_BYTES + MIB
            assert taken < 40 * MIB
            wire.toxic("timeout", name="drop", timeout=0)
            if latency_ms is not None:
                wire.proxy.remove_toxic("slow")
            await wire.until(lambda: server.writer.transport.get_write_buffer_size() == 0)
            assert wire.proxy.cut() == 1
            traffic = wire.proxy.traffic()
            assert traffic["connections_open"] == 0
            assert traffic["downstream_withheld"] > 0

    asyncio.run(scenario())


def _reset(end: Client) -> None:
    raw = end.writer.get_extra_info("socket")
    raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    end.writer.transport.abort()
