"""The faults of a link on a real one: a Redis behind the fault proxy, and clients that hold connections to it."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from harness.environments.processes import ProcessesEnvironment
from harness.faults import Evidence, Fault, Latency, Partition, Withhold
from harness.faults.link import connects, first_answer_s
from harness.topology import Link, Service, Topology

LINK = "client->redis"
ONE_LINK = Topology(
    name="one_link",
    services=(Service(name="redis", kind="redis"),),
    links=(Link(name=LINK, source="client", target="redis", speaks="redis"),),
)


@contextmanager
def closing(writer: asyncio.StreamWriter) -> Iterator[None]:
    try:
        yield
    finally:
        writer.transport.abort()


async def ping(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, within_s: float = 0.3) -> bytes | None:
    """The answer to a PING; None when none came in time, empty when the connection was cut."""
    try:
        writer.write(b"PING\r\n")
        async with asyncio.timeout(within_s):
            return await reader.readline()
    except TimeoutError:
        return None
    except ConnectionError:
        return b""


def on_a_real_link(tmp_path: Path, use: Callable[[ProcessesEnvironment], Awaitable[None]]) -> None:
    async def run() -> None:
        environment = ProcessesEnvironment(ONE_LINK, directory=tmp_path)
        try:
            await environment.up()
            await use(environment)
        finally:
            await environment.down()

    asyncio.run(run())


async def evidence_while(
    fault: Fault, environment: ProcessesEnvironment, then: Callable[[], Awaitable[None]]
) -> Evidence:
    witness = await fault.watch(environment)
    assert not (await witness.evidence()).proof, "proved before it was injected"
    async with fault.apply(environment):
        await then()
        return await witness.evidence()


@pytest.mark.slow
def test_latency_partition_and_withhold_bite_open_connections_and_heal(tmp_path: Path) -> None:
    async def use(environment: ProcessesEnvironment) -> None:
        address = environment.link_address(LINK)
        reader, writer = await asyncio.open_connection(*address)
        with closing(writer):
            assert await ping(reader, writer, within_s=5) == b"+PONG\r\n"

            async def slowly() -> None:
                assert await ping(reader, writer, within_s=0.2) is None
                assert await reader.readline() == b"+PONG\r\n"

            assert (await evidence_while(Latency(link=LINK, latency_ms=400), environment, slowly)).proof
            assert await ping(reader, writer, within_s=5) == b"+PONG\r\n"

            async def silently() -> None:
                assert await ping(reader, writer) is None

            assert (await evidence_while(Withhold(link=LINK), environment, silently)).proof
            assert await ping(reader, writer, within_s=5) == b"", "what was withheld from is closed on healing"

        reader, writer = await asyncio.open_connection(*address)
        with closing(writer):
            assert await ping(reader, writer, within_s=5) == b"+PONG\r\n"

            async def not_at_all() -> None:
                assert await ping(reader, writer, within_s=5) == b"", "a connection that was open goes on"
                assert not await connects(address)

            assert (await evidence_while(Partition(link=LINK), environment, not_at_all)).proof
        assert await first_answer_s(address, "redis", limit_s=5) is not None

    on_a_real_link(tmp_path, use)
