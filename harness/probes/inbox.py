"""Reads the inbox: alerts and notices that the system sent by webhook become events, once each.

The next message to read is found in the history itself, so the probe holds no state of its own.
"""

from dataclasses import dataclass
from typing import Any

from harness.clock import Clock
from harness.environments.base import Capability, Environment, OutsideParty
from harness.history import History, Kind

_ACTOR = "inbox"
# Not "message": a notice has text of that name.
_NUMBER = "inbox_number"


@dataclass(frozen=True, slots=True, kw_only=True)
class InboxProbe:
    """Follows `service`: what came to `/alerts` is an alert event, what came to `/notices` a notice."""

    service: str = "inbox"
    every_s: float = 0.05

    @property
    def name(self) -> str:
        return "inbox"

    @property
    def needs(self) -> frozenset[Capability]:
        return frozenset({Capability.OUTSIDE_PARTY})

    async def observe(self, environment: Environment, history: History, clock: Clock) -> None:
        if not isinstance(environment, OutsideParty):
            raise TypeError(f"the {environment.name} environment cannot reach {self.service}")
        seen = max((int(event.value[_NUMBER]) for event in _written(history)), default=0)
        answer = await environment.request(self.service, "GET", f"/messages?after={seen}")
        for message in answer["messages"]:
            received_at_s = float(message["received_at_epoch_s"]) - clock.started_at.timestamp()
            _write(history, int(message["number"]), str(message["path"]), message["body"], received_at_s)


def _written(history: History) -> list[Any]:
    return [
        event
        for event in history.where(actor=_ACTOR)
        if event.kind in {Kind.ALERT, Kind.STEP} and _NUMBER in event.value
    ]


def _write(history: History, number: int, path: str, body: Any, received_at_s: float) -> None:
    common = {_NUMBER: number, "received_at_s": received_at_s}
    alerts = body.get("alerts") if path.startswith("/alerts") and isinstance(body, dict) else None
    if alerts:
        for alert in alerts:
            history.append(
                actor=_ACTOR,
                kind=Kind.ALERT,
                action=str(alert.get("annotations", {}).get("summary", "an alert without a summary")),
                value={**common, "status": alert.get("status"), "labels": alert.get("labels", {})},
            )
    elif path.startswith("/notices") and isinstance(body, dict):
        history.append(actor=_ACTOR, kind=Kind.STEP, action="notice", value={**body, **common})
    else:
        # Written down all the same: what is in the history is not read again, and does not hide what comes after it.
        history.append(
            actor=_ACTOR, kind=Kind.STEP, action="unreadable message", value={**common, "body": str(body)[:300]}
        )
