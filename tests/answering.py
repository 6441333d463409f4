"""A small HTTP server on loopback, in a test's own event loop or in a thread beside it, answering as the test says."""

import asyncio
import json
import threading
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from typing import Any

HANG_UP = 0
"""In the place of a status: the connection is cut without an answer."""

SAY_NOTHING = -1
"""In the place of a status: the request is read and never answered."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What came in; names of headers are in lower case."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes


Answer = Callable[[Request], tuple[int, Any]]


@dataclass(slots=True)
class Answering:
    """Where it listens, and every request that came, in order. `headers` are sent with every answer."""

    answer: Answer
    headers: Mapping[str, str] = field(default_factory=dict)
    address: tuple[str, int] = ("", 0)
    requests: list[Request] = field(default_factory=list)

    @property
    def url(self) -> str:
        return "http://{}:{}".format(*self.address)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection, request after request."""
        try:
            while head := await reader.readuntil(b"\r\n\r\n"):
                first, *lines = head.decode().split("\r\n")[:-2]
                headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in lines)}
                body = await reader.readexactly(int(headers.get("content-length", "0")))
                method, path, _ = first.split(" ")
                self.requests.append(Request(method=method, path=path, headers=headers, body=body))
                status, document = self.answer(self.requests[-1])
                if status == HANG_UP:
                    return
                if status == SAY_NOTHING:
                    await reader.read()
                    return
                content = document if isinstance(document, bytes) else json.dumps(document).encode()
                more = "".join(f"{name}: {value}\r\n" for name, value in self.headers.items())
                top = f"HTTP/1.1 {status} X\r\n{more}Content-Length: {len(content)}\r\n\r\n"
                writer.write(top.encode() + content)
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            return
        finally:
            writer.close()


@asynccontextmanager
async def answering(answer: Answer) -> AsyncIterator[Answering]:
    """Listens on a free port while the context lasts."""
    served = Answering(answer)
    server = await asyncio.start_server(served.serve, "127.0.0.1", 0)
    served.address = server.sockets[0].getsockname()[:2]
    try:
        yield served
    finally:
        server.close()


@contextmanager
def answering_beside(answer: Answer, **headers: str) -> Iterator[Answering]:
    """The same for a test that has no event loop; names of headers have `_` for `-`."""
    served = Answering(answer, {name.replace("_", "-"): value for name, value in headers.items()})
    loop = asyncio.new_event_loop()
    server = loop.run_until_complete(asyncio.start_server(served.serve, "127.0.0.1", 0))
    served.address = server.sockets[0].getsockname()[:2]
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    try:
        yield served
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        server.close()
        for task in asyncio.all_tasks(loop):
            task.cancel()
            loop.run_until_complete(asyncio.wait([task]))
        loop.close()
