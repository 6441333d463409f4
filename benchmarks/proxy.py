"""The embedded fault proxy beside Toxiproxy itself, and beside no proxy at all: bytes per second, and time added.

Each round measures the three in turns, so that whatever else the machine does meets them all; what is compared is
compared within a round, and the median of the rounds is shown. The peers are processes of their own. Where Toxiproxy
cannot be had (it is built from its Go module) the embedded proxy is shown beside the direct way alone.

    python -m benchmarks.proxy
"""

import asyncio
import json
import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median

import psutil

from benchmarks.figures import Figure, Report
from harness.clock import Deadline, block_s
from harness.proxy.client import ProxyControl, ProxyError
from harness.services import toxiproxy
from harness.services.base import ServiceFault

ROUNDS = 5
MANY = 100
SENT_BYTES = 1_000_000_000
QUESTIONS = 5_000
READY_WITHIN_S = 20.0
ROUND_LIMIT_S = 60.0
ADDED_TARGET_US = 50.0
DIRECT, EMBEDDED, TOXIPROXY = "direct", "embedded", "Toxiproxy"
_ROOT = Path(__file__).resolve().parent.parent


@dataclass(frozen=True, slots=True, kw_only=True)
class Way:
    """From client to server: where it begins, and the process in between, if there is one."""

    address: str
    process: psutil.Process | None = None

    def processor_s(self) -> float:
        """What the process has used so far."""
        if self.process is None:
            return 0.0
        used = self.process.cpu_times()
        return used.user + used.system


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """One way, in one round: bytes a second on one connection and on many, what a GB on one takes of the processor, and
    the time from question to echo.
    """

    one: float
    many: float
    processor_s_per_gb: float
    p50_s: float
    p99_s: float


def run() -> Report:
    """Measure; takes about a minute, and half a minute more the first time, when Toxiproxy is built."""
    with ExitStack() as stack:
        direct = f"127.0.0.1:{stack.enter_context(_peer())}"
        ways = {DIRECT: Way(address=direct), EMBEDDED: stack.enter_context(_embedded(direct))}
        missing = ""
        try:
            ways[TOXIPROXY] = stack.enter_context(_toxiproxy(direct))
        except ServiceFault as fault:
            missing = f"; without Toxiproxy: {str(fault).splitlines()[0]}"
        rounds = [{name: _measure(way) for name, way in ways.items()} for _ in range(ROUNDS)]
    return Report(
        title="The fault proxy beside Toxiproxy" if TOXIPROXY in ways else "The fault proxy",
        figures=tuple(_figures(rounds)),
        conditions=f"median of {ROUNDS} rounds, in turns, on {os.cpu_count()} processors; {SENT_BYTES:,} bytes, "
        f"{QUESTIONS:,} questions of 64 bytes a round{missing}",
    )


def _figures(rounds: list[dict[str, Measured]]) -> Iterator[Figure]:
    beside = TOXIPROXY if TOXIPROXY in rounds[0] else DIRECT
    for name, many in (("bytes a second on one connection", False), (f"on {MANY} connections", True)):
        rates = {way: [one.many if many else one.one for one in found] for way, found in _by_way(rounds).items()}
        yield Figure(
            name=f"{name}, of {beside}'s",
            value=median(ours / theirs for ours, theirs in zip(rates[EMBEDDED], rates[beside], strict=True)),
            unit="x",
            target=1.0 if beside == TOXIPROXY and not many else None,
            better="more",
            beside=", ".join(f"{way} {median(rate) / 1e6:,.0f} MB/s" for way, rate in rates.items()),
        )
    if beside == TOXIPROXY:
        cost = {way: [one.processor_s_per_gb for one in found] for way, found in _by_way(rounds).items()}
        yield Figure(
            name=f"processor time of a GB, of {beside}'s",
            value=median(ours / theirs for ours, theirs in zip(cost[EMBEDDED], cost[beside], strict=True)),
            unit="x",
            beside=", ".join(f"{way} {median(cost[way]):.2f} s" for way in (EMBEDDED, beside)),
        )
    for percent in (50, 99):
        took = {way: [_us(one, percent) for one in found] for way, found in _by_way(rounds).items()}
        added = {
            way: [us - direct for us, direct in zip(took[way], took[DIRECT], strict=True)]
            for way in took
            if way != DIRECT
        }
        apart = [ours - theirs for ours, theirs in zip(took[EMBEDDED], took[beside], strict=True)]
        said = ", ".join(f"{way} adds {median(us):.0f} us" for way, us in added.items())
        yield Figure(
            name=f"p{percent} of an answer, after {beside}'s",
            value=median(apart),
            unit="us",
            target=ADDED_TARGET_US if beside == TOXIPROXY and percent == 50 else None,
            beside=f"{said}, to {median(took[DIRECT]):.0f} us",
        )


