"""What an incident lost: the list, and whether the partners were asked for it.

Only kept here. What belongs on the list is worked out by the recovery, from what outlived the crash elsewhere.
"""

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, func, insert, select, update

from system.storage import schema
from system.storage.engine import Database
from system.storage.values import Identity, LostSignal


class LostSignals:
    """Reads and writes `lost_signals`; every method raises DatabaseUnavailable."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def record_lost(self, lost: Sequence[LostSignal]) -> int:
        """Adds those that their incident's list does not have yet, all or nothing; returns how many were added."""
        table = schema.lost_signals

        def write(connection: Connection) -> int:
            incidents = sorted({one.incident_id for one in lost})
            query = select(table.c.incident_id, table.c.identity).where(table.c.incident_id.in_(incidents))
            listed = {tuple(row) for row in connection.execute(query.with_for_update())}
            fresh = {(one.incident_id, str(one.identity)): one for one in lost}
            rows = [_values(one) for key, one in sorted(fresh.items()) if key not in listed]
            if rows:
                connection.execute(insert(table), rows)
            return len(rows)

        return self._database.transact(write) if lost else 0

    def newest_incident(self) -> str | None:
        """The incident that was listed last, or None."""
        table = schema.lost_signals
        query = select(table.c.incident_id).order_by(table.c.listed_at.desc(), table.c.incident_id.desc()).limit(1)
        return self._database.transact(lambda connection: connection.execute(query).scalar(), writes=False)

    def lost_of(self, incident_id: str) -> list[LostSignal]:
        """The list of one incident, by identity; empty when there is none."""
        table = schema.lost_signals
        query = select(table).where(table.c.incident_id == incident_id).order_by(table.c.identity)
        rows = self._database.transact(lambda connection: connection.execute(query).all(), writes=False)
        return [_lost_signal_of(row) for row in rows]

    def asked_for(self, partner_id: str, identities: Collection[Identity], *, since: datetime) -> dict[Identity, str]:
        """Those of `identities` that a listing after `since` asked `partner_id` to send again, and its incident.

        The partner is asked for a window and not for single signals, so whatever we had received before the listing, or
        had stored again before the partner was asked, may come once more; so may what stands on the list itself.
        """
        lost, signals = schema.lost_signals.c, schema.signals.c
        asking = (
            select(lost.incident_id, func.max(lost.listed_at).label("listed_at"), func.max(lost.asked_at).label("at"))
            .where(lost.partner_id == partner_id, lost.listed_at >= since)
            .group_by(lost.incident_id)
            .order_by(func.max(lost.listed_at))
        )
        shipments = sorted({identity.shipment_id for identity in identities})

        def read(connection: Connection) -> dict[Identity, str]:
            found: dict[Identity, str] = {}
            for incident_id, listed_at, at in connection.execute(asking).all():
                before = signals.received_at <= (listed_at if at is None else max(at, listed_at))
                for table, also in ((signals, before), (lost, lost.incident_id == incident_id)):
                    query = select(table.partner_id, table.shipment_id, table.purpose, table.version).where(
                        table.partner_id == partner_id, table.shipment_id.in_(shipments), also
                    )
                    found.update((Identity(*row), incident_id) for row in connection.execute(query))
            return {identity: found[identity] for identity in identities if identity in found}

        return self._database.transact(read, writes=False) if identities else {}

    def mark_asked(self, incident_id: str, identities: Iterable[str], asked_at: datetime) -> int:
        """Notes that the partners were asked for `identities` (text form); returns how many had not been asked for."""
        table = schema.lost_signals
        change = update(table).where(
            table.c.incident_id == incident_id, table.c.identity.in_(sorted(identities)), table.c.asked_at.is_(None)
        )
        return self._database.transact(
            lambda connection: connection.execute(change.values(asked_at=asked_at)).rowcount,
        )


def _values(lost: LostSignal) -> dict[str, Any]:
    return {
        "incident_id": lost.incident_id,
        "identity": str(lost.identity),
        **lost.identity._asdict(),
        "certainty": lost.certainty,
        "acknowledged_at": lost.acknowledged_at,
        "sources": list(lost.sources),
        "listed_at": lost.listed_at,
        "asked_at": lost.asked_at,
    }


def _lost_signal_of(row: Any) -> LostSignal:
    return LostSignal(
        incident_id=row.incident_id,
        identity=Identity(row.partner_id, row.shipment_id, row.purpose, row.version),
        certainty=row.certainty,
        acknowledged_at=row.acknowledged_at,
        sources=tuple(row.sources),
        listed_at=row.listed_at,
        asked_at=row.asked_at,
    )
