"""The weekly scorecards as they were made, one row a partner and week, and whether each was sent.

A scorecard is kept as it was when its week was over. What stands on it is decided elsewhere.
"""

import contextlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, insert, select, update
from sqlalchemy.exc import IntegrityError

from system.storage import schema
from system.storage.engine import Database

_table = schema.scorecards


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptScorecard:
    """One partner's week; `document` is JSON."""

    week: str
    partner_id: str
    document: Mapping[str, Any]
    made_at: datetime
    sent_at: datetime | None


class Scorecards:
    """Reads and writes `scorecards`; every method raises DatabaseUnavailable."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def keep(self, week: str, partner_id: str, document: Mapping[str, Any], *, at: datetime) -> None:
        """Keeps it, unless there is one of that week already."""
        row = {"week": week, "partner_id": partner_id, "document": dict(document), "made_at": at}

        def write(connection: Connection) -> None:
            there = select(_table.c.week).where(_table.c.week == week, _table.c.partner_id == partner_id)
            if connection.execute(there).one_or_none() is None:
                connection.execute(insert(_table), row)

        with contextlib.suppress(IntegrityError):  # somebody else has kept it meanwhile
            self._database.transact(write)

    def unsent(self, limit: int = 100) -> list[KeptScorecard]:
        """Those that nobody was sent yet, the oldest week first."""
        return self._read(_table.c.sent_at.is_(None), limit)

    def of_week(self, week: str, limit: int = 1000) -> list[KeptScorecard]:
        """Those of one ISO week, by partner."""
        return self._read(_table.c.week == week, limit)

    def mark_sent(self, one: KeptScorecard, at: datetime) -> None:
        """It is on its way."""
        this = (_table.c.week == one.week) & (_table.c.partner_id == one.partner_id)
        self._database.transact(lambda connection: connection.execute(update(_table).where(this).values(sent_at=at)))

    def _read(self, which: Any, limit: int) -> list[KeptScorecard]:
        query = select(_table).where(which).order_by(_table.c.week, _table.c.partner_id).limit(limit)
        rows = self._database.transact(lambda connection: connection.execute(query).all(), writes=False)
        return [KeptScorecard(**row._mapping) for row in rows]
