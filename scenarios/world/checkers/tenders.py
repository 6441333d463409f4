"""What partners tendered, by their own diary: each tender that was acknowledged, when, and what it lacked."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from harness.history import History, Kind
from scenarios.world.traffic import SEND

REQUIRED = ("weight_lb", "pickup_at", "delivery_at", "equipment", "commodity")
"""What a load cannot be booked without, beside a pickup and a delivery; stated a second time, on purpose."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tendered:
    """One tender or change as its partner wrote it down, and when it was first answered with a yes."""

    identity: str
    partner: str
    content: Mapping[str, Any]
    sent_at_s: float
    answered_at_s: float

    @property
    def missing(self) -> tuple[str, ...]:
        """The required fields that it does not state."""
        return lacking(self.content)

    @property
    def whole(self) -> bool:
        return not self.missing


def lacking(content: Mapping[str, Any]) -> tuple[str, ...]:
    """The required fields that a tender of this content does not state."""
    types = {stop["type"] for stop in content.get("stops") or ()}
    missing = tuple(name for name in REQUIRED if content.get(name) is None)
    return missing if types == {"pickup", "delivery"} else (*missing, "stops")


def tendered(history: History) -> list[Tendered]:
    """Every tender and change that was acknowledged, in the order of the answers; cancels need nothing."""
    invokes: dict[str, tuple[float, Mapping[str, Any]]] = {}
    found: dict[str, Tendered] = {}
    for event in history:
        if event.action != SEND:
            continue
        if event.kind is Kind.INVOKE:
            for tender in event.value["tenders"]:
                invokes.setdefault(str(tender["identity"]), (event.at_s, tender))
        elif event.kind is Kind.OK:
            for result in event.value.get("results", ()):
                identity = str(result["identity"])
                sent_at_s, tender = invokes[identity]
                if tender["purpose"] != "cancel" and identity not in found:
                    found[identity] = Tendered(
                        identity=identity,
                        partner=identity.partition(":")[0],
                        content=tender["content"],
                        sent_at_s=sent_at_s,
                        answered_at_s=event.at_s,
                    )
    return list(found.values())


def tendered_by(history: History, partner: str) -> Sequence[Tendered]:
    """Those of one partner."""
    return [one for one in tendered(history) if one.partner == partner]
