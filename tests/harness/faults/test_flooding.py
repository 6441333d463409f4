"""The flooding program: what it is given goes out as it is, over and over, until its standard input ends."""

import asyncio
import io
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.clock import monotonic_s
from harness.faults import flooding
from tests.answering import HANG_UP, SAY_NOTHING, Answer, Answering, Request, answering

BODIES = (b"one", b"two", b"three")


def request(body: bytes) -> bytes:
    return b"POST /in HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n" % len(body) + body


def busy(_: Request) -> tuple[int, Any]:
    return 429, {"error": "busy"}


@asynccontextmanager
async def flooded(answer: Answer, *, clients: int = 1, rate_per_s: float = 0) -> AsyncIterator[Answering]:
    """A server under the flood of a real process; leaving ends the flood by the end of its standard input."""
    async with asyncio.timeout(60), answering(answer) as server:
        words = ("-I", "-S", str(Path(flooding.__file__)), *map(str, (*server.address, clients, rate_per_s)))
        process = await asyncio.create_subprocess_exec(sys.executable, *words, stdin=asyncio.subprocess.PIPE)
        assert process.stdin is not None
        process.stdin.write(flooding.packed([request(body) for body in BODIES]))
        try:
            yield server
        finally:
            process.stdin.close()
            assert await process.wait() == 0


async def until(come: Callable[[], bool]) -> None:
    while not come():
        await asyncio.sleep(0.002)


@given(st.lists(st.binary(min_size=1, max_size=300)), st.binary())
def test_what_is_packed_is_unpacked_and_nothing_behind_it_is_read(requests: list[bytes], behind: bytes) -> None:
    stream = io.BytesIO(flooding.packed(requests) + behind)
    assert flooding.unpacked(stream) == requests
    assert stream.read() == behind


def test_all_of_it_goes_out_in_order_and_again() -> None:
    async def bodies() -> list[bytes]:
        async with flooded(busy) as server:
            await until(lambda: len(server.requests) >= 8)
            return [one.body for one in server.requests[:8]]

    assert asyncio.run(bodies()) == [*BODIES, *BODIES, *BODIES][:8]


def test_each_client_waits_for_its_answer() -> None:
    """So no more are on their way than there are clients, although none of them is ever answered."""

    async def count() -> int:
        async with flooded(lambda _: (SAY_NOTHING, {}), clients=3) as server:
            await until(lambda: len(server.requests) >= 3)
            await asyncio.sleep(0.1)
            return len(server.requests)

    assert asyncio.run(count()) == 3


@pytest.mark.parametrize("clients", [1, 5])
def test_a_connection_that_ends_is_made_again(clients: int) -> None:
    def hangs_up(request: Request) -> tuple[int, Any]:
        return (HANG_UP, {}) if request.body == b"two" else busy(request)

    async def count() -> int:
        async with flooded(hangs_up, clients=clients) as server:
            await until(lambda: sum(one.body == b"two" for one in server.requests) >= 4)
            return len(server.requests)

    assert asyncio.run(count()) >= 10


def test_a_server_that_is_not_there_is_asked_until_the_flood_ends() -> None:
    async def end() -> None:
        async with flooded(lambda _: (HANG_UP, {})) as server:
            await until(lambda: len(server.requests) >= 3)

    asyncio.run(end())


def test_a_bounded_rate_is_no_higher_on_any_machine() -> None:
    async def count() -> tuple[int, float]:
        async with flooded(busy, clients=8, rate_per_s=200.0) as server:
            began_s = monotonic_s()
            await until(lambda: len(server.requests) >= 60)
            return len(server.requests), monotonic_s() - began_s

    sent, took_s = asyncio.run(count())
    assert sent <= 200.0 * (took_s + 2 * flooding.TICK_S) + 4 * 200.0 * flooding.TICK_S
