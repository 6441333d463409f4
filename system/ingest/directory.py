"""Who may send: the partners' rows, kept in memory for a few seconds, and the check of a request's key.

All rows are read at once, so that names that do not exist cost the database nothing. A key that does not fit asks the
database again, at most once a second, because it may have been changed. While the database cannot be reached, what was
read last stays in force: the request then fails where it would write.
"""

import asyncio
import hashlib
import hmac
import logging

from system.clock import Clock
from system.ingest.admission import RunBlocking, TooLate
from system.storage import DatabaseUnavailable, Partner, Storage

FRESH_FOR_S = 5.0
ASK_AGAIN_AFTER_S = 1.0
_log = logging.getLogger(__name__)
_NO_KEY = hashlib.sha256(b"").hexdigest()


class Directory:
    """The partners, as of at most `FRESH_FOR_S` ago while the database answers."""

    def __init__(self, storage: Storage, clock: Clock, run_blocking: RunBlocking) -> None:
        self._storage, self._clock, self._run_blocking = storage, clock, run_blocking
        self._partners: dict[str, Partner] = {}
        self._read_s: float | None = None
        self._asked_s: float | None = None
        self._reading: asyncio.Task[None] | None = None

    async def authenticate(self, partner_id: str, key: str) -> Partner | None:
        """The partner whose key this is, or None; DatabaseUnavailable when no partner was ever read."""
        if self._read_s is None:
            await self._wait_for_reading()
        elif self._is_older(self._read_s, FRESH_FOR_S):
            self._start_reading()  # nobody waits for it: a database that hangs must not cost a request its time twice
        partner = self._check(partner_id, key)
        if partner is None and partner_id and self._is_older(self._read_s, ASK_AGAIN_AFTER_S):
            await self._wait_for_reading()
            partner = self._check(partner_id, key)
        return partner

    def known(self, partner_id: str, key: str) -> Partner | None:
        """The same from what was read last alone: never waits, never raises."""
        return self._check(partner_id, key)

    def _check(self, partner_id: str, key: str) -> Partner | None:
        partner = self._partners.get(partner_id)
        offered = hashlib.sha256(key.encode("utf-8", "surrogateescape")).hexdigest()
        matches = hmac.compare_digest(offered, partner.api_key_sha256 if partner else _NO_KEY)
        return partner if matches and partner is not None else None

    async def _wait_for_reading(self) -> None:
        task = self._start_reading()
        if task is not None:
            await asyncio.wait({task})
            if not task.cancelled():
                task.result()
        if self._read_s is None:
            raise DatabaseUnavailable("the partners could not be read yet")

    def _start_reading(self) -> asyncio.Task[None] | None:
        """The reading that all who need one share; None just after one that failed."""
        if self._reading is not None and not self._reading.done():
            return self._reading
        if self._asked_s is not None and not self._is_older(self._asked_s, ASK_AGAIN_AFTER_S):
            return None
        self._reading = asyncio.create_task(self._read())
        return self._reading

    async def _read(self) -> None:
        try:
            partners = await self._run_blocking(self._storage.partners.all)
        except (DatabaseUnavailable, TooLate) as error:
            _log.warning("the partners could not be read; going on with those known: %s", error)
        else:
            self._partners = {partner.id: partner for partner in partners}
            self._read_s = self._clock.monotonic_s()
        finally:
            self._asked_s = self._clock.monotonic_s()

    def _is_older(self, moment_s: float | None, age_s: float) -> bool:
        return moment_s is None or self._clock.monotonic_s() - moment_s >= age_s
