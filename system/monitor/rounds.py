"""The rounds of the watchers: each finding is told once when it begins, and once when it is over.

Each watcher goes its own rounds, so that one that waits for a server that is down holds up nobody else. A watcher that
cannot look has not seen that anything is over, so nothing changes until it can. The database has a loop of its own
(`monitor`), which asks nobody.
"""

import asyncio
import logging
from collections.abc import Sequence

from prometheus_client import CollectorRegistry, Gauge

from system.clock import Clock
from system.governance.alerts import AlertRule
from system.governance.findings import Finding, Watcher
from system.monitor.alertmanager import Status, fingerprint, notification, plain_texts
from system.monitor.delivery import Delivery
from system.monitor.state import TOLD_MAX, StateFile, Told
from system.settings import Settings
from system.storage.blocking import RunBlocking, in_thread

_log = logging.getLogger(__name__)


class Rounds:
    """Sends `watchers` round and tells `delivery`; `state` keeps what was told over a restart."""

    def __init__(
        self,
        watchers: Sequence[Watcher],
        delivery: Delivery,
        state: StateFile,
        settings: Settings,
        clock: Clock,
        *,
        registry: CollectorRegistry | None = None,
        run_blocking: RunBlocking = in_thread,
    ) -> None:
        self._watchers, self._delivery, self._state = watchers, delivery, state
        self._clock, self._run_blocking = clock, run_blocking
        self._interval_s = settings.watch_interval_s
        self._told = dict(state.remembered.told)
        self._blind: set[int] = set()
        self._standing = Gauge("monitor_findings", "Findings that stand, by alert", ["alert"], registry=registry)

    async def run(self) -> None:
        """Goes round until it is cancelled."""
        async with asyncio.TaskGroup() as group:
            for watcher in self._watchers:
                group.create_task(self._go_round(watcher))
            await asyncio.Event().wait()

    async def _go_round(self, watcher: Watcher) -> None:
        while True:
            began_s = self._clock.monotonic_s()
            await self.step(watcher)
            await self._clock.sleep_s(max(0.0, self._interval_s - (self._clock.monotonic_s() - began_s)))

    async def round(self) -> None:
        """One look of each watcher, one after the other."""
        for watcher in self._watchers:
            await self.step(watcher)

    async def step(self, watcher: Watcher) -> None:
        """One look of one watcher, and what follows from it."""
        try:
            found = await self._run_blocking(watcher.look)
        except Exception as error:
            # Whatever it is: the others must go on, and this one tries again.
            if id(watcher) not in self._blind:
                _log.warning("cannot look for %s: %s", _names(watcher), error)
            self._blind.add(id(watcher))
            return
        if id(watcher) in self._blind:
            self._blind.discard(id(watcher))
            _log.info("can look for %s again", _names(watcher))
        self._compare(watcher, found)

    def _compare(self, watcher: Watcher, found: Sequence[Finding]) -> None:
        rules = {rule.name: rule for rule in watcher.rules}
        standing = {fingerprint({"alertname": one.rule.name, **one.labels}): one for one in found}
        over = {key: told for key, told in self._told.items() if told.alert in rules and key not in standing}
        new = {key: one for key, one in standing.items() if key not in self._told}
        for rule in watcher.rules:
            self._standing.labels(rule.name).set(sum(one.rule.name == rule.name for one in standing.values()))
        for key, told in over.items():
            del self._told[key]
            self._tell(rules[told.alert], told, "resolved", reason="it is over")
        for key, one in new.items():
            if len(self._told) >= TOLD_MAX:
                _log.error("%d findings stand; nobody is told of more", TOLD_MAX, extra={"labels": dict(one.labels)})
                break
            labels, details = plain_texts(one.labels), plain_texts(one.details)
            told = Told(alert=one.rule.name, labels=labels, details=details, since=one.since)
            self._told[key] = told
            self._tell(one.rule, told, "firing", reason=one.reason)
        if over or new:
            self._state.note_told(self._told)

    def _tell(self, rule: AlertRule, told: Told, status: Status, *, reason: str) -> None:
        message = notification(
            rule,
            status=status,
            starts_at=told.since,
            ends_at=self._clock.now() if status == "resolved" else None,
            reason=reason,
            labels=told.labels,
            details=told.details,
        )
        level = logging.INFO if status == "resolved" else logging.ERROR
        summary = message["alerts"][0]["annotations"]["summary"]
        _log.log(level, "%s: %s", summary, status, extra={"reason": reason, "since": told.since})
        self._delivery.send(message)


def _names(watcher: Watcher) -> str:
    return ", ".join(rule.name for rule in watcher.rules)
