"""The weekly data-quality review list: which partners somebody has to talk to, why, and whether somebody did.

Whoever finds a cause adds an entry, once an incident; it stands in the ISO week in which it was added. What quality is
gets decided elsewhere.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, func, insert, select, update

from system.clock import Clock, Ids
from system.storage import schema
from system.storage.engine import Database


@dataclass(frozen=True, slots=True, kw_only=True)
class QualityReview:
    """One entry; `week` is the ISO week, as `2027-W09`."""

    id: str
    week: str
    partner_id: str
    cause: str
    incident_id: str
    details: Mapping[str, Any]
    added_at: datetime
    reviewed_at: datetime | None
    reviewed_by: str | None


def week_of(at: datetime) -> str:
    """The ISO week of a moment, as `2027-W09`."""
    year, week, _ = at.isocalendar()
    return f"{year:04d}-W{week:02d}"


class QualityReviews:
    """Reads and writes `quality_reviews`; every method raises DatabaseUnavailable."""

    def __init__(self, database: Database, clock: Clock, ids: Ids) -> None:
        self._database, self._clock, self._ids = database, clock, ids

    def add(self, partner_id: str, *, cause: str, incident_id: str, details: Mapping[str, Any]) -> None:
        """Puts the partner on this week's list, unless this incident has done so already."""
        self._database.transact(
            lambda connection: self.add_in(
                connection, partner_id, cause=cause, incident_id=incident_id, details=details
            )
        )

    def add_in(
        self, connection: Connection, partner_id: str, *, cause: str, incident_id: str, details: Mapping[str, Any]
    ) -> None:
        """The same, in the transaction of whoever found the cause."""
        table, now = schema.quality_reviews, self._clock.now()
        listed = (
            select(func.count()).select_from(table).where(table.c.cause == cause, table.c.incident_id == incident_id)
        )
        if connection.execute(listed).scalar_one():
            return
        row = {
            "id": self._ids.new("quality review"),
            "week": week_of(now),
            "partner_id": partner_id,
            "cause": cause[:40],
            "incident_id": incident_id,
            "details": dict(details),
            "added_at": now,
        }
        connection.execute(insert(table), row)

    def of_week(self, week: str | None = None, *, limit: int = 1000) -> list[QualityReview]:
        """The list of one ISO week (default: of now), by partner."""
        table = schema.quality_reviews
        query = (
            select(table)
            .where(table.c.week == (week or week_of(self._clock.now())))
            .order_by(table.c.partner_id, table.c.added_at, table.c.id)
            .limit(limit)
        )
        rows = self._database.transact(lambda connection: connection.execute(query).all(), writes=False)
        return [_review_of(row) for row in rows]

    def mark_reviewed(self, review_id: str, *, by: str) -> bool:
        """Notes that somebody saw to it; false when there is no such open entry."""
        table = schema.quality_reviews
        change = (
            update(table)
            .where(table.c.id == review_id, table.c.reviewed_at.is_(None))
            .values(reviewed_at=self._clock.now(), reviewed_by=by[:80])
        )
        return self._database.transact(lambda connection: connection.execute(change).rowcount) == 1


def _review_of(row: Any) -> QualityReview:
    return QualityReview(
        id=row.id,
        week=row.week,
        partner_id=row.partner_id,
        cause=row.cause,
        incident_id=row.incident_id,
        details=row.details,
        added_at=row.added_at,
        reviewed_at=row.reviewed_at,
        reviewed_by=row.reviewed_by,
    )
