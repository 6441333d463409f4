"""Toxics by the thousand, under traffic and on dead peers: nothing hangs, nothing leaks, no byte is lost.

A peer is dead here that takes no bytes: the proxy's buffers before it are full for the whole time. When all toxics are
gone it wakes up, and then everything that was sent to it has to be there.
"""

import asyncio
import json
import os
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from random import Random
from typing import Any

import psutil
import pytest

from tests.harness.proxy.peers import Peers
from tests.harness.proxy.servers import Running, running
from tests.harness.proxy.wires import close

LIMIT_S = 30.0
TOXICS = int(os.environ.get("TOXICS") or 10_000)
CONTROLLERS = 4
CLIENTS = 4
TOXICS_AT_ONCE = 4
FULL_BYTES = 3 * 1024 * 1024
GROWTH_MAX_BYTES = 16 * 1024 * 1024
BUSY, LOSING, DEAF_CLIENTS, DEAF_SERVERS = "busy", "losing", "deaf-clients", "deaf-servers"
KEEPING: tuple[dict[str, Any], ...] = (
    {"type": "latency", "attributes": {"latency": 1, "jitter": 1}},
    {"type": "slicer", "attributes": {"average_size": 2000, "size_variation": 1000, "delay": 10}},
    {"type": "bandwidth", "attributes": {"rate": 100_000}},
    {"type": "bandwidth", "attributes": {"rate": 0}},
    {"type": "slow_close", "attributes": {"delay": 10}},
    {"type": "packet_loss", "attributes": {"loss_rate": 0}},
    {"type": "limit_data", "attributes": {"bytes": 2**50}},
)
LOSING_TOO: tuple[dict[str, Any], ...] = (
    *KEEPING,
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

    async def connections(self, proxy: str) -> tuple[list[dict[str, Any]], dict[str, int]]:
        """Those that are open, and the totals."""
        document = await self.ask("GET", f"/proxies/{proxy}/connections")
        return document["open"], document["totals"]

    async def come_and_go(self, count: int, chance: Random, name: str) -> None:
        """So many toxics, a few at once, in any order, on any proxy and stream."""
        there: list[str] = []
        for number in range(count):
            proxy = chance.choice((BUSY, DEAF_CLIENTS, DEAF_SERVERS, LOSING))
            toxic = chance.choice(LOSING_TOO if proxy == LOSING else KEEPING)
            stream, toxicity = chance.choice(("upstream", "downstream")), chance.choice((0.5, 1))
            body = {**toxic, "name": f"{name}-{number}", "stream": stream, "toxicity": toxicity}
            await self.ask("POST", f"/proxies/{proxy}/toxics", body)
            there.append(f"/proxies/{proxy}/toxics/{name}-{number}")
            if number % 10 == 0:
                await self.ask("PATCH", chance.choice(there), {"toxicity": chance.random()})
            if len(there) == TOXICS_AT_ONCE:
                await self.ask("DELETE", there.pop(chance.randrange(TOXICS_AT_ONCE)), status=204)
        for path in there:
            await self.ask("DELETE", path, status=204)


@pytest.mark.parametrize("count", [1_000, pytest.param(TOXICS, marks=[pytest.mark.slow, pytest.mark.timeout(900)])])
def test_toxics_by_the_thousand_under_traffic_and_on_dead_peers(count: int) -> None:
    with running() as server:
        asyncio.run(_endure(server, count))


async def _endure(server: Running, count: int) -> None:
    process = psutil.Process(server.process.pid)
    async with AsyncExitStack() as stack:
        controls = [await stack.enter_async_context(Control.to(server)) for _ in range(CONTROLLERS)]
        control, peers = controls[0], Peers(stack)
        listens = await _proxies(control, peers)
        descriptors, threads = process.num_fds(), process.num_threads()
        for number in range(CLIENTS):
            peers.start(peers.talk(listens[BUSY], f"talking-{number}"))
            peers.start(peers.be_deaf(listens[DEAF_CLIENTS], f"deaf-client-{number}"))
            peers.start(peers.flood(listens[DEAF_SERVERS], f"deaf-server-{number}"))
        peers.start(peers.try_to_talk(listens[LOSING], "losing"))
        await _fill(control)
        await _all_go(controls, peers, count // 10, 1)
        before = process.memory_info().rss
        await _all_go(controls, peers, count - count // 10, 2)
        assert process.memory_info().rss - before <= GROWTH_MAX_BYTES
        async with asyncio.timeout(LIMIT_S):
            await peers.end()
        assert len(peers.sent) == 2 * CLIENTS
        assert peers.heard == peers.sent
        for name in listens:
            await _books_add_up(control, name)

        async def none_left() -> bool:
            return process.num_fds() <= descriptors

        await _until(none_left)
        assert process.num_threads() == threads


async def _proxies(control: Control, peers: Peers) -> dict[str, str]:
    """Where each listens."""
    echo = await peers.echoing_server()
    upstreams = {BUSY: echo, LOSING: echo}
    upstreams |= {DEAF_CLIENTS: await peers.flooding_server(), DEAF_SERVERS: await peers.deaf_server()}
    for name, upstream in upstreams.items():
        await control.ask("POST", "/proxies", {"name": name, "upstream": upstream}, status=201)
    return {name: proxy["listen"] for name, proxy in (await control.ask("GET", "/proxies")).items()}


async def _fill(control: Control) -> None:
    """Let the buffers before the deaf fill up, as far as they ever do: what comes later is no growth of ours."""
    for proxy, stream in ((DEAF_CLIENTS, "downstream"), (DEAF_SERVERS, "upstream")):
        toxics = f"/proxies/{proxy}/toxics"
        await control.ask("POST", toxics, {"name": "fill", "type": "bandwidth", "stream": stream})

        async def full(proxy: str = proxy, stream: str = stream) -> bool:
            rows, _ = await control.connections(proxy)
            return len(rows) == CLIENTS and all(row[f"{stream}_waiting"] > FULL_BYTES for row in rows)

        await _until(full)
        await control.ask("DELETE", f"{toxics}/fill", status=204)


async def _all_go(controls: list[Control], peers: Peers, count: int, seed: int) -> None:
    """Toxics come and go over every control connection; no peer ends meanwhile."""
    going: asyncio.Future[Any] = asyncio.gather(
        *(
            control.come_and_go(count // CONTROLLERS, Random(f"{seed}/{number}"), f"{seed}-{number}")
            for number, control in enumerate(controls)
        )
    )
    await asyncio.wait([going, *peers.clients], return_when=asyncio.FIRST_COMPLETED)
    assert not [client.exception() for client in peers.clients if client.done()]
    await going


async def _books_add_up(control: Control, proxy: str) -> None:
    """Everything that was received was passed or withheld, and withheld only where toxics lose bytes."""

    async def none_open() -> bool:
        return not (await control.connections(proxy))[0]

    await _until(none_open)
    _, seen = await control.connections(proxy)
    for stream in ("upstream", "downstream"):
        assert seen[f"{stream}_received"] == seen[f"{stream}_passed"] + seen[f"{stream}_withheld"]
    if proxy != LOSING:
        assert (seen["upstream_withheld"], seen["downstream_withheld"], seen["connections_cut"]) == (0, 0, 0)
        assert seen["connections_accepted"] == CLIENTS
    assert await control.ask("GET", f"/proxies/{proxy}/toxics") == []


async def _until(true: Callable[[], Awaitable[bool]]) -> None:
    async with asyncio.timeout(LIMIT_S):
        while not await true():
            await asyncio.sleep(0.01)
