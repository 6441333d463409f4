"""All that looks after the system in one monitor process: who looks, what follows from it, and who is told.

What belongs to it stands here once, whether it goes on in the background or looks once, when a replay says so. Two
loops stand beside it in a process of its own, because they ask servers instead of rows: the database's own and that of
Redis' memory.
"""

from typing import Any

import httpx
from prometheus_client import CollectorRegistry

from system.calendar import Calendar
from system.clock import Clock
from system.governance.trust_controller import TrustController
from system.governance.watchers import watchers_of
from system.monitor.breaker_notices import BreakerNotices
from system.monitor.delivery import Delivery
from system.monitor.rounds import Rounds
from system.monitor.state import StateFile
from system.monitor.weekly_scorecards import WeeklyScorecards
from system.serving import Background
from system.settings import Settings
from system.storage import Storage
from system.storage.blocking import RunBlocking, in_thread


class Lookout:
    """For one event loop; `client` is shared and stays its owner's. Without `redis_client` nobody looks after Redis."""

    def __init__(
        self,
        storage: Storage,
        redis_client: Any,
        client: httpx.AsyncClient,
        state: StateFile,
        settings: Settings,
        clock: Clock,
        *,
        registry: CollectorRegistry | None = None,
        run_blocking: RunBlocking = in_thread,
    ) -> None:
        self.alerts = Delivery(
            settings.alert_webhook_url,
            client,
            clock,
            waiting=state.remembered.undelivered,
            changed=state.note_undelivered,
        )
        notices = Delivery(
            settings.notice_webhook_url,
            client,
            clock,
            waiting=state.remembered.undelivered_notices,
            changed=state.note_undelivered_notices,
            addressed=True,
        )
        calendar = Calendar(storage, settings, clock, run_blocking=run_blocking)
        watchers = watchers_of(storage, redis_client, settings, clock)
        rounds = Rounds(watchers, self.alerts, state, settings, clock, registry=registry, run_blocking=run_blocking)
        breaker_notices = BreakerNotices(storage, notices, state, settings, clock, run_blocking=run_blocking)
        trust = TrustController(storage, settings, calendar, run_blocking=run_blocking)
        scorecards = WeeklyScorecards(storage, notices, settings, calendar, run_blocking=run_blocking)
        looks = (trust, rounds, breaker_notices, scorecards)
        self._steps = [trust.step, rounds.round, breaker_notices.step, scorecards.step]
        self._deliveries = (self.alerts, notices)
        self.background: list[Background] = [one.run for one in (*looks, *self._deliveries, calendar)]

    async def look_once(self) -> None:
        """One look of everybody, one after the other, and what follows from it is told as far as it is taken."""
        for step in self._steps:
            await step()
        for delivery in self._deliveries:
            await delivery.deliver()
