"""Quick looks at a starting server: does it answer? Each returns None when it does, else what it saw instead.

Raw sockets on the event loop, so that a look costs a fraction of a millisecond and can be repeated every few.
"""

import asyncio
import contextlib
from collections.abc import Callable

LOOK_LIMIT_S = 1.0

Judge = Callable[[bytes], str | None]


async def accepts(host: str, port: int) -> str | None:
    """A TCP connection is taken."""
    return await _look(host, port, b"", 0, lambda _: None)


async def greets(host: str, port: int) -> str | None:
    """A MySQL-protocol server sends its greeting: it takes clients."""
    # The fifth byte of the first packet is the protocol version, 10; 255 would be an error, such as too many clients.
    return await _look(host, port, b"", 5, lambda reply: None if reply[4] == 10 else "it refuses clients")


async def pongs(host: str, port: int) -> str | None:
    """A Redis server answers PING."""
    return await _look(host, port, b"PING\r\n", 5, lambda reply: None if reply == b"+PONG" else f"PING gave {reply!r}")


async def serves(host: str, port: int, path: str) -> str | None:
    """An HTTP server answers GET `path` with 200."""
    request = f"GET {path} HTTP/1.1\r\nHost: {host}:{port}\r\nConnection: close\r\n\r\n".encode()
    return await _look(host, port, request, None, lambda reply: _http_problem(path, reply))


def _http_problem(path: str, reply: bytes) -> str | None:
    head, _, body = reply.partition(b"\r\n\r\n")
    status = head.split(b"\r\n", 1)[0].split(b" ")
    if len(status) > 1 and status[1] == b"200":
        return None
    said = body.decode(errors="replace").strip()
    return f"GET {path} gave {status[1].decode() if len(status) > 1 else 'no answer'}: {said[:500]}"


async def _look(host: str, port: int, request: bytes, size: int | None, judge: Judge) -> str | None:
    """Connect, send, read `size` bytes (None: to the end), judge."""
    try:
        async with asyncio.timeout(LOOK_LIMIT_S):
            reader, writer = await asyncio.open_connection(host, port)
            try:
                writer.write(request)
                reply = await reader.read() if size is None else await reader.readexactly(size)
            finally:
                writer.close()
                with contextlib.suppress(OSError):
                    await writer.wait_closed()
    except asyncio.IncompleteReadError:
        return f"{host}:{port} closed the connection"
    except TimeoutError:
        return f"{host}:{port} said nothing for {LOOK_LIMIT_S} s"
    except OSError as error:
        return f"{host}:{port}: {error.strerror or error}"
    return judge(reply)
