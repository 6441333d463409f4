"""Placements for tests of single kinds, and servers that are no servers."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from harness.services.base import Placement


def placement(**changes: Any) -> Placement:
    """A placement of nothing in particular."""
    given: dict[str, Any] = {
        "name": "one",
        "host": "127.0.0.1",
        "ports": {"main": 20_000},
        "directory": Path("/nowhere/one"),
        "log": Path("/nowhere/one.log"),
        "project": Path("/nowhere"),
    }
    return Placement(**{**given, **changes})


@asynccontextmanager
async def replying(reply: bytes, *, after: int = 0) -> AsyncIterator[int]:
    """A TCP server that sends `reply` after it has read `after` bytes, and closes; yields its port."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if after:
            await reader.read(after)
        writer.write(reply)
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with server:
        yield server.sockets[0].getsockname()[1]
