"""Asks the database whether it would take a write, on a connection of its own.

A server that answers but is read-only (fenced, or not promoted yet) is as good as none for us. The answer also says
which server it was, because a primary that was replaced between two looks was lost as well. It never writes.
"""

from dataclasses import dataclass

from sqlalchemy import Connection, Engine, text
from sqlalchemy.exc import SQLAlchemyError

from system.settings import Settings
from system.storage import make_engine

_QUESTION = text("SELECT @@global.read_only AS read_only, @@global.server_id AS server_id")


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """What one probe saw: `problem` is None when the database takes writes, `server` which one answered (if any)."""

    problem: str | None
    server: int | None = None


class DatabaseProbe:
    """Blocking; each look is bounded by the connect and read timeouts of its own connection."""

    def __init__(self, settings: Settings) -> None:
        timeout_s = min(settings.database_timeout_s, settings.database_lost_after_s)
        own = settings.model_copy(update={"database_pool_size": 1, "database_timeout_s": timeout_s})
        self._engine: Engine = make_engine(own)
        self._connection: Connection | None = None

    def look(self) -> Look:
        """Asks once."""
        try:
            return self._ask()
        except (SQLAlchemyError, OSError) as error:
            self.close()
            original = getattr(error, "orig", None) or error
            return Look(problem=f"{type(original).__name__}: {original}"[:300])

    def close(self) -> None:
        """Drops the connection; the next look makes a new one."""
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.invalidate()
            connection.close()
        self._engine.dispose()

    def _ask(self) -> Look:
        if self._connection is None:
            self._connection = self._engine.connect().execution_options(isolation_level="AUTOCOMMIT")
        if self._engine.dialect.name == "sqlite":
            self._connection.execute(text("SELECT 1"))
            return Look(problem=None, server=1)
        row = self._connection.execute(_QUESTION).one()
        problem = "the server that answers is read-only" if row.read_only else None
        return Look(problem=problem, server=int(row.server_id))
