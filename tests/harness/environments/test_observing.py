"""An answer over HTTP is what its JSON says, or the text of one that says that it is text; all else is an error."""

import asyncio
from typing import Any

import pytest

from harness.environments.base import EnvironmentFault
from harness.environments.observing import Observers


def asked(status: int, content_type: str, body: bytes) -> Any:
    """What an observer makes of this answer."""
    head = f"HTTP/1.1 {status} X\r\nContent-Type: {content_type}\r\nContent-Length: {len(body)}\r\n\r\n"

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(head.encode() + body)
        await writer.drain()
        writer.close()

    async def ask() -> Any:
        observers = Observers()
        try:
            async with await asyncio.start_server(serve, "127.0.0.1", 0) as server:
                address = server.sockets[0].getsockname()[:2]
                return await observers.request("shop", address, "GET", "/metrics", None)
        finally:
            observers.close()

    return asyncio.run(ask())


def test_json_is_read() -> None:
    assert asked(200, "application/json", b'{"a": [1]}') == {"a": [1]}
    assert asked(204, "application/json", b"") is None


def test_text_is_text_although_it_might_be_json() -> None:
    assert asked(200, "text/plain; version=0.0.4", b"seen_total 3\n") == "seen_total 3\n"
    assert asked(200, "text/plain", b"3") == "3"


@pytest.mark.parametrize(
    ("status", "content_type", "body", "said"),
    [
        (404, "text/plain", b"no such page", "shop answered GET /metrics with 404"),
        (200, "application/json", b"{", "shop answered GET /metrics with no JSON"),
    ],
)
def test_all_else_is_an_error(status: int, content_type: str, body: bytes, said: str) -> None:
    with pytest.raises(EnvironmentFault, match=said):
        asked(status, content_type, body)
