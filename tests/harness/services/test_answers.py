"""A look says None when a server answers as its kind does, and otherwise what it saw."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from harness.services import answers
from harness.services.answers import accepts, greets, pongs, serves
from tests.harness.services.placements import replying

Look = Callable[[str, int], Awaitable[str | None]]


def readyz(host: str, port: int) -> Awaitable[str | None]:
    return serves(host, port, "/readyz")


def seen(look: Look, reply: bytes, *, after: int = 0) -> str | None:
    async def against_it() -> str | None:
        async with replying(reply, after=after) as port:
            return await look("127.0.0.1", port)

    return asyncio.run(against_it())


@pytest.mark.parametrize(
    ("look", "reply", "after"),
    [
        (accepts, b"", 0),
        (greets, b"J\x00\x00\x00\x0a10.11", 0),
        (pongs, b"+PONG\r\n", 6),
        (readyz, b"HTTP/1.1 200 OK\r\n\r\n{}", 1),
    ],
)
def test_the_right_answer_is_no_problem(look: Look, reply: bytes, after: int) -> None:
    assert seen(look, reply, after=after) is None


@pytest.mark.parametrize(
    ("look", "reply", "after", "problem"),
    [
        (greets, b"J\x00\x00\x00\xffToo many", 0, "refuses clients"),
        (greets, b"J", 0, "closed the connection"),
        (pongs, b"-LOADING", 6, "PING gave b'-LOAD'"),
        (readyz, b'HTTP/1.1 503 No\r\n\r\n{"database": "away"}', 1, 'GET /readyz gave 503: {"database": "away"}'),
        (readyz, b"", 1, "no answer"),
        (readyz, b"garbage", 1, "no answer"),
    ],
)
def test_another_answer_is_told(look: Look, reply: bytes, after: int, problem: str) -> None:
    assert problem in str(seen(look, reply, after=after))


@pytest.mark.parametrize("look", [accepts, greets, pongs, readyz])
def test_nobody_there_is_told(look: Look) -> None:
    async def against_nobody() -> str | None:
        async with replying(b"") as port:
            pass
        return await look("127.0.0.1", port)

    assert "127.0.0.1:" in str(asyncio.run(against_nobody()))


def test_a_server_that_says_nothing_does_not_hold_up_who_looks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(answers, "LOOK_LIMIT_S", 0.05)

    async def against_silence() -> str | None:
        held = asyncio.Event()

        async def say_nothing(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await held.wait()
            writer.close()

        server = await asyncio.start_server(say_nothing, "127.0.0.1", 0)
        async with server:
            problem = await greets("127.0.0.1", server.sockets[0].getsockname()[1])
            held.set()
            return problem

    assert "said nothing" in str(asyncio.run(against_silence()))
