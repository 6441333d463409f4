"""What partners' tenders and changes lack, as it was written down when they came in. Cancels need nothing, and are left
out.

Moments are those of `received_at`, on the calendar. What quality is worth is decided elsewhere.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, and_, func, select

from system.storage import schema
from system.storage.engine import Database

_signals = schema.signals.c


@dataclass(frozen=True, slots=True, kw_only=True)
class Quality:
    """Of `signals` so many lacked something; `missing` counts each field."""

    signals: int
    incomplete: int
    missing: Mapping[str, int]


class SignalQuality:
    """Reads `signals`; every method raises DatabaseUnavailable."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def newest(
        self, partner_id: str, limit: int, *, since: datetime | None = None, before: datetime | None = None
    ) -> list[Sequence[str]]:
        """What each of the partner's last signals lacks, the newest first; only of those received in between."""
        mine = _of(partner_id)
        if since is not None:
            mine = and_(mine, _signals.received_at > since)
        if before is not None:
            mine = and_(mine, _signals.received_at < before)
        query = select(_signals.missing).where(mine).order_by(_signals.received_at.desc(), _signals.id.desc())
        return [missing or () for (missing,) in self._rows(query.limit(limit))]

    def between(self, partner_id: str, start: datetime, end: datetime) -> Quality:
        """Of the signals received from `start` on and before `end`."""
        mine = and_(_of(partner_id), _signals.received_at >= start, _signals.received_at < end)
        signals = incomplete = 0
        fields: Counter[str] = Counter()
        for missing, count in self._rows(select(_signals.missing, func.count()).where(mine).group_by(_signals.missing)):
            signals += count
            if missing:
                incomplete += count
                fields.update(dict.fromkeys(missing, count))
        return Quality(signals=signals, incomplete=incomplete, missing=dict(fields.most_common()))

    def outcomes(self, partner_id: str, start: datetime, end: datetime) -> dict[str, int]:
        """How many of all signals received from `start` on and before `end`, cancels too, are in each state by now."""
        state = schema.intents.c.state
        query = (
            select(state, func.count())
            .join_from(schema.signals, schema.intents, schema.intents.c.signal_id == _signals.id)
            .where(_signals.partner_id == partner_id, _signals.received_at >= start, _signals.received_at < end)
            .group_by(state)
            .order_by(state)
        )
        return {str(one): int(count) for one, count in self._rows(query)}

    def last_incomplete(self, partner_id: str, *, since: datetime) -> datetime | None:
        """When the last signal that lacked something was received, if that was after `since`."""
        query = select(func.max(_signals.received_at)).where(
            _of(partner_id), _signals.received_at > since, _signals.missing.is_not(None)
        )
        ((at,),) = self._rows(query)
        return at  # type: ignore[no-any-return]

    def count_since(self, partner_id: str, since: datetime) -> int:
        """How many signals were received after `since`."""
        query = select(func.count()).where(_of(partner_id), _signals.received_at > since)
        ((count,),) = self._rows(query)
        return int(count)

    def _rows(self, query: Any) -> Sequence[Any]:
        return self._database.transact(lambda connection: connection.execute(query).all(), writes=False)


def _of(partner_id: str) -> ColumnElement[bool]:
    return and_(_signals.partner_id == partner_id, _signals.purpose != "cancel")
