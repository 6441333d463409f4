"""Bodies: read while they stream, cut off where they are too large, whatever their headers say."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest

from system.ingest import bodies


async def parts(count: int, size: int, sent: list[int] | None = None) -> AsyncIterator[bytes]:
    for _ in range(count):
        if sent is not None:
            sent.append(size)
        yield b"x" * size


def post(running: Any, content: AsyncIterator[bytes], **headers: str) -> Any:
    return running.ask(lambda client: client.post("/signals", content=content, headers={**running.headers, **headers}))


def test_a_body_without_a_length_is_counted_as_it_comes(start: Any) -> None:
    running = start(max_body_bytes=1000)
    assert post(running, parts(10, 100)).status_code == 400
    assert post(running, parts(11, 100)).status_code == 413


def test_a_false_length_does_not_help(start: Any) -> None:
    running = start(max_body_bytes=1000)
    assert post(running, parts(11, 100), **{"Content-Length": "10"}).status_code == 413


def test_a_declared_length_far_too_large_is_refused_unread(start: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bodies, "DISCARDED_BYTES_MAX", 5000)

    class Unread:
        headers = {"content-length": "6001"}  # noqa: RUF012 - as Starlette has it

        def stream(self) -> AsyncIterator[bytes]:
            raise AssertionError("read")

    with pytest.raises(bodies.BodyTooLarge):
        asyncio.run(bodies.read_body(Unread(), bytes_max=1000))  # type: ignore[arg-type]


def test_an_endless_body_is_not_read_to_its_end(start: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bodies, "DISCARDED_BYTES_MAX", 5000)

    class Endless:
        headers: dict[str, str] = {}  # noqa: RUF012 - as Starlette has it
        sent: list[int] = []  # noqa: RUF012 - counted below

        def stream(self) -> AsyncIterator[bytes]:
            return parts(1_000_000, 100, self.sent)

    with pytest.raises(bodies.BodyTooLarge):
        asyncio.run(bodies.read_body(Endless(), bytes_max=1000))  # type: ignore[arg-type]
    assert sum(Endless.sent) <= 6200


def test_a_sender_that_stalls_is_cut_off(start: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bodies, "BODY_WITHIN_S", 0.05)

    async def stalled() -> AsyncIterator[bytes]:
        yield b"x"
        await asyncio.Event().wait()

    assert post(start(), stalled()).status_code == 408
