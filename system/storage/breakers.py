"""The partners' circuit breakers: their states, which change seldom, and how much was refused meanwhile.

One row a partner that was ever cut off, and one row for each batch of refused attempts (a batch is about a second).
Changes are compared with what their author saw (`changes` counts them), so that of two processes which want the same
change one makes it and the other finds it made. When a breaker opens is decided elsewhere.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import Connection, Select, func, insert, select, update
from sqlalchemy.exc import IntegrityError

from system.clock import Clock, Ids
from system.plain_text import one_line
from system.storage import schema
from system.storage.engine import Database
from system.storage.operator_actions import OperatorAction, OperatorActions
from system.storage.prepared import Prepared
from system.storage.quality_reviews import QualityReviews

REVIEW_CAUSE = "circuit breaker"
_ALL = Prepared(select(schema.breakers).order_by(schema.breakers.c.partner_id))
SEGMENT_MAX, MESSAGE_MAX = 40, 160


class BreakerState(StrEnum):
    """CLOSED lets everything through, OPEN nothing, HALF_OPEN a few signals, to see whether they are good again."""

    CLOSED = "CLOSED"
    OPEN = "OPEN"
    HALF_OPEN = "HALF_OPEN"


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A place that was wrong `count` times: X12 segment and element (None: the whole segment), and how.

    In a signal that came as JSON `segment` is the path of a field, and the whole message has none. Both it and the
    message quote what the partner sent, so they are made plain here: a place goes into columns, alerts and notices.
    """

    segment: str
    element: int | None
    message: str
    count: int = 1

    def __post_init__(self) -> None:
        object.__setattr__(self, "segment", one_line(self.segment, SEGMENT_MAX))
        object.__setattr__(self, "message", one_line(self.message, MESSAGE_MAX))

    def __str__(self) -> str:
        if not self.segment:
            return "the whole message"
        return self.segment if self.element is None else f"{self.segment}{self.element:02d}"

    def as_json(self) -> dict[str, Any]:
        """As notices and listings have it."""
        return {"segment": self.segment, "element": self.element, "message": self.message, "count": self.count}


@dataclass(frozen=True, slots=True, kw_only=True)
class Trip:
    """Why a breaker opens: what was counted in the window, and the places that were wrong, the worst first."""

    malformed: int
    duplicates: int
    places: Sequence[Place]
    probe_after: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Breaker:
    """One partner's breaker, as the rows say. `refused` counts attempts while it was open, unparsed."""

    partner_id: str
    state: BreakerState
    incident_id: str
    opened_at: datetime
    probe_after: datetime
    closed_at: datetime | None
    malformed: int
    duplicates: int
    refused: int
    places: Sequence[Place]
    changes: int

    @property
    def failure_count(self) -> int:
        """What opened it, and every attempt that was refused since."""
        return self.malformed + self.duplicates + self.refused


