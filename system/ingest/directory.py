"""Who may send: the partners' rows, kept in memory for a few seconds, and the check of a request's key.

All rows are read at once, so that names that do not exist cost the database nothing. A key that does not fit asks the
database again, at most once a second, because it may have been changed. While the database cannot be reached, what was
read last stays in force: the request then fails where it would write.
"""

import asyncio
import hashlib
import hmac

from system.clock import Clock
from system.ingest.admission import RunBlocking, TooLate
from system.storage import DatabaseUnavailable, Partner, Storage

FRESH_FOR_S = 5.0
ASK_AGAIN_AFTER_S = 1.0
_NO_KEY = hashlib.sha256(b"").hexdigest()


class Directory:
    """The partners, as of at most `FRESH_FOR_S` ago while the database answers."""

    def __init__(self, storage: Storage, clock: Clock, run_blocking: RunBlocking) -> None:
        self._storage, self._clock, self._run_blocking = storage, clock, run_blocking
        self._partners: dict[str, Partner] = {}
        self._read_s: float | None = None
        self._asked_s: float | None = None
        self._reading = asyncio.Lock()

    async def authenticate(self, partner_id: str, key: str) -> Partner | None:
        """The partner whose key this is, or None; DatabaseUnavailable when no partner was ever read."""
        await self._refresh(FRESH_FOR_S)
        partner = self._check(partner_id, key)
        if partner is None and partner_id:
            await self._refresh(ASK_AGAIN_AFTER_S)
            partner = self._check(partner_id, key)
        return partner

    def _check(self, partner_id: str, key: str) -> Partner | None:
        partner = self._partners.get(partner_id)
        offered = hashlib.sha256(key.encode("utf-8", "surrogateescape")).hexdigest()
        matches = hmac.compare_digest(offered, partner.api_key_sha256 if partner else _NO_KEY)
        return partner if matches and partner is not None else None

    async def _refresh(self, age_s: float) -> None:
        if not self._older_than(self._read_s, age_s) or not self._due():
            return
        async with self._reading:
            if not self._older_than(self._read_s, age_s) or not self._due():
                return
            self._asked_s = self._clock.monotonic_s()
            try:
                partners = await self._run_blocking(self._storage.partners.all)
            except (DatabaseUnavailable, TooLate):
                if self._read_s is None:
                    raise
                return
            self._partners = {partner.id: partner for partner in partners}
            self._read_s = self._clock.monotonic_s()

    def _due(self) -> bool:
        """Whether the database may be asked now: not again at once after it could not answer."""
        return self._read_s is None or self._older_than(self._asked_s, ASK_AGAIN_AFTER_S)

    def _older_than(self, moment_s: float | None, age_s: float) -> bool:
        return moment_s is None or self._clock.monotonic_s() - moment_s >= age_s
