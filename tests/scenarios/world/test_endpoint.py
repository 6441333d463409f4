"""The endpoint passes bytes on, moves for new connections alone, and a cut reaches both sides of all that is open."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable

import pytest

from scenarios.world.endpoint import Endpoint, Upstream
from tests.scenarios.world.server_process import free_port

Stream = tuple[asyncio.StreamReader, asyncio.StreamWriter]


@contextlib.asynccontextmanager
async def named_server(name: bytes) -> AsyncIterator[tuple[Upstream, "asyncio.Queue[str]"]]:
    """A server that says its name and then echoes; with how each of its connections ended."""
    ends: asyncio.Queue[str] = asyncio.Queue()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            writer.write(name)
            while data := await reader.read(65536):
                writer.write(data)
                await writer.drain()
            ends.put_nowait("closed")
        except ConnectionError:
            ends.put_nowait("reset")
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    try:
        yield Upstream(name=name.decode(), host="127.0.0.1", port=server.sockets[0].getsockname()[1]), ends
    finally:
        server.close()


async def connect(endpoint: Endpoint) -> Stream:
    return await asyncio.open_connection(endpoint.host, endpoint.port)


def with_endpoint(test: Callable[[Endpoint], Awaitable[None]]) -> None:
    async def run() -> None:
        endpoint = Endpoint("127.0.0.1", free_port())
        await endpoint.start()
        try:
            async with asyncio.timeout(20):
                await test(endpoint)
        finally:
            endpoint.stop()
            await asyncio.sleep(0)

    asyncio.run(run())


def test_bytes_pass_whole_in_both_directions_also_when_the_reader_is_slow() -> None:
    async def test(endpoint: Endpoint) -> None:
        async with named_server(b"a") as (upstream, _):
            endpoint.move(upstream)
            reader, writer = await connect(endpoint)
            assert await reader.readexactly(1) == b"a"
            sent = bytes(range(256)) * 40_000  # 10 MB: far more than any buffer on the way
            writer.write(sent)
            await asyncio.sleep(0.1)
            assert await reader.readexactly(len(sent)) == sent
            writer.close()

    with_endpoint(test)


def test_a_move_is_for_new_connections_alone() -> None:
    async def test(endpoint: Endpoint) -> None:
        async with named_server(b"a") as (first, _), named_server(b"b") as (second, _):
            endpoint.move(first)
            old_reader, old_writer = await connect(endpoint)
            assert await old_reader.readexactly(1) == b"a"
            endpoint.move(second)
            new_reader, new_writer = await connect(endpoint)
            assert await new_reader.readexactly(1) == b"b"
            old_writer.write(b"still here")
            assert await old_reader.readexactly(10) == b"still here"
            assert endpoint.connections() == {"a": 1, "b": 1}
            old_writer.close()
            new_writer.close()

    with_endpoint(test)


def test_a_cut_resets_both_sides_and_closes_the_gate() -> None:
    async def test(endpoint: Endpoint) -> None:
        async with named_server(b"a") as (upstream, ends):
            endpoint.move(upstream)
            reader, _ = await connect(endpoint)
            await reader.readexactly(1)
            assert endpoint.cut() == 1
            with pytest.raises(ConnectionResetError):
                await reader.read()
            assert await ends.get() == "reset"
            late, _ = await connect(endpoint)
            with pytest.raises(ConnectionResetError):
                await late.readexactly(1)
            assert endpoint.as_json()["refused"] == 1
            assert endpoint.connections() == {}
            endpoint.move(upstream)
            again, writer = await connect(endpoint)
            assert await again.readexactly(1) == b"a"
            writer.close()

    with_endpoint(test)


def test_a_connection_that_was_being_made_when_the_cut_came_never_gets_through() -> None:
    async def test(endpoint: Endpoint) -> None:
        async with named_server(b"a") as (upstream, _):
            endpoint.move(upstream)
            opening = [asyncio.create_task(connect(endpoint)) for _ in range(30)]
            await asyncio.wait(opening, return_when=asyncio.FIRST_COMPLETED)
            endpoint.cut()
            for task in opening:
                reader, _ = await task
                with contextlib.suppress(ConnectionResetError):
                    while await reader.read(10):
                        pass
            # All of them have ended, and none comes to life when the gate opens again.
            endpoint.move(upstream)
            reader, writer = await connect(endpoint)
            await reader.readexactly(1)
            assert endpoint.connections() == {"a": 1}
            writer.close()

    with_endpoint(test)


def test_an_upstream_that_refuses_or_ends_is_passed_on() -> None:
    async def test(endpoint: Endpoint) -> None:
        endpoint.move(Upstream(name="nobody", host="127.0.0.1", port=free_port()))
        reader, _ = await connect(endpoint)
        with pytest.raises(ConnectionResetError):
            await reader.readexactly(1)
        async with named_server(b"a") as (upstream, ends):
            endpoint.move(upstream)
            reader, writer = await connect(endpoint)
            assert await reader.readexactly(1) == b"a"
            writer.close()
            assert await ends.get() == "closed"
        assert endpoint.connections() == {}

    with_endpoint(test)
