"""Toxics by the thousand, under traffic and on dead peers: nothing hangs, nothing leaks, no byte is lost.

A peer is dead here that takes no bytes: the proxy's buffers before it are full for the whole time. When all toxics are
gone it wakes up, and then everything that was sent to it has to be there.
"""

import asyncio
import hashlib
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass, field
from random import Random
from typing import Any

import psutil
import pytest

from tests.harness.proxy.servers import Running, running
from tests.harness.proxy.wires import close

LIMIT_S = 30.0
CONTROLLERS = 4
TOXICS_AT_ONCE = 4
FULL_BYTES = 3 * 1024 * 1024
GROWTH_MAX_BYTES = 16 * 1024 * 1024
KEEPING: tuple[dict[str, Any], ...] = (
    {"type": "latency", "attributes": {"latency": 1, "jitter": 1}},
    {"type": "slicer", "attributes": {"average_size": 2000, "size_variation": 1000, "delay": 10}},
    {"type": "bandwidth", "attributes": {"rate": 100_000}},
    {"type": "bandwidth", "attributes": {"rate": 0}},
    {"type": "slow_close", "attributes": {"delay": 10}},
    {"type": "packet_loss", "attributes": {"loss_rate": 0}},
    {"type": "limit_data", "attributes": {"bytes": 2**50}},
)
LOSING: tuple[dict[str, Any], ...] = (
    {"type": "timeout", "attributes": {"timeout": 0}},
    {"type": "timeout", "attributes": {"timeout": 5}},
    {"type": "reset_peer", "attributes": {"timeout": 1}},
    {"type": "limit_data", "attributes": {"bytes": 100}},
    {"type": "packet_loss", "attributes": {"loss_rate": 0.5}},
)


