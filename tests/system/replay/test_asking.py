"""A partner's request reaches an app as a server's would, and the partner stays until it is answered."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route

from system.replay.asking import ask
from system.replay.steered import run_steered

START = datetime(2026, 2, 2, 14, tzinfo=UTC)


async def _tell(request: Request) -> Response:
    body = await request.body()
    told = {
        "body": body.decode(),
        "partner": request.headers["x-partner"],
        "length": request.headers["content-length"],
        "gone": await request.is_disconnected(),
    }
    return JSONResponse(told, status_code=202, headers={"Retry-After": "1"})


async def _in_parts(_: Request) -> Response:
    async def parts() -> AsyncIterator[bytes]:
        for part in (b"one ", b"two ", b"three"):
            await asyncio.sleep(1)
            yield part

    return StreamingResponse(parts())


APP = Starlette(routes=[Route("/tell", _tell, methods=["POST"]), Route("/parts", _in_parts, methods=["POST"])])


def test_headers_and_body_arrive_and_nobody_goes_away() -> None:
    answer = run_steered(lambda _: ask(APP, "/tell", {"X-Partner": "P1"}, "ü".encode()), starts_at=START)
    assert answer.status == 202
    assert (b"retry-after", b"1") in answer.headers
    assert answer.body == '{"body":"ü","partner":"P1","length":"2","gone":false}'.encode()


def test_an_answer_in_parts_is_whole() -> None:
    answer = run_steered(lambda _: ask(APP, "/parts", {}, b""), starts_at=START)
    assert (answer.status, answer.body) == (200, b"one two three")


def test_what_is_not_there_is_said_so() -> None:
    assert run_steered(lambda _: ask(APP, "/nowhere", {}, b""), starts_at=START).status == 404
