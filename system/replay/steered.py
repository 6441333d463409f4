"""An event loop whose time is steered: when nothing is left to do, it jumps to the next timer.

`asyncio.wait_for(..., 60)` takes no real time then, and yet ends after sixty seconds of the trace, because the loop's
own time is the steered clock. Work takes no time at all; only waiting does. Nothing may wait for the real world: no
threads, no sockets. A loop that has no timer either waits for what cannot come, and says so instead of hanging.
"""

import asyncio
import selectors
from collections.abc import Callable, Coroutine
from datetime import datetime, timedelta
from typing import Any, TypeVar

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


class _JumpingSelector(selectors.DefaultSelector):
    """Looks at what is ready and never waits: a wait moves the clock on instead."""

    def __init__(self, clock: SteeredClock) -> None:
        super().__init__()
        self._clock = clock

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        ready: list[tuple[selectors.SelectorKey, int]] = super().select(0)
        if ready:
            return ready
        if timeout is None:
            raise NothingToWaitFor("every task waits for what no timer and no other task will bring about")
        if timeout > 0:
            self._clock.advance_s(timeout)
        return ready


class SteeredLoop(asyncio.SelectorEventLoop):
    """An event loop on a steered clock."""

    def __init__(self, clock: SteeredClock) -> None:
        self._steered = clock
        super().__init__(_JumpingSelector(clock))

    def time(self) -> float:
        """The steered clock's seconds, for every timer of the loop."""
        return self._steered.monotonic_s()


def run_steered(main: Callable[[SteeredClock], Coroutine[Any, Any, T]], *, starts_at: datetime) -> T:
    """Runs `main` to its end on a clock that starts at `starts_at` (aware); takes no longer than its work."""
    clock = SteeredClock(starts_at)
    with asyncio.Runner(loop_factory=lambda: SteeredLoop(clock)) as runner:
        return runner.run(main(clock))
