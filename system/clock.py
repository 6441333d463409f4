"""Where the system's time and ids come from: the only module of `system/` that reads a clock or draws randomness.

Everything else is given a `Clock` and an `Ids`, so that a replay can steer the time and number the ids. The ids are
UUIDs that nobody counts out: a counter that is rewound by a failover hands the same id to two things. It is not a
scheduler, and it decides no timeout.
"""

import asyncio
import time
import uuid
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Protocol


class Clock(Protocol):
    """The time as one part of the system sees it."""

    def now(self) -> datetime:
        """The wall clock, aware, in UTC."""
        ...

    def monotonic_s(self) -> float:
        """Seconds that never go back; the zero means nothing."""
        ...

    async def sleep_s(self, seconds: float) -> None:
        """Lets other tasks run for `seconds`."""
        ...


class Ids(Protocol):
    """Hands out ids."""

    def new(self, kind: str) -> str:
        """A new id as UUID text (36 characters); `kind` says for what, so that a replay can number each kind."""
        ...


@dataclass(frozen=True, slots=True)
class SystemClock:
    """The clock of this machine."""

    def now(self) -> datetime:
        return datetime.now(UTC)

    def monotonic_s(self) -> float:
        return time.monotonic()

    async def sleep_s(self, seconds: float) -> None:
        await asyncio.sleep(seconds)


@dataclass(frozen=True, slots=True)
class RandomIds:
    """Ids that no two processes and no two lives of a database ever share."""

    def new(self, kind: str) -> str:
        return str(uuid.uuid4())
