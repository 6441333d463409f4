"""Those who talk through a fault proxy under test: some talk, some send and hear nothing back, some hear nothing.

The deaf wake up when they are told to, and then everything that was sent to them has to be there.
"""

import asyncio
import hashlib
from collections.abc import Awaitable, Callable, Coroutine
from contextlib import AsyncExitStack, suppress
from random import Random
from typing import Any

from tests.harness.proxy.wires import close

NAME_BYTES = 20
PATIENCE_S = 0.05
PAUSE_S = 0.01


class Peers:
    """All of them. Servers end with `stack`; clients when `end` is awaited."""

    def __init__(self, stack: AsyncExitStack) -> None:
        self.clients: list[asyncio.Task[None]] = []
        self.sent: dict[str, str] = {}
        """By the name of a connection, the digest of what was sent to a deaf peer."""
        self.heard: dict[str, str] = {}
        self._stack = stack
        self._wake = asyncio.Event()

    async def end(self) -> None:
        """Wake the deaf, stop the others, and wait until all have heard everything."""
        self._wake.set()
        await asyncio.gather(*self.clients)

    def start(self, client: Coroutine[Any, Any, None]) -> None:
        self.clients.append(asyncio.create_task(client))

    async def echoing_server(self) -> str:
        async def echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            while data := await reader.read(65536):
                writer.write(data)
                await writer.drain()

        return await self._serve(echo)

    async def flooding_server(self) -> str:
        async def flood(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await self._flood(writer, await _name(reader))
            assert await reader.read() == b""

        return await self._serve(flood)

    async def deaf_server(self) -> str:
        async def hear(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await self._wake_up_and_hear(reader, await _name(reader))

        return await self._serve(hear)

    async def talk(self, listen: str, name: str) -> None:
        """Send and hear the same back, over and over."""
        chance = Random(name)
        reader, writer = await _connected(listen)
        while not self._wake.is_set():
            data = chance.randbytes(chance.randrange(1, 20_000))
            writer.write(data)
            assert await reader.readexactly(len(data)) == data
            await asyncio.sleep(PAUSE_S)
        await close(writer)

    async def try_to_talk(self, listen: str, name: str) -> None:
        """Where toxics lose bytes and end connections."""
        while not self._wake.is_set():
            with suppress(OSError):  # a reset can come before the connection is ours
                reader, writer = await _connected(listen)
                with suppress(TimeoutError, asyncio.IncompleteReadError):
                    writer.write(name.encode() * 100)
                    async with asyncio.timeout(PATIENCE_S):
                        await reader.readexactly(len(name) * 100)
                await close(writer)
            await asyncio.sleep(PAUSE_S)

    async def be_deaf(self, listen: str, name: str) -> None:
        """Of a flooding server."""
        reader, writer = await _connected(listen)
        writer.write(name.encode().ljust(NAME_BYTES))
        await self._wake_up_and_hear(reader, name)
        await close(writer)

    async def flood(self, listen: str, name: str) -> None:
        """A deaf server."""
        reader, writer = await _connected(listen)
        writer.write(name.encode().ljust(NAME_BYTES))
        await self._flood(writer, name)
        assert await reader.read() == b""
        await close(writer)

    async def _flood(self, writer: asyncio.StreamWriter, name: str) -> None:
        """Send whenever there is room, until the deaf wake up; then finish."""
        chance, sent = Random(name), hashlib.sha256()
        waking = asyncio.create_task(self._wake.wait())
        while not waking.done():
            data = chance.randbytes(20_000)
            sent.update(data)
            writer.write(data)
            draining = asyncio.create_task(writer.drain())
            await asyncio.wait([draining, waking], return_when=asyncio.FIRST_COMPLETED)
            await draining
        writer.write_eof()
        self.sent[name] = sent.hexdigest()

    async def _wake_up_and_hear(self, reader: asyncio.StreamReader, name: str) -> None:
        """Nothing until woken, then everything."""
        await self._wake.wait()
        heard = hashlib.sha256()
        while data := await reader.read(65536):
            heard.update(data)
        self.heard[name] = heard.hexdigest()

    async def _serve(self, handle: Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]) -> str:
        async def guarded(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            with suppress(OSError, asyncio.IncompleteReadError, asyncio.CancelledError):
                await handle(reader, writer)
            await close(writer)

        server = await asyncio.start_server(guarded, "127.0.0.1", 0, limit=1024)
        self._stack.callback(server.close)
        return f"127.0.0.1:{server.sockets[0].getsockname()[1]}"


async def _connected(listen: str) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    host, port = listen.split(":")
    return await asyncio.open_connection(host, int(port), limit=1024)


async def _name(reader: asyncio.StreamReader) -> str:
    return (await reader.readexactly(NAME_BYTES)).decode().strip()
