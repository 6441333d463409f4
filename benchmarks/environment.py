"""Time until the whole topology is ready: without and with the cached database template, on containers, after a reset.

Beside it, in the same run and taking turns with it, what the servers alone take: one `mariadbd` on a copy of the same
template and one `redis-server`, started by hand and awaited in the same way. That is the least any start could take;
what is above it buys the replica, the fault proxy, the world and the system. The cold start is measured once, with a
cache of its own, the others several times; the median is shown. Containers come where an engine and images are there.
"""

import asyncio
import contextlib
import os
import shutil
import subprocess
from collections.abc import AsyncIterator, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

from benchmarks.figures import Figure, Report
from harness.clock import monotonic_s, sleep_s
from harness.config import Config
from harness.environments.choice import LocalEnvironment, cannot_run, environment_called
from harness.environments.ports import PortLease
from harness.environments.processes import ProcessesEnvironment
from harness.services.answers import greets, pongs
from harness.services.base import Placement, Program
from harness.services.database_template import cache_root, copy_data
from harness.services.mariadb import MariaDB
from harness.services.redis import Redis
from harness.topology import Topology

ROUNDS, ROUNDS_ON_CONTAINERS = 5, 3
READY_TARGET_S, READY_ON_CONTAINERS_TARGET_S = 2.0, 10.0
RESET_TARGET_S = 0.5
LIMIT_S = 300.0
_ROOT = Path(__file__).resolve().parent.parent


def run() -> Report:
    """Measure; takes a minute or two."""
    topology: Topology = Config.load(_ROOT).load_topology()
    problem = cannot_run("containers", topology, _ROOT)
    report = asyncio.run(_measure(topology))
    if problem is not None:
        return replace(report, conditions=f"{report.conditions}; no containers: {problem}")
    return replace(report, figures=(*report.figures, *asyncio.run(_measure_containers(topology))))


async def _measure_containers(topology: Topology) -> Sequence[Figure]:
    environment = environment_called("containers")(topology, project=_ROOT)
    ready: list[float] = []
    resets: list[float] = []
    async with asyncio.timeout(LIMIT_S):
        for _ in range(ROUNDS_ON_CONTAINERS):
            async with _timed_up(environment) as took_s:
                ready.append(took_s)
                resets.append(await _timed_reset(environment))
    return (
        Figure(
            name="ready on containers, images there",
            value=median(ready),
            unit="s",
            target=READY_ON_CONTAINERS_TARGET_S,
            beside=f"from {min(ready):.1f} to {max(ready):.1f} s",
        ),
        Figure(name="reset on containers", value=median(resets), unit="s"),
    )


async def _timed_reset(environment: LocalEnvironment) -> float:
    began_s = monotonic_s()
    await environment.reset()
    return monotonic_s() - began_s


async def _measure(topology: Topology) -> Report:
    environment = ProcessesEnvironment(topology, project=_ROOT)
    cached: list[float] = []
    resets: list[float] = []
    plain: list[float] = []
    async with asyncio.timeout(LIMIT_S):
        with TemporaryDirectory(prefix="drill-bench-") as folder, _cache_in(Path(folder)):
            async with _timed_up(environment) as cold_s:
                pass
            for _ in range(ROUNDS):
                async with _timed_up(environment) as took_s:
                    cached.append(took_s)
                    resets.append(await _timed_reset(environment))
                plain.append(await _plain_start(Path(folder)))
    beside = f"the two servers alone: {median(plain):.2f} s"
    figures = (
        Figure(name="ready, no template yet", value=cold_s, unit="s"),
        Figure(name="ready, template cached", value=median(cached), unit="s", target=READY_TARGET_S, beside=beside),
        Figure(name="reset", value=median(resets), unit="s", target=RESET_TARGET_S, beside=beside),
    )
    services = sum(service.kind != "operator" for service in topology.services)
    return Report(
        title=f"Environment: {services} services, {len(topology.links)} links",
        figures=figures,
        conditions=f"median of {ROUNDS} rounds, in turns; from {min(cached):.2f} to {max(cached):.2f} s ready, "
        f"from {min(resets):.2f} to {max(resets):.2f} s reset, on {os.cpu_count()} processors",
    )


@contextlib.contextmanager
def _cache_in(folder: Path) -> Iterator[None]:
    """Templates of this benchmark are its own."""
    before = os.environ.get("XDG_CACHE_HOME")
    os.environ["XDG_CACHE_HOME"] = str(folder)
    try:
        yield
    finally:
        if before is None:
            del os.environ["XDG_CACHE_HOME"]
        else:
            os.environ["XDG_CACHE_HOME"] = before


@contextlib.asynccontextmanager
async def _timed_up(environment: LocalEnvironment) -> AsyncIterator[float]:
    """Up; yields the seconds that took; down."""
    began_s = monotonic_s()
    await environment.up()
    try:
        yield monotonic_s() - began_s
    finally:
        await environment.down()


async def _plain_start(folder: Path) -> float:
    """Seconds until a database server on a copied template and a cache server answer, started directly."""
    template = max((path for path in cache_root().iterdir() if path.is_dir()), key=lambda path: path.stat().st_mtime)
    lease = PortLease()
    ports = lease.take(), lease.take()
    base = Placement(
        name="plain",
        host="127.0.0.1",
        ports={"main": ports[0]},
        directory=folder / "plain",
        log=folder / "plain.log",
        project=_ROOT,
    )
    began_s = monotonic_s()
    base.directory.mkdir()
    MariaDB().configure(base)
    copy_data(template, base.directory / "data")
    started = [_start(MariaDB().command(base)), _start(Redis().command(replace(base, ports={"main": ports[1]})))]
    try:
        while await greets("127.0.0.1", ports[0]) or await pongs("127.0.0.1", ports[1]):
            await sleep_s(0.01)
        return monotonic_s() - began_s
    finally:
        for process in started:
            process.kill()
            process.wait()
        lease.release()
        shutil.rmtree(base.directory)


def _start(program: Program) -> "subprocess.Popen[bytes]":
    return subprocess.Popen(
        program.argv, env=dict(program.environ), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )


if __name__ == "__main__":
    from rich.console import Console

    from benchmarks.figures import show

    show(run(), Console())
