"""The circuit breakers as an operator sees them, at the prompt and behind `breakers`: looked up, and reset.

Every value is read when it is asked for, so that what stands at the prompt is what is so now. Opening them, and
counting towards that, is done by ingest.
"""

import re
from typing import Any

from system.clock import RandomIds, SystemClock
from system.governance.operators import operator_name
from system.settings import Settings
from system.storage import Breaker, BreakerState, Place, Storage

PROMPT = "CircuitBreaker.reset"
_X12_SEGMENT = re.compile("[A-Z][A-Z0-9]{1,2}")


class CircuitBreaker:
    """One partner's breaker; every method and property raises DatabaseUnavailable."""

    def __init__(self, storage: Storage, partner_id: str, *, operator: str) -> None:
        self._storage, self._operator = storage, operator
        self.partner_id = partner_id

    @property
    def state(self) -> str:
        """`CLOSED`, `OPEN` or `HALF_OPEN`."""
        row = self._row()
        return (row.state if row is not None else BreakerState.CLOSED).value

    @property
    def failure_count(self) -> int:
        """What opened it and every attempt refused since, unread; 0 while it is closed."""
        return _failures(self._row())

    def reset(self, why: str = "", *, command: str = PROMPT) -> None:
        """Closes it, whatever it was, and leaves the audit row; what was counted before is forgotten."""
        self._storage.breakers.reset(self.partner_id, who=self._operator, why=why, command=command)

    def describe(self) -> dict[str, Any]:
        """All there is to know of its last incident, as JSON."""
        row = self._row()
        if row is None:
            return {"partner": self.partner_id, "state": BreakerState.CLOSED.value, "failure_count": _failures(None)}
        return {
            "partner": row.partner_id,
            "state": row.state.value,
            "failure_count": _failures(row),
            "malformed": row.malformed,
            "duplicates": row.duplicates,
            "refused": row.refused,
            "places": [place.as_json() for place in row.places],
            "message": message_to_partner(row),
            "incident_id": row.incident_id,
            "opened_at": row.opened_at.isoformat(),
            "probe_after": row.probe_after.isoformat(),
            "closed_at": None if row.closed_at is None else row.closed_at.isoformat(),
        }

    def _row(self) -> Breaker | None:
        return self._storage.breakers.get(self.partner_id)

    def __repr__(self) -> str:
        return f"<CircuitBreaker of {self.partner_id}: {self.state}, {self.failure_count} failures>"


class CircuitBreakerRegistry:
    """All breakers. Without a storage it connects to the one that the settings name."""

    def __init__(self, storage: Storage | None = None, *, operator: str | None = None) -> None:
        self._storage = storage or Storage.connect(Settings.load(), clock=SystemClock(), ids=RandomIds())
        self._operator = operator or operator_name()

    def get_open_breakers(self) -> list[str]:
        """The partners that are shut out, also those whose breaker is half-open, by id."""
        return [row.partner_id for row in self._storage.breakers.all() if row.state is not BreakerState.CLOSED]

    def get(self, partner_id: str) -> CircuitBreaker:
        """The partner's breaker; KeyError when there is no such partner."""
        if self._storage.partners.get(partner_id) is None:
            raise KeyError(f"no partner {partner_id!r}")
        return CircuitBreaker(self._storage, partner_id, operator=self._operator)


def _failures(row: Breaker | None) -> int:
    return 0 if row is None or row.state is BreakerState.CLOSED else row.failure_count


def message_to_partner(breaker: Breaker) -> str:
    """What the partner is told: the place in its signals that was wrong most often."""
    if not breaker.places:
        return "Your integration is sending malformed or repeated signals. Please have a look at it."
    worst = breaker.places[0]
    what = "malformed signals" if breaker.malformed >= breaker.duplicates else "signals that we have answered already"
    return f"Your integration is sending {what}. Please fix {_named(worst)}: {worst.message}."


def _named(place: Place) -> str:
    if not place.segment:
        return str(place)
    if not _X12_SEGMENT.fullmatch(place.segment):
        return f"field {place.segment}"
    return f"X12 segment {place.segment}" + (f", element {place.element}" if place.element is not None else "")
