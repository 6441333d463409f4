"""What stays from trace to trace in a process that replays many: a database in memory, and its tables.

Nothing else does, and the tables are emptied before each trace, so that a trace cannot see what was before it, however
that ended. To empty them costs next to nothing; to make them anew, and to compile each statement again for a new
database, costs many times what a trace takes.
"""

import functools
from collections.abc import Callable
from typing import TypeVar

from sqlalchemy import Connection, Dialect, create_engine, delete
from sqlalchemy.pool import StaticPool

from system.clock import Clock
from system.storage import create_schema
from system.storage.engine import Database
from system.storage.schema import METADATA

T = TypeVar("T")


class Stage:
    """A SQLite database in memory, for one thread."""

    def __init__(self) -> None:
        # The driver is to begin nothing by itself, and SQLAlchemy nothing either: see `_StageDatabase`.
        self._engine = create_engine("sqlite://", poolclass=StaticPool, connect_args={"isolation_level": None})
        create_schema(self._engine)
        self._connection = self._engine.connect()

    def cleared(self, clock: Clock) -> Database:
        """The database, without a row."""
        driver = self._connection.connection.driver_connection
        assert driver is not None
        driver.rollback()
        self._connection.rollback()
        empty(self._connection)
        return _StageDatabase(self._connection, clock)

    def close(self) -> None:
        """Ends it."""
        self._connection.close()
        self._engine.dispose()


def empty(connection: Connection) -> None:
    """Deletes every row of every table; the caller ends the transaction."""
    cursor = connection.connection.cursor()
    for text in _deletions(connection.dialect):
        cursor.execute(text)
    cursor.close()


@functools.lru_cache(maxsize=8)
def _deletions(dialect: Dialect) -> list[str]:
    return [str(delete(table).compile(dialect=dialect)) for table in reversed(METADATA.sorted_tables)]


class _StageDatabase(Database):
    """Transactions on one connection that nobody else has, begun and ended by the driver itself.

    There is no pool, no lock to wait for and no connection to lose, which is what takes the time elsewhere.
    """

    def __init__(self, connection: Connection, clock: Clock) -> None:
        super().__init__(connection.engine, clock)
        self._connection = connection
        self._driver = connection.connection.driver_connection

    def _once(self, work: Callable[[Connection], T], writes: bool) -> T:
        driver = self._driver
        assert driver is not None
        driver.execute("BEGIN")
        try:
            result = work(self._connection)
        except BaseException:
            driver.rollback()
            raise
        if writes:
            driver.commit()
        else:
            driver.rollback()
        return result
