"""What operators did: one row an action, for ever. Who, when, with which command, to what, and why.

Written in the transaction of the action itself where there is one, so that none goes without its row.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, insert, select

from system.clock import Clock, Ids
from system.storage import schema
from system.storage.engine import Database

_LENGTHS = {"who": 80, "command": 200, "why": 500}


@dataclass(frozen=True, slots=True, kw_only=True)
class OperatorAction:
    """One action; `what` is JSON, such as the ids that it was done to."""

    who: str
    command: str
    what: Mapping[str, Any]
    why: str
    at: datetime | None = None


class OperatorActions:
    """Reads and writes `operator_actions`; every method raises DatabaseUnavailable."""

    def __init__(self, database: Database, clock: Clock, ids: Ids) -> None:
        self._database, self._clock, self._ids = database, clock, ids

    def record(self, action: OperatorAction) -> None:
        """Writes one action that has no other transaction."""
        self._database.transact(lambda connection: self.record_in(connection, action))

    def record_in(self, connection: Connection, action: OperatorAction) -> None:
        """Writes one action in the transaction of whoever does it; texts are shortened to their columns."""
        texts = {name: str(getattr(action, name))[:length] for name, length in _LENGTHS.items()}
        row = {"id": self._ids.new("operator action"), "at": action.at or self._clock.now(), "what": dict(action.what)}
        connection.execute(insert(schema.operator_actions), {**row, **texts})

    def newest(self, limit: int = 100) -> list[OperatorAction]:
        """The newest actions, the newest first."""
        table = schema.operator_actions
        query = select(table).order_by(table.c.at.desc(), table.c.id.desc()).limit(limit)
        rows = self._database.transact(lambda connection: connection.execute(query).all(), writes=False)
        return [OperatorAction(who=row.who, command=row.command, what=row.what, why=row.why, at=row.at) for row in rows]
