"""How much work is let in at once, and how long a request waits for the database before it is told to come back.

The database may hang rather than refuse. Then every blocked call costs a thread for up to its own timeouts, and
requests pile up behind. So threads are few, requests in flight are counted, and a request answers when its time is up
although its thread has not come back: its write may still happen, which the partner finds out by sending again.
"""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Iterator
from typing import Any, Protocol, TypeVar

import anyio
import anyio.to_thread

T = TypeVar("T")

ANSWER_WITHIN_S = 1.2
"""From the moment the blocking work is asked for; with the rest of the request it stays under two seconds."""


class TooLate(Exception):
    """The blocking work did not finish in time; it may yet do so."""


class Full(Exception):
    """As many requests as are let in at once are already in flight."""


class RunBlocking(Protocol):
    """Runs blocking work for a coroutine: in a thread, or at once where nothing can block (a replay)."""

    def __call__(self, work: Callable[[], T], /) -> Awaitable[T]:
        """What `work` returns or raises; TooLate when it took too long."""
        ...


class BoundedThreads:
    """Runs blocking work in at most `threads` threads and waits `within_s` for it, waiting for a thread included."""

    def __init__(self, threads: int, *, within_s: float = ANSWER_WITHIN_S) -> None:
        self._limiter = anyio.CapacityLimiter(threads)
        self._within_s = within_s
        self._running: set[asyncio.Task[Any]] = set()

    async def __call__(self, work: Callable[[], T], /) -> T:
        """What `work` returns or raises; TooLate when it took too long. Work that never got a thread is dropped."""
        abandoned = False

        def run() -> T:
            if abandoned:
                raise TooLate
            return work()

        task: asyncio.Task[T] = asyncio.create_task(anyio.to_thread.run_sync(run, limiter=self._limiter))
        self._running.add(task)
        task.add_done_callback(self._forget)
        try:
            done, _ = await asyncio.wait({task}, timeout=self._within_s)
        finally:
            abandoned = True
        if not done:
            raise TooLate
        return task.result()

    def _forget(self, task: asyncio.Task[Any]) -> None:
        self._running.discard(task)
        if not task.cancelled():
            task.exception()  # an abandoned task's error has nobody left to tell


class Admission:
    """Counts the requests in flight and refuses those past `limit`; for one event loop."""

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self.in_flight = 0

    @contextlib.contextmanager
    def admit(self) -> Iterator[None]:
        """Holds one place; raises Full when there is none."""
        if self.in_flight >= self.limit:
            raise Full
        self.in_flight += 1
        try:
            yield
        finally:
            self.in_flight -= 1
