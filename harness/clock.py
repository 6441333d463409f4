"""The only reader of time in the engine.

Everything else in `harness/` asks here, so that a run has one time line: seconds since the run began, on the monotonic
clock of this machine. It is not a scheduler and it never steers the time of the system under test.
"""

import asyncio
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime


def monotonic_s() -> float:
    """Seconds on this machine's monotonic clock; the zero means nothing."""
    return time.monotonic()


def utc_now() -> datetime:
    """The wall clock, aware, in UTC: for names and reports, never for measuring."""
    return datetime.now(UTC)


def epoch_s() -> float:
    """The wall clock as seconds since 1970, to compare with stamps that other programs wrote."""
    return time.time()


async def sleep_s(seconds: float) -> None:
    """Let other tasks run for `seconds`."""
    await asyncio.sleep(seconds)


def block_s(seconds: float) -> None:
    """Sleep without an event loop: for threads and for programs that have none."""
    time.sleep(seconds)


@dataclass(frozen=True, slots=True, kw_only=True)
class Clock:
    """The time line of one run: `now_s()` counts from the moment the clock was made."""

    started_monotonic_s: float = field(default_factory=monotonic_s)
    started_at: datetime = field(default_factory=utc_now)

    def now_s(self) -> float:
        """Seconds since the run began."""
        return monotonic_s() - self.started_monotonic_s


@dataclass(frozen=True, slots=True)
class Deadline:
    """A limit that was set once and is asked often."""

    limit_s: float
    started_s: float = field(default_factory=monotonic_s)

    def left_s(self) -> float:
        """Seconds until the limit; never negative."""
        return max(0.0, self.started_s + self.limit_s - monotonic_s())

    @property
    def passed(self) -> bool:
        return self.left_s() == 0.0
