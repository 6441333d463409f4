"""Reads a request's body, never more of it than is allowed, whatever its headers promise."""

import asyncio

from starlette.requests import ClientDisconnect, Request

BODY_WITHIN_S = 10.0
"""A sender slower than this holds a place that another could use."""
DISCARDED_BYTES_MAX = 16 * 1_048_576
"""How much of a too large body is read all the same: a sender that is cut off while it writes never sees the 413."""


class BodyTooLarge(Exception):
    """More bytes than allowed; nothing of it is kept."""


class BodyTooSlow(Exception):
    """The body, or what there was of it, did not arrive in time."""


SMALL_BYTES_MAX = 65_536
SMALL_WITHIN_S = 0.5


async def read_small_body(request: Request) -> bytes | None:
    """The body of a request that is refused anyway: None unless it says that it is small, and comes at once."""
    declared = request.headers.get("content-length", "")
    if not (declared.isascii() and declared.isdigit() and len(declared) < 6 and int(declared) <= SMALL_BYTES_MAX):
        return None
    try:
        async with asyncio.timeout(SMALL_WITHIN_S):
            return await request.body()
    except (TimeoutError, ClientDisconnect):
        return None


async def read_body(request: Request, *, bytes_max: int) -> bytes:
    """The whole body, at most `bytes_max` bytes of it; raises BodyTooLarge or BodyTooSlow."""
    declared = request.headers.get("content-length", "")
    if declared.isascii() and declared.isdigit() and int(declared[:20]) > bytes_max + DISCARDED_BYTES_MAX:
        raise BodyTooLarge
    chunks: list[bytes] = []
    size = 0
    try:
        async with asyncio.timeout(BODY_WITHIN_S):
            async for chunk in request.stream():
                size += len(chunk)
                if size <= bytes_max:
                    chunks.append(chunk)
                    continue
                chunks.clear()
                if size > bytes_max + DISCARDED_BYTES_MAX:
                    break
    except (TimeoutError, ClientDisconnect):
        raise BodyTooSlow from None
    if size > bytes_max:
        raise BodyTooLarge
    return b"".join(chunks)
