"""How far ahead of the machines' clocks the calendar was moved: one row a move, with an audit row beside it.

It only goes forward. Who may move it, and who goes by it, is decided elsewhere.
"""

from datetime import timedelta

from sqlalchemy import Connection, func, insert, select

from system.clock import Clock, Ids
from system.storage import schema
from system.storage.engine import Database
from system.storage.operator_actions import OperatorAction, OperatorActions

AHEAD_MAX = timedelta(days=3660)


class ClockMoves:
    """Reads and writes `clock_moves`; every method raises DatabaseUnavailable."""

    def __init__(self, database: Database, clock: Clock, ids: Ids, actions: OperatorActions) -> None:
        self._database, self._clock, self._ids, self._actions = database, clock, ids, actions

    def ahead(self) -> timedelta:
        """All moves together."""
        query = select(func.coalesce(func.sum(schema.clock_moves.c.ahead_s), 0.0))
        ahead_s = self._database.transact(lambda connection: connection.execute(query).scalar_one(), writes=False)
        return timedelta(seconds=float(ahead_s))

    def move(self, by: timedelta, *, who: str, why: str) -> timedelta:
        """Moves it on; returns how far ahead it is now. ValueError for a move backwards, or out of all reason."""
        before = self.ahead()
        if not timedelta() < by <= AHEAD_MAX - before:
            raise ValueError(f"expected a move forward, to {AHEAD_MAX.days} days ahead at most, seen {by}")
        row = {"id": self._ids.new("clock move"), "at": self._clock.now(), "ahead_s": by.total_seconds()}
        action = OperatorAction(who=who, command="clock forward", what={"seconds": by.total_seconds()}, why=why)

        def write(connection: Connection) -> None:
            connection.execute(insert(schema.clock_moves), row)
            self._actions.record_in(connection, action)

        self._database.transact(write)
        return before + by
