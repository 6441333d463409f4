"""Evaluates every partner's trust, again and again, and leads those who lost it back: nobody has to remember to.

Each evaluation goes through the runbook that a person would run. How often it looks changes nothing: an incident lowers
the ceiling once. Partners whose requests say themselves when they were received are left out, as their moments are
made up.
"""

import logging

from system.clock import Clock
from system.recovery.partner_drift import PartnerDriftRecovery
from system.settings import Settings
from system.storage import DatabaseUnavailable, Storage
from system.storage.blocking import RunBlocking, in_thread

NAME = "trust controller"
_log = logging.getLogger(__name__)


class TrustController:
    """For one event loop; `calendar` is what days are counted by."""

    def __init__(
        self, storage: Storage, settings: Settings, calendar: Clock, *, run_blocking: RunBlocking = in_thread
    ) -> None:
        self._storage, self._calendar, self._run_blocking = storage, calendar, run_blocking
        self._recovery = PartnerDriftRecovery(storage, settings, calendar, by=NAME)
        self._interval_s = settings.trust_interval_s
        self._blind = False

    async def run(self) -> None:
        """Evaluates until it is cancelled."""
        while True:
            await self.step()
            await self._calendar.sleep_s(self._interval_s)

    async def step(self) -> None:
        """One evaluation of everybody."""
        try:
            await self._run_blocking(self.evaluate)
        except Exception as error:
            # Whatever it is: the process has more to look after, and this is tried again.
            if not self._blind:
                _log.warning("cannot evaluate trust: %s", error, exc_info=not isinstance(error, DatabaseUnavailable))
            self._blind = True
        else:
            self._blind = False

    def evaluate(self) -> None:
        """The same, blocking. DatabaseUnavailable."""
        for partner in self._storage.partners.all():
            if partner.steered_clock:
                continue
            opened = self._recovery.evaluate(partner.id)
            if opened is not None:
                told = {"partner": partner.id, "incident_id": opened.id, "ceiling": opened.ceiling}
                _log.error("trust score fell to %.2f; a person reviews all it sends", opened.score, extra=told)
        for incident in self._storage.trust_incidents.unclosed():
            course = self._recovery.advance(incident)
            told = {"partner": incident.partner_id, "incident_id": incident.id}
            if course.given_back:
                _log.info("probation passed, autonomy given back: %s", course.incident.stage, extra=told)
            elif course.incident.restarts != incident.restarts:
                _log.warning("a bad signal: the probation begins anew", extra=told)
