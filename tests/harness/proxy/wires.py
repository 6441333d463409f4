"""A proxy in the test's own event loop, with a server behind it and clients in front of it, on loopback sockets."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

from harness.proxy.bodies import new_toxic
from harness.proxy.proxy import Proxy
from harness.proxy.specs import ProxySpec

LIMIT_S = 10.0
Handler = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@dataclass(slots=True)
class Client:
    """One end of a connection."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter

    async def ask(self, data: bytes) -> bytes:
        """Send, and read as many bytes back."""
        self.writer.write(data)
        return await asyncio.wait_for(self.reader.readexactly(len(data)), LIMIT_S)

    async def send(self, data: bytes) -> None:
        self.writer.write(data)
        await asyncio.wait_for(self.writer.drain(), LIMIT_S)

    async def rest_of(self, count: int) -> bytes:
        """So many bytes, or those before the end of the stream."""
        try:
            return await asyncio.wait_for(self.reader.readexactly(count), LIMIT_S)
        except asyncio.IncompleteReadError as ended:
            return ended.partial

    async def rest(self) -> bytes:
        """Everything until the end of the stream; raises ConnectionResetError when it was reset."""
        return await asyncio.wait_for(self.reader.read(), LIMIT_S)


@dataclass(slots=True)
class Wire:
    """A proxy that is enabled, and what to do with it."""

    proxy: Proxy
    stack: AsyncExitStack
    arrived: "asyncio.Queue[Client]" = field(default_factory=asyncio.Queue)

    async def connect(self) -> Client:
        """A client through the proxy, closed at the end of the test."""
        host, port = self.proxy.listen.rsplit(":", 1)
        reader, writer = await asyncio.wait_for(asyncio.open_connection(host, int(port)), LIMIT_S)
        self.stack.push_async_callback(close, writer)
        return Client(reader, writer)

    async def pair(self) -> tuple[Client, Client]:
        """A client, and the server's end of its connection. For wires without a handler."""
        client = await self.connect()
        return client, await asyncio.wait_for(self.arrived.get(), LIMIT_S)

    def toxic(self, kind: str, *, stream: str = "downstream", name: str = "", **attributes: Any) -> None:
        body = {"type": kind, "stream": stream, "attributes": attributes, "name": name}
        self.proxy.add_toxic(new_toxic(body))

    def waiting_bytes(self, stream: str) -> int:
        """Of all connections. One that has not reached the upstream yet, which clients cannot tell, holds none."""
        connections = self.proxy._connections.values()
        return sum(connection.streams[stream].waiting_bytes for connection in connections if connection.streams)

    async def until(self, true: Callable[[], bool]) -> None:
        """Let the loop run until `true()`; what the proxy does on its own has no event to wait for."""
        async with asyncio.timeout(LIMIT_S):
            while not true():
                await asyncio.sleep(0.001)


async def close(writer: asyncio.StreamWriter) -> None:
    writer.transport.abort()
    with suppress(OSError):
        await writer.wait_closed()


async def echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Send everything back, then finish."""
    with suppress(OSError):
        while data := await reader.read(65536):
            writer.write(data)
            await writer.drain()
        writer.write_eof()


@asynccontextmanager
async def wired(handler: Handler | None = None, *, seed: int = 0) -> AsyncIterator[Wire]:
    """A proxy before a server that runs `handler`, or that only holds its ends (`Wire.pair`) without a `handler`."""
    async with AsyncExitStack() as stack:
        wire = Wire(Proxy(ProxySpec(name="wire", listen="127.0.0.1:0", upstream="127.0.0.1:1"), seed=seed), stack)
        serving: set[asyncio.Task[None]] = set()

        async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            stack.push_async_callback(close, writer)
            await wire.arrived.put(Client(reader, writer))
            if handler is not None:
                task = asyncio.current_task()
                assert task is not None
                serving.add(task)
                await handler(reader, writer)

        server = await asyncio.start_server(serve, "127.0.0.1", 0)
        stack.callback(server.close)
        port = server.sockets[0].getsockname()[1]
        wire.proxy.upstream = f"127.0.0.1:{port}"
        await wire.proxy.enable()
        stack.callback(wire.proxy.disable)
        yield wire
    await asyncio.sleep(0)
    for task in serving:
        with suppress(asyncio.CancelledError, OSError):
            await asyncio.wait_for(task, LIMIT_S)
