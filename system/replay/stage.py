"""What stays from trace to trace in a process that replays many: the connection to the database, and its tables.

Nothing else does, and the tables are emptied before each trace, so that a trace cannot see what was before it, however
that ended. To empty them costs next to nothing; to make them anew, and to compile each statement again for a new
database, costs many times what a trace takes.
"""

from sqlalchemy import Connection, Engine, delete

from system.storage import create_schema
from system.storage.schema import METADATA


class Stage:
    """One database for one thread, whose tables are made if they are not there."""

    def __init__(self, engine: Engine) -> None:
        create_schema(engine)
        self._connection = engine.connect()
        tables = reversed(METADATA.sorted_tables)
        self._empty = [str(delete(table).compile(dialect=engine.dialect)) for table in tables]

    def cleared(self) -> Connection:
        """The connection to a database without a row."""
        connection = self._connection
        if connection.in_transaction():
            connection.rollback()
        with connection.begin():
            cursor = connection.connection.cursor()
            for statement in self._empty:
                cursor.execute(statement)
            cursor.close()
        return connection

    def close(self) -> None:
        """Gives the connection back."""
        self._connection.close()
