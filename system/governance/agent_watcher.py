"""Looks for executions that do not end: hung ones, which the supervisor kills, and those tried again and again in vain.

It reads what the supervisor wrote, and looks for itself as well, so that the alert also goes out while the supervisor
is gone. An outage of Motion makes many of them at once: people are told of the oldest alone.
"""

from collections.abc import Sequence
from datetime import timedelta

from system.clock import Clock
from system.governance.alerts import AGENT_TIMEOUT, AlertRule
from system.governance.findings import Finding
from system.settings import Settings
from system.storage import State, Storage

TOLD_AT_ONCE_MAX = 20
_LOOKS_SHOWN = 10
"""A case that was closed at once is still shown for so many looks, so that none goes untold."""


class AgentWatcher:
    """Finds intents whose execution takes longer than `stuck_after_s`; DatabaseUnavailable when it cannot look."""

    def __init__(self, storage: Storage, settings: Settings, clock: Clock) -> None:
        self._storage, self._clock = storage, clock
        self._stuck_after = timedelta(seconds=settings.stuck_after_s)
        self._shown_for = timedelta(seconds=_LOOKS_SHOWN * settings.watch_interval_s)

    @property
    def rules(self) -> tuple[AlertRule, ...]:
        return (AGENT_TIMEOUT,)

    def look(self) -> Sequence[Finding]:
        """One finding an intent, the longest first."""
        now = self._clock.now()
        found: dict[str, Finding] = {}
        for case in self._storage.agent_timeouts.since(now - self._shown_for):
            found[case.intent_id] = Finding(
                rule=AGENT_TIMEOUT,
                labels={"intent": case.intent_id},
                since=case.executing_since,
                reason=f"its worker hung: {case.worker}",
            )
        before = now - self._stuck_after
        for intent in self._storage.intents.in_state(State.EXECUTING, untouched_since=before):
            found.setdefault(
                intent.id,
                Finding(
                    rule=AGENT_TIMEOUT,
                    labels={"intent": intent.id},
                    since=intent.updated_at,
                    reason=f"EXECUTING, and nobody has seen to it; in the hands of {intent.worker}",
                ),
            )
        for intent_id, first in self._storage.agent_timeouts.tried_in_vain(since_before=before).items():
            found.setdefault(
                intent_id,
                Finding(
                    rule=AGENT_TIMEOUT,
                    labels={"intent": intent_id},
                    since=first,
                    reason="executed again and again, and never to the end",
                ),
            )
        return sorted(found.values(), key=lambda one: (one.since, one.labels["intent"]))[:TOLD_AT_ONCE_MAX]
