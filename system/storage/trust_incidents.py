"""Incidents of trust: a partner's signals became bad, its autonomy was taken down, and how it got it back.

One row an incident, for ever, so that what it took and what it may give back outlive every process. What changes here
changes the partner's row in the same transaction, with an audit row, and the partner's row is locked meanwhile: whoever
decides what a partner may do by itself reads that row. When trust is lost and regained is decided elsewhere, and comes
in as functions of the tier as it is found.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, insert, select, update

from system.clock import Ids
from system.storage import schema
from system.storage.engine import Database
from system.storage.operator_actions import OperatorAction, OperatorActions
from system.storage.quality_reviews import QualityReviews

REVIEW_CAUSE = "trust"
_incidents, _partners = schema.trust_incidents, schema.partners


@dataclass(frozen=True, slots=True, kw_only=True)
class Fall:
    """How far a partner's trust fell: scores from 0 to 1, and how often each field was missing."""

    partner_id: str
    score: float
    before: float | None
    missing: Mapping[str, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class TrustIncident:
    """One incident, in this order: opened; asked to mend its signals; on probation; review over; closed.

    Moments are aware, on the calendar. `ceiling_before` is the tier that the partner had, `ceiling` the one that the
    incident left it. `probation_at` is when the probation at hand began, or was begun anew for the last time.
    """

    id: str
    partner_id: str
    opened_at: datetime
    score: float
    score_before: float | None
    missing: Mapping[str, int]
    ceiling_before: int
    ceiling: int
    asked_at: datetime | None
    probation_at: datetime | None
    restarts: int
    review_ended_at: datetime | None
    closed_at: datetime | None

    @property
    def stage(self) -> str:
        """`open`, `probation`, `returning` or `closed`."""
        if self.closed_at is not None:
            return "closed"
        if self.review_ended_at is not None:
            return "returning"
        return "open" if self.probation_at is None else "probation"


class TrustIncidents:
    """Reads and writes `trust_incidents`, and the autonomy in `partners`; every method raises DatabaseUnavailable."""

    def __init__(self, database: Database, ids: Ids, reviews: QualityReviews, actions: OperatorActions) -> None:
        self._database, self._ids, self._reviews, self._actions = database, ids, reviews, actions

    def unclosed(self) -> list[TrustIncident]:
        """Those that are not closed, the oldest first."""
        return self._read(select(_incidents).where(_incidents.c.closed_at.is_(None)).order_by(_incidents.c.opened_at))

    def newest(self, partner_id: str) -> TrustIncident | None:
        """The partner's last incident, closed or not."""
        query = select(_incidents).where(_incidents.c.partner_id == partner_id)
        found = self._read(query.order_by(_incidents.c.opened_at.desc(), _incidents.c.id).limit(1))
        return found[0] if found else None

    def open(self, fall: Fall, *, at: datetime, who: str, lower: Callable[[int], int]) -> TrustIncident | None:
        """Opens an incident and takes autonomy away: the ceiling is lowered, and a person reviews everything.

        None when the partner has one that is under review already, or is gone: one incident lowers once. One that is
        returning is closed by the new one.
        """

        def work(connection: Connection) -> TrustIncident | None:
            tier = self._locked_tier(connection, fall.partner_id)
            standing = self._unclosed_of(connection, fall.partner_id)
            if tier is None:
                return None
            if standing is not None and standing.review_ended_at is None:
                return self._stands(connection, standing, tier, at=at, who=who, lower=lower)
            if standing is not None:
                _change(connection, standing.id, closed_at=at)
            return self._begin(connection, fall, tier, lower(tier), at=at, who=who)

        return self._database.transact(work)

    def note_asked(self, incident: TrustIncident, *, at: datetime, who: str, why: str) -> None:
        """The partner was asked to mend its signals."""

        def work(connection: Connection) -> None:
            _change(connection, incident.id, asked_at=at)
            self._audit(connection, incident, "trust ask", who, why, {})

        self._database.transact(work)

    def begin_probation(self, incident_id: str, *, at: datetime, who: str, why: str) -> bool:
        """The partner says that its signals are mended; false when it is past that, or there is no such incident."""

        def work(connection: Connection) -> bool:
            incident = self._locked(connection, incident_id)
            if incident is None or incident.stage not in ("open", "probation"):
                return False
            _change(connection, incident_id, probation_at=at, restarts=0)
            self._audit(connection, incident, "trust probation", who, why, {"from": at.isoformat()})
            return True

        return self._database.transact(work)

    def begin_anew(self, incident_id: str, at: datetime) -> None:
        """A bad signal came in during the probation, which counts from there again."""
        again = {"probation_at": at, "restarts": _incidents.c.restarts + 1}
        self._database.transact(lambda connection: _change(connection, incident_id, **again))

    def give_back(
        self, seen: TrustIncident, *, at: datetime, who: str, why: str, raised: Callable[[TrustIncident, int], int]
    ) -> TrustIncident | None:
        """Ends the review and raises the ceiling to what `raised` makes of the tier that is found; then closes it when
        nothing is left to give back, else begins the next probation. None when it has changed since it was `seen`.
        """

        def work(connection: Connection) -> TrustIncident | None:
            # The partner before its incident, as everywhere here: two that lock crosswise would deadlock.
            tier = self._locked_tier(connection, seen.partner_id)
            incident = self._locked(connection, seen.id)
            if incident is None or incident != seen or tier is None:
                return None
            ceiling = raised(incident, tier)
            closed = ceiling >= incident.ceiling_before
            _autonomy(connection, incident.partner_id, autonomy_tier=ceiling, require_review=False)
            _change(
                connection,
                incident.id,
                review_ended_at=incident.review_ended_at or at,
                probation_at=incident.probation_at if closed else at,
                closed_at=at if closed else None,
            )
            self._audit(connection, incident, "trust give back", who, why, {"ceiling": ceiling, "was": tier})
            return self._locked(connection, seen.id)

        return self._database.transact(work)

    def _begin(
        self, connection: Connection, fall: Fall, tier: int, ceiling: int, *, at: datetime, who: str
    ) -> TrustIncident:
        row = {
            "id": self._ids.new("trust incident"),
            "partner_id": fall.partner_id,
            "opened_at": at,
            "score": fall.score,
            "score_before": fall.before,
            "missing": dict(fall.missing),
            "ceiling_before": tier,
            "ceiling": ceiling,
        }
        connection.execute(insert(_incidents), row)
        _autonomy(connection, fall.partner_id, autonomy_tier=ceiling, require_review=True)
        incident = self._locked(connection, str(row["id"]))
        if incident is None:
            raise AssertionError("unreachable: the row was just written")
        self._audit_lowered(connection, incident, ceiling, was=tier, who=who)
        details = {"score": fall.score, "before": fall.before, "missing": dict(fall.missing)}
        self._reviews.add_in(connection, fall.partner_id, cause=REVIEW_CAUSE, incident_id=incident.id, details=details)
        return incident

    def _stands(
        self,
        connection: Connection,
        standing: TrustIncident,
        tier: int,
        *,
        at: datetime,
        who: str,
        lower: Callable[[int], int],
    ) -> TrustIncident | None:
        """What one more evaluation does to a partner whose incident stands: nothing."""
        return None

    def _audit_lowered(
        self, connection: Connection, incident: TrustIncident, ceiling: int, *, was: int, who: str
    ) -> None:
        before = "none" if incident.score_before is None else f"{incident.score_before:.2f}"
        why = f"trust score {incident.score:.2f} (was {before})"
        self._audit(connection, incident, "trust lower", who, why, {"ceiling": ceiling, "was": was})

    def _audit(
        self,
        connection: Connection,
        incident: TrustIncident,
        command: str,
        who: str,
        why: str,
        more: Mapping[str, Any],
    ) -> None:
        what = {"partner": incident.partner_id, "incident_id": incident.id, **more}
        self._actions.record_in(connection, OperatorAction(who=who, command=command, what=what, why=why))

    @staticmethod
    def _locked_tier(connection: Connection, partner_id: str) -> int | None:
        query = select(_partners.c.autonomy_tier).where(_partners.c.id == partner_id).with_for_update()
        tier: int | None = connection.execute(query).scalar_one_or_none()
        return tier

    @staticmethod
    def _locked(connection: Connection, incident_id: str) -> TrustIncident | None:
        row = connection.execute(select(_incidents).where(_incidents.c.id == incident_id).with_for_update())
        found = row.one_or_none()
        return None if found is None else _incident_of(found)

    @staticmethod
    def _unclosed_of(connection: Connection, partner_id: str) -> TrustIncident | None:
        mine = select(_incidents).where(_incidents.c.partner_id == partner_id, _incidents.c.closed_at.is_(None))
        newest = mine.order_by(_incidents.c.opened_at.desc(), _incidents.c.id).limit(1)
        row = connection.execute(newest.with_for_update()).one_or_none()
        return None if row is None else _incident_of(row)

    def _read(self, query: Any) -> list[TrustIncident]:
        rows = self._database.transact(lambda connection: connection.execute(query).all(), writes=False)
        return [_incident_of(row) for row in rows]


def _change(connection: Connection, incident_id: str, **values: Any) -> None:
    connection.execute(update(_incidents).where(_incidents.c.id == incident_id).values(values))


def _autonomy(connection: Connection, partner_id: str, **values: Any) -> None:
    connection.execute(update(_partners).where(_partners.c.id == partner_id).values(values))


def _incident_of(row: Any) -> TrustIncident:
    names = TrustIncident.__dataclass_fields__
    return TrustIncident(**{name: getattr(row, name) for name in names})
