"""What operators set while the system runs, for every process to see: one row a setting, the newest value.

A process looks here again and again and goes on with what it saw last; where nothing was ever set, its own settings
count. Which of them may be set at all, and to what, is decided by whoever sets them.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, insert, select, update

from system.clock import Clock
from system.storage import schema
from system.storage.engine import Database
from system.storage.operator_actions import OperatorAction, OperatorActions

IDEMPOTENCY_TTL_S = "idempotency_ttl_s"
"""The one setting that there is so far: whole seconds."""


class LiveSettings:
    """Reads and writes `live_settings`; every method raises DatabaseUnavailable."""

    def __init__(self, database: Database, clock: Clock, actions: OperatorActions) -> None:
        self._database, self._clock, self._actions = database, clock, actions

    def all(self) -> Mapping[str, Any]:
        """Every setting that was ever set, by its name."""
        table = schema.live_settings
        query = select(table.c.name, table.c.value)
        rows = self._database.transact(lambda connection: connection.execute(query).all(), writes=False)
        return {row.name: row.value for row in rows}

    def change(self, name: str, value: Any, action: OperatorAction) -> datetime:
        """Sets `name` to `value`, which is JSON, and writes the audit row with it; when that was."""
        table, now = schema.live_settings, self._clock.now()
        columns = {"value": value, "changed_at": now, "changed_by": action.who[:80]}

        def write(connection: Connection) -> None:
            changed = update(table).where(table.c.name == name).values(columns)
            if connection.execute(changed).rowcount == 0:
                connection.execute(insert(table).values(name=name, **columns))
            self._actions.record_in(connection, action)

        self._database.transact(write)
        return now