class Control:
    """One connection to the control API, kept open. Every answer has to come within `LIMIT_S`."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader, self._writer = reader, writer

    @classmethod
    @asynccontextmanager
    async def to(cls, server: Running) -> AsyncIterator["Control"]:
        reader, writer = await asyncio.open_connection(server.host, server.port)
        yield cls(reader, writer)
        await close(writer)

    async def ask(self, method: str, path: str, body: Any = None, *, status: int = 200) -> Any:
        content = b"" if body is None else json.dumps(body).encode()
        head = f"{method} {path} HTTP/1.1\r\nHost: proxy\r\nContent-Length: {len(content)}\r\n\r\n"
        async with asyncio.timeout(LIMIT_S):
            self._writer.write(head.encode() + content)
            seen = (await self._reader.readuntil(b"\r\n\r\n")).lower()
            length = seen.partition(b"content-length: ")[2].partition(b"\r\n")[0]
            answer = await self._reader.readexactly(int(length or 0))
        assert seen.startswith(f"http/1.1 {status}".encode()), (method, path, body, seen, answer)
        return json.loads(answer) if answer else None


async def come_and_go(control: Control, count: int, chance: Random, name: str) -> None:
    """So many toxics, a few at once, in any order, on any proxy and stream."""
    there: list[str] = []
    for number in range(count):
        proxy = chance.choice(("busy", "deaf-clients", "deaf-servers", "losing"))
        toxic = chance.choice(KEEPING + LOSING if proxy == "losing" else KEEPING)
        toxics = f"/proxies/{proxy}/toxics"
        stream, toxicity = chance.choice(("upstream", "downstream")), chance.choice((0.5, 1))
        body = {**toxic, "name": f"{name}-{number}", "stream": stream, "toxicity": toxicity}
        await control.ask("POST", toxics, body)
        there.append(f"{toxics}/{name}-{number}")
        if number % 10 == 0:
            await control.ask("PATCH", chance.choice(there), {"toxicity": chance.random()})
        if len(there) == TOXICS_AT_ONCE:
            await control.ask("DELETE", there.pop(chance.randrange(TOXICS_AT_ONCE)), status=204)
    for path in there:
        await control.ask("DELETE", path, status=204)


@dataclass
class Peers:
    """Everyone who talks through the proxy."""

    stack: AsyncExitStack
    stop: asyncio.Event = field(default_factory=asyncio.Event)
    wake: asyncio.Event = field(default_factory=asyncio.Event)
    talking: list[asyncio.Task[None]] = field(default_factory=list)
    sent: dict[str, "hashlib._Hash"] = field(default_factory=dict)
    heard: dict[str, "hashlib._Hash"] = field(default_factory=dict)

    async def serve(self, handle: Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]) -> str:
        """A server; its address."""

        async def guarded(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            with suppress(OSError, asyncio.IncompleteReadError, asyncio.CancelledError):
                await handle(reader, writer)
            await close(writer)

        server = await asyncio.start_server(guarded, "127.0.0.1", 0)
        self.stack.callback(server.close)
        return f"127.0.0.1:{server.sockets[0].getsockname()[1]}"

    async def echo(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while data := await reader.read(65536):
            writer.write(data)
            await writer.drain()

    async def flood(self, writer: asyncio.StreamWriter, who: str) -> None:
        """Send for as long as the others are at it, then finish."""
        chance, sent = Random(who), self.sent.setdefault(who, hashlib.sha256())
        while not self.wake.is_set():
            data = chance.randbytes(20_000)
            sent.update(data)
            writer.write(data)
            draining = asyncio.ensure_future(writer.drain())
            waking = asyncio.ensure_future(self.wake.wait())
            await asyncio.wait({draining, waking}, return_when=asyncio.FIRST_COMPLETED)
            waking.cancel()
            if self.wake.is_set():
                await draining
        writer.write_eof()

    async def wake_up_and_hear(self, reader: asyncio.StreamReader, who: str) -> None:
        """Read nothing until woken, then everything."""
        await self.wake.wait()
        heard = self.heard.setdefault(who, hashlib.sha256())
        while data := await reader.read(65536):
            heard.update(data)

    async def talk(self, listen: str, who: str) -> None:
        """Send and hear the same back, until told to stop."""
        chance = Random(who)
        reader, writer = await asyncio.open_connection(*listen.split(":"))
        while not self.stop.is_set():
            data = chance.randbytes(chance.randrange(1, 20_000))
            writer.write(data)
            assert await reader.readexactly(len(data)) == data
            await asyncio.sleep(0.01)
        await close(writer)

    async def try_to_talk(self, listen: str, who: str) -> None:
        """Where toxics lose bytes and end connections: what comes back is the beginning of what was sent, or less."""
        while not self.stop.is_set():
            with suppress(OSError):  # a reset can come before the connection is ours
                reader, writer = await asyncio.open_connection(*listen.split(":"))
                with suppress(TimeoutError, asyncio.IncompleteReadError):
                    writer.write(who.encode() * 100)
                    async with asyncio.timeout(0.05):
                        await reader.readexactly(len(who) * 100)
                await close(writer)
            await asyncio.sleep(0.01)

    def start(self, doing: Awaitable[None]) -> None:
        self.talking.append(asyncio.ensure_future(doing))


async def _deaf_client(peers: Peers, listen: str, who: str) -> None:
    """Sends its name, hears nothing until woken."""
    reader, writer = await asyncio.open_connection(*listen.split(":"), limit=1024)
    writer.write(who.encode().ljust(20))
    await peers.wake_up_and_hear(reader, who)
    await close(writer)


async def _flooding_client(peers: Peers, listen: str, who: str) -> None:
    reader, writer = await asyncio.open_connection(*listen.split(":"))
    writer.write(who.encode().ljust(20))
    await peers.flood(writer, who)
    assert await reader.read() == b""
    await close(writer)


async def _upstreams(peers: Peers) -> dict[str, str]:
    async def floods(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await peers.flood(writer, (await reader.readexactly(20)).decode().strip())
        assert await reader.read() == b""

    async def deaf(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        reader._limit = 1024  # type: ignore[attr-defined]
        await peers.wake_up_and_hear(reader, (await reader.readexactly(20)).decode().strip())

    echo = await peers.serve(peers.echo)
    return {
        "busy": echo,
        "losing": echo,
        "deaf-clients": await peers.serve(floods),
        "deaf-servers": await peers.serve(deaf),
    }


async def _fill(control: Control) -> None:
    """Let the buffers before the deaf fill up, as far as they ever do: what comes later is no growth of ours."""
    for proxy, stream in (("deaf-clients", "downstream"), ("deaf-servers", "upstream")):
        toxics = f"/proxies/{proxy}/toxics"
        await control.ask("POST", toxics, {"name": "fill", "type": "bandwidth", "stream": stream})

        async def full(proxy: str = proxy, stream: str = stream) -> bool:
            rows = (await control.ask("GET", f"/proxies/{proxy}/connections"))["open"]
            return len(rows) == 4 and all(row[f"{stream}_waiting"] > FULL_BYTES for row in rows)

        await _until(full)
        await control.ask("DELETE", f"{toxics}/fill", status=204)


async def _until(true: Callable[[], Awaitable[bool]]) -> None:
    async with asyncio.timeout(LIMIT_S):
        while not await true():
            await asyncio.sleep(0.01)


async def _endure(server: Running, count: int) -> None:
    process = psutil.Process(server.process.pid)
    async with AsyncExitStack() as stack:
        controls = [await stack.enter_async_context(Control.to(server)) for _ in range(CONTROLLERS)]
        control, peers = controls[0], Peers(stack)
        for name, upstream in (await _upstreams(peers)).items():
            await control.ask("POST", "/proxies", {"name": name, "upstream": upstream}, status=201)
        listens = {name: proxy["listen"] for name, proxy in (await control.ask("GET", "/proxies")).items()}
        descriptors, threads = process.num_fds(), process.num_threads()
        for number in range(4):
            peers.start(peers.talk(listens["busy"], f"busy-{number}"))
            peers.start(_deaf_client(peers, listens["deaf-clients"], f"deaf-client-{number}"))
            peers.start(_flooding_client(peers, listens["deaf-servers"], f"deaf-server-{number}"))
        peers.start(peers.try_to_talk(listens["losing"], "losing"))

        await _fill(control)

        async def all_go(share: int, seed: int) -> None:
            going = [
                come_and_go(control, share // CONTROLLERS, Random(f"{seed}/{number}"), f"{seed}-{number}")
                for number, control in enumerate(controls)
            ]
            ended: asyncio.Future[Any] = asyncio.gather(*going)
            await asyncio.wait([ended, *peers.talking], return_when=asyncio.FIRST_COMPLETED)
            assert not [task.exception() for task in peers.talking if task.done()]
            await ended

        await all_go(count // 10, 1)
        before = process.memory_info().rss
        await all_go(count - count // 10, 2)
        growth = process.memory_info().rss - before
        assert growth <= GROWTH_MAX_BYTES

        async def totals(name: str) -> dict[str, int]:
            found: dict[str, int] = (await control.ask("GET", f"/proxies/{name}/connections"))["totals"]
            return found

        peers.stop.set()
        peers.wake.set()
        async with asyncio.timeout(LIMIT_S):
            await asyncio.gather(*peers.talking)
        assert {who: it.digest() for who, it in peers.heard.items()} == {
            who: it.digest() for who, it in peers.sent.items()
        }
        assert len(peers.heard) == 8
        for name in listens:

            async def none_open(name: str = name) -> bool:
                return (await totals(name))["connections_open"] == 0

            await _until(none_open)
            seen = await totals(name)
            for stream in ("upstream", "downstream"):
                assert seen[f"{stream}_received"] == seen[f"{stream}_passed"] + seen[f"{stream}_withheld"]
            if name != "losing":
                assert (seen["upstream_withheld"], seen["downstream_withheld"], seen["connections_cut"]) == (0, 0, 0)
                assert seen["connections_accepted"] == 4
        assert all(not proxy["toxics"] for proxy in (await control.ask("GET", "/proxies")).values())

        async def none_left() -> bool:
            return process.num_fds() <= descriptors

        await _until(none_left)
        assert process.num_threads() == threads


@pytest.mark.parametrize("count", [2_000, pytest.param(100_000, marks=[pytest.mark.slow, pytest.mark.timeout(600)])])
def test_toxics_by_the_thousand_under_traffic_and_on_dead_peers(count: int) -> None:
    with running() as server:
        asyncio.run(_endure(server, count))
