"""The loop of the monitor: look, judge, tell.

It needs neither the database nor any other part of the system to do its work. One look is in flight at a time; the next
begins `probe_interval_s` after the last one began, or at once when that one took longer.
"""

import logging
from typing import Protocol

from prometheus_client import CollectorRegistry, Counter, Gauge

from system.clock import Clock
from system.governance.alerts import DATABASE_CONNECTION_LOST
from system.monitor.alertmanager import Status, notification
from system.monitor.database_probe import Look
from system.monitor.delivery import Delivery
from system.monitor.state import StateFile
from system.monitor.watch import DatabaseWatch, News
from system.settings import Settings
from system.storage.blocking import RunBlocking, in_thread

_log = logging.getLogger(__name__)


class Probe(Protocol):
    """Asks the database, blocking."""

    def look(self) -> Look: ...


class Monitor:
    """Watches the database with `probe` and tells `delivery`."""

    def __init__(
        self,
        probe: Probe,
        delivery: Delivery,
        state: StateFile,
        settings: Settings,
        clock: Clock,
        *,
        registry: CollectorRegistry | None = None,
        run_blocking: RunBlocking = in_thread,
    ) -> None:
        self._probe, self._delivery, self._state = probe, delivery, state
        self._clock, self._run_blocking = clock, run_blocking
        self._interval_s = settings.probe_interval_s
        self._watch = DatabaseWatch(
            lost_after_s=settings.database_lost_after_s, alerted_since=state.remembered.alerted_since
        )
        self._up = Gauge("monitor_database_up", "1 while the database takes writes", registry=registry)
        self._told = Counter(
            "monitor_alerts", "Notifications, by alert and status", ["alert", "status"], registry=registry
        )

    async def run(self) -> None:
        """Watches until it is cancelled."""
        while True:
            began_s = self._clock.monotonic_s()
            await self.step()
            await self._clock.sleep_s(max(0.0, self._interval_s - (self._clock.monotonic_s() - began_s)))

    async def step(self) -> None:
        """One look, and what follows from it."""
        began_at = self._clock.now()
        look = await self._run_blocking(self._probe.look)
        self._up.set(0 if look.problem else 1)
        for news in self._watch.see(look, began_at=began_at, ended_at=self._clock.now()):
            self._tell(news)

    def _tell(self, news: News) -> None:
        rule = DATABASE_CONNECTION_LOST
        over = news.word == "restored"
        status: Status = "resolved" if over else "firing"
        self._told.labels(rule.name, status).inc()
        level = logging.INFO if over else logging.ERROR
        _log.log(level, "%s: %s", rule.summary, news.word, extra={"reason": news.reason, "since": news.since})
        self._state.note(alerted_since=None if over else news.since)
        self._delivery.send(
            notification(
                rule,
                status=status,
                starts_at=news.since,
                ends_at=self._clock.now() if over else None,
                reason=news.reason,
            )
        )
