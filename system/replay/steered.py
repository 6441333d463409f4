"""An event loop whose time is steered: when nothing is left to do, it jumps to the next timer.

`asyncio.wait_for(..., 60)` takes no real time then, and yet ends after sixty seconds of the trace, because the loop's
own time is the steered clock. Work takes no time at all; only waiting does. Nothing may wait for the real world: no
threads, no sockets. A loop that has no timer either waits for what cannot come, and says so instead of hanging.
"""

import asyncio
from collections.abc import Callable, Coroutine
from datetime import datetime, timedelta
from typing import Any, Self, TypeVar

T = TypeVar("T")


class NothingToWaitFor(RuntimeError):
    """Every task waits for something that no timer and no other task will bring about."""


class SteeredClock:
    """A clock that stands still until it is told to move on."""

    def __init__(self, starts_at: datetime) -> None:
        self._starts_at = starts_at
        self._elapsed_s = 0.0

    def now(self) -> datetime:
        """The trace's wall clock."""
        return self._starts_at + timedelta(seconds=self._elapsed_s)

    def monotonic_s(self) -> float:
        """Seconds since the trace began."""
        return self._elapsed_s

    async def sleep_s(self, seconds: float) -> None:
        """Lets other tasks run for `seconds` of the trace."""
        await asyncio.sleep(seconds)

    def advance_s(self, seconds: float) -> None:
        """Moves on."""
        self._elapsed_s += seconds


class _JumpingSelector:
    """Stands where a loop waits for files: there are none, so a wait moves the clock on instead."""

    def __init__(self, clock: SteeredClock) -> None:
        self._clock = clock

    def select(self, timeout: float | None) -> list[Any]:
        """Nothing is ever ready; NothingToWaitFor where the wait would have no end."""
        if timeout is None:
            raise NothingToWaitFor("every task waits for what no timer and no other task will bring about")
        if timeout > 0:
            self._clock.advance_s(timeout)
        return []


class SteeredLoop(asyncio.BaseEventLoop):
    """An event loop on a steered clock, without files, sockets and threads."""

    def __init__(self, clock: SteeredClock) -> None:
        super().__init__()
        self._steered = clock
        self._selector = _JumpingSelector(clock)
        self._made: list[asyncio.Task[Any]] = []

    def create_task(self, coro: Coroutine[Any, Any, T], **options: Any) -> asyncio.Task[T]:  # type: ignore[override]
        """As usual; the task is remembered, because to look for it among all tasks of the process costs more."""
        task = super().create_task(coro, **options)
        self._made.append(task)
        return task

    def end(self) -> None:
        """Cancels what has not come to its end, and closes the loop."""
        try:
            left = [task for task in self._made if not task.done()]
            for task in left:
                task.cancel()
            if left:
                self.run_until_complete(asyncio.gather(*left, return_exceptions=True))
            self.run_until_complete(self.shutdown_asyncgens())
        finally:
            self._made.clear()
            self.close()

    def time(self) -> float:
        """The steered clock's seconds, for every timer of the loop."""
        return self._steered.monotonic_s()

    def _process_events(self, event_list: list[Any]) -> None:
        """There are none: this is what a loop that is no selector's has to say."""

    def _write_to_self(self) -> None:
        raise NothingToWaitFor("a thread wants to wake the loop; under a steered clock nothing runs in threads")


class Steered:
    """A loop on a steered clock that starts at `starts_at` (aware), as a context; what it leaves behind is cancelled.

    Between two `run`s nothing runs, so that code which wants a loop of its own can be called there.
    """

    def __init__(self, starts_at: datetime) -> None:
        self.clock = SteeredClock(starts_at)
        self._loop = SteeredLoop(self.clock)

    def run(self, main: Coroutine[Any, Any, T]) -> T:
        """Runs `main` to its end; takes no longer than its work."""
        return self._loop.run_until_complete(main)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._loop.end()


def run_steered(main: Callable[[SteeredClock], Coroutine[Any, Any, T]], *, starts_at: datetime) -> T:
    """Runs `main` to its end on a clock that starts at `starts_at` (aware)."""
    with Steered(starts_at) as steered:
        return steered.run(main(steered.clock))
