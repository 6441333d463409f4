"""How async code calls the storage, which blocks: in a thread, or in place when a replay steps the system by hand."""

import asyncio
from collections.abc import Callable
from typing import Protocol, TypeVar

import anyio.to_thread

T = TypeVar("T")


class RunBlocking(Protocol):
    """Runs blocking work and gives back what it returns or raises."""

    async def __call__(self, work: Callable[[], T], /) -> T: ...


async def in_thread(work: Callable[[], T], /) -> T:
    """Runs `work` in a thread. When cancelled it still waits for the thread, so that nothing goes on unseen."""
    running = asyncio.ensure_future(anyio.to_thread.run_sync(work))
    try:
        return await asyncio.shield(running)
    except asyncio.CancelledError:
        await asyncio.wait([running])
        if not running.cancelled():
            running.exception()  # seen: nobody is left to tell
        raise


async def in_place(work: Callable[[], T], /) -> T:
    """Runs `work` here and now, in the caller's thread."""
    return work()