def _by_way(rounds: list[dict[str, Measured]]) -> dict[str, list[Measured]]:
    return {way: [one[way] for one in rounds] for way in rounds[0]}


def _us(measured: Measured, percent: int) -> float:
    return (measured.p50_s if percent == 50 else measured.p99_s) * 1e6


def _measure(way: Way) -> Measured:
    p50_s, p99_s = _asked("ask", way.address, QUESTIONS)
    before_s = way.processor_s()
    (one,) = _asked("send", way.address, 1, SENT_BYTES)
    used_s = way.processor_s() - before_s
    (many,) = _asked("send", way.address, MANY, SENT_BYTES)
    return Measured(one=one, many=many, processor_s_per_gb=used_s / SENT_BYTES * 1e9, p50_s=p50_s, p99_s=p99_s)


def _asked(do: str, address: str, *numbers: int) -> list[float]:
    words = [sys.executable, "-m", "benchmarks.proxy_peers", do, *address.split(":"), *map(str, numbers)]
    ended = subprocess.run(words, cwd=_ROOT, stdout=subprocess.PIPE, text=True, timeout=ROUND_LIMIT_S, check=True)
    found: list[float] = json.loads(ended.stdout)
    return found


@contextmanager
def _peer() -> Iterator[int]:
    words = [sys.executable, "-m", "benchmarks.proxy_peers", "serve"]
    with subprocess.Popen(words, cwd=_ROOT, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            yield int(process.stdout.readline())
        finally:
            process.kill()


@contextmanager
def _embedded(upstream: str) -> Iterator[Way]:
    port = _free_port()
    with _started([sys.executable, "-m", "harness.proxy", "--port", str(port)], port, upstream) as way:
        yield way


@contextmanager
def _toxiproxy(upstream: str) -> Iterator[Way]:
    port = _free_port()
    with _started([str(toxiproxy.program()), "-host", "127.0.0.1", "-port", str(port)], port, upstream) as way:
        yield way


@contextmanager
def _started(command: list[str], port: int, upstream: str) -> Iterator[Way]:
    """A fault proxy with one proxy to `upstream`."""
    environ = {**os.environ, "LOG_LEVEL": "error"}
    with subprocess.Popen(
        command, cwd=_ROOT, env=environ, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    ) as process:
        try:
            url, deadline = f"http://127.0.0.1:{port}", Deadline(READY_WITHIN_S)
            while not _answers(url):
                if deadline.passed or process.poll() is not None:
                    raise RuntimeError(f"{command[0]} does not answer at {url}")
                block_s(0.05)
            yield Way(address=_made(url, upstream), process=psutil.Process(process.pid))
        finally:
            process.kill()


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port: int = free.getsockname()[1]
    return port


def _answers(url: str) -> bool:
    async def ask() -> None:
        async with ProxyControl(url) as control:
            await control.version()

    try:
        asyncio.run(ask())
    except ProxyError:
        return False
    return True


def _made(url: str, upstream: str) -> str:
    """Where a new proxy to `upstream` listens."""

    async def make() -> str:
        async with ProxyControl(url) as control:
            return await control.create("benchmark", "127.0.0.1:0", upstream)

    return asyncio.run(make())


if __name__ == "__main__":
    from rich.console import Console

    from benchmarks.figures import show

    show(run(), Console())
