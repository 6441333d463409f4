"""Tells a partner, when its circuit breaker opens, what is wrong with its signals: once an incident.

An incident that is over before anybody looked is told of all the same, because its signals were wrong; one that was
over before this process began is not. Which were told of is kept beside the alerts, outside the database.
"""

import logging
from typing import Any

from system.clock import Clock
from system.governance.circuit_breaker import message_to_partner
from system.monitor.delivery import Delivery
from system.monitor.state import NOTICED_MAX, StateFile
from system.settings import Settings
from system.storage import Breaker, BreakerState, DatabaseUnavailable, Storage
from system.storage.blocking import RunBlocking, in_thread

_log = logging.getLogger(__name__)


class BreakerNotices:
    """Looks again and again and gives `delivery`, which is addressed, one notice an incident."""

    def __init__(
        self,
        storage: Storage,
        delivery: Delivery,
        state: StateFile,
        settings: Settings,
        clock: Clock,
        *,
        run_blocking: RunBlocking = in_thread,
    ) -> None:
        self._storage, self._delivery, self._state, self._clock = storage, delivery, state, clock
        self._run_blocking, self._interval_s = run_blocking, settings.watch_interval_s
        self._noticed = dict.fromkeys(state.remembered.noticed)
        self._began_at = clock.now()
        self._blind = False

    async def run(self) -> None:
        """Looks until it is cancelled."""
        while True:
            await self.step()
            await self._clock.sleep_s(self._interval_s)

    async def step(self) -> None:
        """One look, and what follows from it."""
        try:
            new, urls = await self._run_blocking(self._look)
        except DatabaseUnavailable as error:
            if not self._blind:
                _log.warning("cannot look for partners to tell: %s", error)
            self._blind = True
            return
        self._blind = False
        for row in new:
            self._delivery.send({"url": urls.get(row.partner_id), "body": notice_of(row)})
            self._noticed[row.incident_id] = None
            while len(self._noticed) > NOTICED_MAX:
                del self._noticed[next(iter(self._noticed))]
        if new:
            self._state.note_noticed(tuple(self._noticed))

    def _look(self) -> tuple[list[Breaker], dict[str, str | None]]:
        new = [
            row
            for row in self._storage.breakers.all()
            if row.incident_id not in self._noticed
            and (row.state is not BreakerState.CLOSED or row.opened_at >= self._began_at)
        ]
        urls = {partner.id: partner.notice_url for partner in self._storage.partners.all()} if new else {}
        return new, urls


def notice_of(breaker: Breaker) -> dict[str, Any]:
    """The notice's body: the X12 segment and element that were wrong most often, and a sentence that says so."""
    worst = breaker.places[0] if breaker.places else None
    return {
        "kind": "malformed_signals",
        "partner": breaker.partner_id,
        "incident_id": breaker.incident_id,
        "message": message_to_partner(breaker),
        "segment": worst.segment if worst else None,
        "element": worst.element if worst else None,
        "places": [place.as_json() for place in breaker.places],
        "malformed": breaker.malformed,
        "duplicates": breaker.duplicates,
        "opened_at": breaker.opened_at.isoformat(),
    }
