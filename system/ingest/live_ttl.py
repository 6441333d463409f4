"""How long an idempotency key lives, as operators last said: it changes while the process runs.

The process looks in the background; a request never waits for it. Until it has looked, and where nothing was said, the
setting counts; while the database is away, what was seen last.
"""

import logging

from system.clock import Clock
from system.ingest.admission import RunBlocking, TooLate
from system.settings import IDEMPOTENCY_TTL_S_MAX, Settings
from system.storage import DatabaseUnavailable, Storage
from system.storage.live_settings import IDEMPOTENCY_TTL_S

_log = logging.getLogger(__name__)


class LiveTtl:
    """For one event loop; `seconds` may be read from any thread."""

    def __init__(self, storage: Storage, settings: Settings, clock: Clock, run_blocking: RunBlocking) -> None:
        self._storage, self._clock, self._run_blocking = storage, clock, run_blocking
        self._refresh_s = settings.live_settings_refresh_s
        self._own_s = self.seconds = settings.idempotency_ttl_s
        self._blind = False

    async def run(self) -> None:
        """Looks again and again, until it is cancelled."""
        while True:
            await self.look()
            await self._clock.sleep_s(self._refresh_s)

    async def look(self) -> None:
        """Looks once. Never raises for what the database does."""
        try:
            said = (await self._run_blocking(self._storage.live_settings.all)).get(IDEMPOTENCY_TTL_S, self._own_s)
        except (DatabaseUnavailable, TooLate) as error:
            if not self._blind:
                _log.warning("the live settings could not be read; going on with those known: %s", error)
            self._blind = True
            return
        self._blind = False
        if type(said) is not int or not 1 <= said <= IDEMPOTENCY_TTL_S_MAX:
            _log.error("a TTL that is none stands in the live settings: %r", said)
        elif said != self.seconds:
            _log.info("idempotency keys live %d s from now on, %d s before", said, self.seconds)
            self.seconds = said
