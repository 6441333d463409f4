"""The calendar: the clock by which days and weeks are counted, as partners and people count them.

It is the machine's clock, unless the settings let it be steered: then it is ahead of that by as much as the console has
moved it, so that a drill can see a week pass. What machines measure (leases, time-outs, retries, the life of a key) is
on the machine's clock, which nobody moves: a week that passes at once must not make every worker look dead.

Whoever counts in days is given a calendar where others are given a clock: it is one.
"""

import asyncio
import logging
from datetime import datetime, timedelta

from system.clock import Clock
from system.settings import Settings
from system.storage import DatabaseUnavailable, Storage
from system.storage.blocking import RunBlocking, in_thread

LOOK_EVERY_S = 0.05

_log = logging.getLogger(__name__)


class Calendar:
    """A Clock. Where it is steered, `look` asks how far ahead it is; `run` does so again and again."""

    def __init__(
        self, storage: Storage, settings: Settings, clock: Clock, *, run_blocking: RunBlocking = in_thread
    ) -> None:
        self._moves, self._steered = storage.clock_moves, settings.steered_clock
        self._clock, self._run_blocking = clock, run_blocking
        self._ahead = timedelta()

    def now(self) -> datetime:
        """The moment on the calendar; it never goes back, whatever a failover has undone."""
        return self._clock.now() + self._ahead

    def monotonic_s(self) -> float:
        """The machine's."""
        return self._clock.monotonic_s()

    async def sleep_s(self, seconds: float) -> None:
        """The machine's."""
        await self._clock.sleep_s(seconds)

    def look(self) -> None:
        """Finds out how far ahead it is; blocking. DatabaseUnavailable."""
        if self._steered:
            self._ahead = max(self._ahead, self._moves.ahead())

    async def run(self) -> None:
        """Keeps it right until it is cancelled; while the database is away it is as it was."""
        if not self._steered:
            await asyncio.Event().wait()
        while True:
            try:
                await self._run_blocking(self.look)
            except DatabaseUnavailable as error:
                _log.debug("the calendar could not be read: %s", error)
            await self._clock.sleep_s(LOOK_EVERY_S)
