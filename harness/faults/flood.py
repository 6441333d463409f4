"""A client floods a service: the same requests over and over, as fast as it gets its answers.

What it sends is the scenario's affair; here it is bytes. It comes over a link of its own, so that the fault proxy
counts it apart from everybody else: proof is what that link carried, both ways, and not what the flooding program says
of itself. The program is a process besides the harness and ends with it.
"""

import asyncio
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from harness.environments.base import Environment, LinkTraffic, Network
from harness.faults import flooding
from harness.faults.base import Evidence, OfLink, Witness, capability

_ENDS_WITHIN_S = 5.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """One HTTP request; the length of its body is stated for it."""

    path: str
    body: bytes
    headers: tuple[tuple[str, str], ...] = ()
    method: str = "POST"

    def encoded(self, host: str) -> bytes:
        """As it goes over the wire."""
        stated = (("Host", host), *self.headers, ("Content-Length", str(len(self.body))))
        lines = [f"{self.method} {self.path} HTTP/1.1", *(f"{name}: {value}" for name, value in stated)]
        return "\r\n".join(lines).encode("latin-1") + b"\r\n\r\n" + self.body


class Source(Protocol):
    """Where the requests come from: a frozen value of the scenario's world."""

    def requests(self) -> Sequence[Request]:
        """What is sent, in this order and then again from the beginning; the same at every call."""
        ...


@dataclass(frozen=True, slots=True)
class _Counter:
    network: Network
    link: str
    before: LinkTraffic
    longest: int
    at_least: int

    async def evidence(self) -> Evidence:
        now = await self.network.traffic(self.link)
        sent = now.upstream_passed - self.before.upstream_passed
        answered = now.downstream_passed - self.before.downstream_passed
        requests = sent // self.longest
        return Evidence(
            proof=requests >= self.at_least and answered > 0,
            facts={
                "requests_at_least": requests,
                "bytes": sent,
                "bytes_of_answers": answered,
                "connections": now.connections_accepted - self.before.connections_accepted,
            },
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Flood(OfLink):
    """`clients` of `source` send over `link`, which is theirs alone, each as soon as it has its answer.

    `rate_per_s` bounds all clients together; None is no bound. It has bitten once the link has carried `at_least`
    requests.
    """

    source: Source
    clients: int = 1
    rate_per_s: float | None = None
    at_least: int = 100

    async def watch(self, environment: Environment) -> Witness:
        network = capability(environment, Network)
        longest = max(map(len, self._encoded(environment)))
        return _Counter(network, self.link, await network.traffic(self.link), longest, self.at_least)

    @asynccontextmanager
    async def apply(self, environment: Environment) -> AsyncIterator[None]:
        host, port = environment.link_address(self.link)
        words = (str(Path(flooding.__file__)), host, str(port), str(self.clients), str(self.rate_per_s or 0))
        # In a session of its own: it ends when it is told to, and not by the Ctrl-C that is meant for the harness.
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-I", "-S", *words, stdin=asyncio.subprocess.PIPE, start_new_session=True
        )
        try:
            if process.stdin is None:
                raise RuntimeError("asked for a pipe and got none")
            with suppress(ConnectionError):  # a program that died at once is seen by what it did not do
                process.stdin.write(flooding.packed(self._encoded(environment)))
                await process.stdin.drain()
            yield
        finally:
            await _ended(process)

    def _encoded(self, environment: Environment) -> list[bytes]:
        host, port = environment.link_address(self.link)
        return [request.encoded(f"{host}:{port}") for request in self.source.requests()]


async def _ended(process: asyncio.subprocess.Process) -> None:
    if process.stdin is not None:
        process.stdin.close()
    try:
        async with asyncio.timeout(_ENDS_WITHIN_S):
            await process.wait()
    except TimeoutError:
        with suppress(ProcessLookupError):  # it may have ended meanwhile
            process.kill()
        await process.wait()
