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
