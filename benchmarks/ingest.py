"""How many signals a second go through ingest, and what share that is of what the database itself can commit.

The whole topology runs, with every link through the fault proxy. Each level of concurrency is measured twice in turns:
first the floor, bare `INSERT` and `COMMIT` of one row through the same endpoint, then ingest, which authenticates,
parses, validates, asks Redis, writes four rows and commits. The resolver and the agents are stopped meanwhile, so that
they do not compete for the processors; one more line shows ingest with them at work. Clients are closed loops: each
sends its next signal when the last was answered.
"""

import asyncio
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from time import perf_counter
from uuid import uuid4

import pymysql

from benchmarks.figures import Figure, Report, percentile
from harness.environments.processes import ProcessesEnvironment
from scenarios.world.partners import trading_partners
from scenarios.world.tenders import Batch, TenderSource
from scenarios.world.topology import TOPOLOGY

LEVELS = (1, 8, 32)
SECONDS = 3.0
LIMIT_S = 180.0
_ROOT = Path(__file__).resolve().parent.parent
_WORKERS = ("resolver", "agents")
_SCRATCH = "CREATE TABLE IF NOT EXISTS bench_floor (id CHAR(36) PRIMARY KEY, partner VARCHAR(20), raw MEDIUMTEXT)"


@dataclass(slots=True)
class Counted:
    """What closed loops did in one stretch: things done, how long each operation took, and how many were refused."""

    done: int = 0
    durations_s: list[float] = field(default_factory=list)
    refused: int = 0
    took_s: float = 0.0

    @property
    def per_second(self) -> float:
        return self.done / self.took_s if self.took_s else 0.0

    def figures(self, what: str) -> str:
        """In words, with how long one operation took."""
        middle, slow = (percentile(self.durations_s, percent) * 1000 for percent in (50, 99))
        refused = f", {self.refused} refused" if self.refused else ""
        return f"{what}: p50 {middle:.1f} ms, p99 {slow:.1f} ms{refused}"


def batches(seed: int) -> Iterator[tuple[bytes, int]]:
    """Requests without an end, of all partners in turn, and how many signals each holds."""
    partners = trading_partners()
    sources = [TenderSource(f"bench {seed}", partner.id, originals_only=True) for partner in partners]
    while True:
        for partner, source in zip(partners, sources, strict=True):
            batch = source.next()
            yield _request(batch, partner.id, partner.api_key), len(batch.tenders)


def _request(batch: Batch, partner: str, key: str) -> bytes:
    head = (
        "POST /signals HTTP/1.1\r\nHost: ingest\r\n"
        f"Authorization: Bearer {key}\r\nX-Partner: {partner}\r\n"
        f"Content-Type: {batch.content_type}\r\nContent-Length: {len(batch.body)}\r\n\r\n"
    )
    return head.encode() + batch.body


async def through_ingest(address: tuple[str, int], requests: Iterator[tuple[bytes, int]], clients: int) -> Counted:
    """`clients` connections, kept open, for `SECONDS`. The client is as bare as can be: it shares the processors."""
    counted, ends_s = Counted(), perf_counter() + SECONDS

    async def one_client() -> None:
        reader, writer = await asyncio.open_connection(*address)
        try:
            while (started_s := perf_counter()) < ends_s:
                request, signals = next(requests)
                writer.write(request)
                status = await _status(reader)
                counted.durations_s.append(perf_counter() - started_s)
                if status == 202:
                    counted.done += signals
                else:
                    counted.refused += 1
        finally:
            writer.close()

    started_s = perf_counter()
    await asyncio.gather(*(one_client() for _ in range(clients)))
    counted.took_s = perf_counter() - started_s
    return counted


async def _status(reader: asyncio.StreamReader) -> int:
    """Read one answer to its end."""
    head = (await reader.readuntil(b"\r\n\r\n")).lower()
    length = head.partition(b"content-length: ")[2].partition(b"\r\n")[0]
    await reader.readexactly(int(length))
    return int(head.split(b" ", 2)[1])


def floor(address: tuple[str, int], clients: int) -> Counted:
    """One row, one commit, over and over, on `clients` connections in threads."""
    counted, ends_s, lock = Counted(), perf_counter() + SECONDS, threading.Lock()
    raw = next(batches(0))[0].decode("utf-8", "replace")

    def one_client() -> None:
        durations_s: list[float] = []
        with _connected(address) as connection, connection.cursor() as cursor:
            while (started_s := perf_counter()) < ends_s:
                cursor.execute("INSERT INTO bench_floor VALUES (%s, %s, %s)", (str(uuid4()), "P1001", raw))
                connection.commit()
                durations_s.append(perf_counter() - started_s)
        with lock:
            counted.durations_s += durations_s
            counted.done += len(durations_s)

    threads = [threading.Thread(target=one_client, daemon=True) for _ in range(clients)]
    started_s = perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    counted.took_s = perf_counter() - started_s
    return counted


def _connected(address: tuple[str, int]) -> "pymysql.Connection[pymysql.cursors.Cursor]":
    host, port = address
    return pymysql.connect(
        host=host,
        port=port,
        user="freight",
        password="secret-freight",
        database="freight",
        connect_timeout=5,
        read_timeout=10,
        write_timeout=10,
        ssl_disabled=True,
    )


def _make_scratch(address: tuple[str, int]) -> None:
    with _connected(address) as connection, connection.cursor() as cursor:
        cursor.execute(_SCRATCH)


async def measure() -> Report:
    """Bring everything up, measure, and end it."""
    environment = ProcessesEnvironment(TOPOLOGY, project=_ROOT)
    figures: list[Figure] = []
    try:
        async with asyncio.timeout(LIMIT_S):
            await environment.up()
            database, ingest = (environment.link_address(link) for link in ("ingest->database", "partners->ingest"))
            await asyncio.to_thread(_make_scratch, database)
            requests = batches(1)
            for worker in _WORKERS:
                await environment.pause(worker)
            for clients in LEVELS:
                bare = await asyncio.to_thread(floor, database, clients)
                seen = await through_ingest(ingest, requests, clients)
                figures += _figures(f"{clients} at once", seen, bare)
            for worker in _WORKERS:
                await environment.resume(worker)
            working = await through_ingest(ingest, requests, LEVELS[1])
            figures += _figures(f"{LEVELS[1]} at once, resolver and agents at work", working, None)
    finally:
        await environment.down()
    return Report(
        title="Signals through ingest, on the whole topology",
        figures=tuple(figures),
        conditions=f"{SECONDS:g} s each; the floor is one INSERT and COMMIT through the same endpoint",
    )


def _figures(name: str, seen: Counted, bare: Counted | None) -> list[Figure]:
    beside = bare.figures(f"floor {bare.per_second:,.0f} commits/s") if bare else ""
    found = [
        Figure(name=f"{name}: signals", value=seen.per_second, unit="/s", better="more", beside=beside),
        Figure(
            name=f"{name}: p99 of a request",
            value=percentile(seen.durations_s, 99) * 1000,
            unit="ms",
            beside=seen.figures(f"{len(seen.durations_s)} requests"),
        ),
    ]
    if bare:
        ratio = seen.per_second / bare.per_second
        found.append(Figure(name=f"{name}: of the floor", value=ratio, unit="x", better="more"))
    return found


def run() -> Report:
    """Measure in an event loop of its own."""
    return asyncio.run(measure())
