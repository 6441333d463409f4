"""What one process knows of the breakers: all rows as of a fraction of a second ago, and its own changes since.

While the database cannot be read the last picture stands. It decides nothing.
"""

import asyncio
import logging
from collections.abc import Collection

from system.clock import Clock
from system.ingest.admission import RunBlocking, TooLate
from system.storage import Breaker, DatabaseUnavailable, Storage

_log = logging.getLogger(__name__)


class Picture:
    """For one event loop. Not `shared`, which is unsafe, it knows those alone that this process has opened."""

    def __init__(
        self, storage: Storage, clock: Clock, run_blocking: RunBlocking, *, fresh_for_s: float, shared: bool = True
    ) -> None:
        self._storage, self._clock, self._run_blocking = storage, clock, run_blocking
        self._fresh_for_s, self._shared = fresh_for_s, shared
        self._breakers: dict[str, Breaker] = {}
        self._changed: dict[str, int] = {}
        self._changes = 0
        self._asked_s = float("-inf")
        self._was_read = False
        self._reading: asyncio.Future[None] | None = None

    @property
    def old(self) -> bool:
        """Whether it is time for another look, and none is under way."""
        under_way = self._reading is not None and not self._reading.done()
        return not under_way and self._clock.monotonic_s() - self._asked_s >= self._fresh_for_s

    @property
    def breakers(self) -> Collection[Breaker]:
        """All of them."""
        return self._breakers.values()

    def of(self, partner_id: str) -> Breaker | None:
        """The partner's breaker; None when it was never open."""
        return self._breakers.get(partner_id)

    def changed(self, breaker: Breaker) -> None:
        """This process has just changed it; a look that began before that does not know."""
        self._changes += 1
        self._changed[breaker.partner_id] = self._changes
        self._breakers[breaker.partner_id] = breaker

    async def ready(self) -> None:
        """Waits for the first look; DatabaseUnavailable when it failed, as nobody knows then who is shut out."""
        if not self._was_read:
            await self.read()
        if not self._was_read:
            raise DatabaseUnavailable("the circuit breakers could not be read yet")

    async def read(self) -> None:
        """Looks; all who ask at the same time share one look. Never raises."""
        if self._reading is None or self._reading.done():
            self._reading = asyncio.ensure_future(self._read())
        await asyncio.wait([self._reading])

    async def _read(self) -> None:
        self._asked_s = self._clock.monotonic_s()
        changes_before = self._changes
        try:
            rows = await self._run_blocking(self._storage.breakers.all)
        except (DatabaseUnavailable, TooLate) as error:
            _log.warning("the circuit breakers could not be read; going on with those known: %s", error)
            return
        found = {row.partner_id: row for row in rows if self._shared or row.partner_id in self._breakers}
        for partner_id, number in self._changed.items():
            if number > changes_before and partner_id in self._breakers:
                found[partner_id] = self._breakers[partner_id]
        self._breakers, self._was_read = found, True
        self._changed.clear()