class Breakers:
    """Reads and writes `breakers` and `refusals`; every method raises DatabaseUnavailable."""

    def __init__(
        self, database: Database, clock: Clock, ids: Ids, reviews: QualityReviews, actions: OperatorActions
    ) -> None:
        self._database, self._clock, self._ids = database, clock, ids
        self._reviews, self._actions = reviews, actions

    def all(self) -> list[Breaker]:
        """Every breaker that was ever open, by partner, without its refused attempts (0): it is read all the time."""
        return [_breaker_of(row) for row in self._database.transact(_ALL.all, writes=False)]

    def get(self, partner_id: str) -> Breaker | None:
        """The partner's breaker with its refused attempts, or None when it was never open."""
        return self._database.transact(lambda connection: self._get(connection, partner_id), writes=False)

    def trip(self, partner_id: str, trip: Trip) -> Breaker:
        """Opens the breaker, if it is not open yet, and puts the partner on the review list; returns what stands.

        From closed it begins a new incident; from half-open it goes on with the one at hand.
        """
        try:
            return self._database.transact(lambda connection: self._trip(connection, partner_id, trip))
        except IntegrityError:  # the partner's first row, and another process was quicker
            return self._database.transact(lambda connection: self._trip(connection, partner_id, trip))

    def half_open(self, seen: Breaker, *, probe_after: datetime) -> bool:
        """Lets a few signals through, from now until `probe_after`; false when it has changed since it was `seen`."""
        values = {"state": BreakerState.HALF_OPEN, "probe_after": probe_after}
        return self._database.transact(lambda connection: _change(connection, seen, values))

    def reopen(self, seen: Breaker, *, probe_after: datetime) -> bool:
        """Lets nothing through again until `probe_after`; false when it has changed since it was `seen`."""
        values = {"state": BreakerState.OPEN, "probe_after": probe_after}
        return self._database.transact(lambda connection: _change(connection, seen, values))

    def close(self, seen: Breaker) -> bool:
        """Closes it because its probes were good; false when it has changed since it was `seen`."""
        values = {"state": BreakerState.CLOSED, "closed_at": self._clock.now()}
        return self._database.transact(lambda connection: _change(connection, seen, values))

    def reset(self, partner_id: str, *, who: str, why: str, command: str) -> Breaker | None:
        """Closes it because an operator says so, with the audit row; what stood before, or None if never open."""

        def work(connection: Connection) -> Breaker | None:
            before = self._get(connection, partner_id, for_update=True)
            if before is not None and before.state is not BreakerState.CLOSED:
                _change(connection, before, {"state": BreakerState.CLOSED, "closed_at": self._clock.now()})
            what = {
                "partner": partner_id,
                "incident_id": before.incident_id if before else None,
                "from": str(before.state) if before else str(BreakerState.CLOSED),
                "failure_count": before.failure_count if before else 0,
            }
            self._actions.record_in(connection, OperatorAction(who=who, command=command, what=what, why=why))
            return before

        return self._database.transact(work)

    def add_refused(self, attempts: Mapping[tuple[str, str], int]) -> None:
        """Writes down how many attempts were refused, by partner and incident: one row each."""
        now = self._clock.now()
        rows = [
            {"partner_id": partner_id, "incident_id": incident_id, "at": now, "attempts": count}
            for (partner_id, incident_id), count in sorted(attempts.items())
        ]
        for row in rows:
            row["id"] = self._ids.new("refusal")
        if rows:
            self._database.transact(lambda connection: connection.execute(insert(schema.refusals), rows))

    def _get(self, connection: Connection, partner_id: str, *, for_update: bool = False) -> Breaker | None:
        query: Select[Any] = select(schema.breakers).where(schema.breakers.c.partner_id == partner_id)
        row = connection.execute(query.with_for_update() if for_update else query).one_or_none()
        if row is None:
            return None
        refusals = schema.refusals.c
        summed = select(func.coalesce(func.sum(refusals.attempts), 0)).where(refusals.incident_id == row.incident_id)
        return replace(_breaker_of(row), refused=int(connection.execute(summed).scalar_one()))

    def _trip(self, connection: Connection, partner_id: str, trip: Trip) -> Breaker:
        table, now = schema.breakers, self._clock.now()
        before = self._get(connection, partner_id, for_update=True)
        if before is not None and before.state is BreakerState.OPEN:
            return before
        opened: dict[str, Any] = {
            "state": BreakerState.OPEN,
            "incident_id": self._ids.new("breaker incident"),
            "opened_at": now,
            "probe_after": trip.probe_after,
            "closed_at": None,
            "malformed": trip.malformed,
            "duplicates": trip.duplicates,
            "places": [place.as_json() for place in trip.places],
        }
        if before is None:
            connection.execute(insert(table).values(partner_id=partner_id, changes=1, **opened))
        elif before.state is BreakerState.HALF_OPEN:
            _change(connection, before, {"state": BreakerState.OPEN, "probe_after": trip.probe_after})
        else:
            _change(connection, before, opened)
        after = self._get(connection, partner_id)
        if after is None:
            raise AssertionError("unreachable: the row was just written")
        details = {
            "malformed": after.malformed,
            "duplicates": after.duplicates,
            "places": [place.as_json() for place in after.places],
        }
        self._reviews.add_in(connection, partner_id, cause=REVIEW_CAUSE, incident_id=after.incident_id, details=details)
        return after


def _change(connection: Connection, seen: Breaker, values: Mapping[str, Any]) -> bool:
    table = schema.breakers
    mine = (table.c.partner_id == seen.partner_id) & (table.c.changes == seen.changes)
    return connection.execute(update(table).where(mine).values(changes=seen.changes + 1, **values)).rowcount == 1


def _breaker_of(row: Any) -> Breaker:
    return Breaker(
        partner_id=row.partner_id,
        state=BreakerState(row.state),
        incident_id=row.incident_id,
        opened_at=row.opened_at,
        probe_after=row.probe_after,
        closed_at=row.closed_at,
        malformed=row.malformed,
        duplicates=row.duplicates,
        refused=0,
        places=tuple(Place(**place) for place in row.places),
        changes=row.changes,
    )
