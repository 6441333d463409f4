"""Statements that are compiled once and then handed to the driver as they are.

SQLAlchemy spells a statement for the database at hand and knows how each value goes in and comes out; asking it again
at every call costs many times what a small statement takes. What runs once for each signal goes through here: the
spelling is kept, and so are the conversions. Errors come out as SQLAlchemy's own. A statement whose text depends on its
values (`IN` over a list) does not fit, and is refused.
"""

from collections import namedtuple
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, Delete, Dialect, Insert, Select, Update, exc
from sqlalchemy.engine.interfaces import DBAPICursor

Values = Mapping[str, Any]
Convert = Callable[[Any], Any]

_NOTHING: Values = {}


class _Form:
    """A statement as one kind of database takes it, for one set of names of values."""

    def __init__(self, statement: Any, dialect: Dialect, names: Iterable[str]) -> None:
        columns = None
        if not isinstance(statement, Select):
            columns = [name for name in names if name in statement.table.c]
        compiled: Any = statement.compile(dialect=dialect, column_keys=columns)
        if compiled.post_compile_params:
            raise exc.InvalidRequestError(f"the text of this statement depends on its values: {statement}")
        self.dialect = dialect
        self.text: str = compiled.string
        self._named = compiled.positiontup is None
        self._names: Sequence[str] = list(compiled.params) if self._named else compiled.positiontup
        given = set(names)
        self._fixed = {name: value for name, value in compiled.params.items() if name not in given}
        types = [compiled.binds[name].type.dialect_impl(dialect) for name in self._names]
        self._into = _conversions(kind.bind_processor(dialect) for kind in types)
        self._row: Any = None
        if isinstance(statement, Select):
            selected = list(statement.selected_columns)
            self._row = namedtuple("Row", [one.name for one in selected], rename=True)  # type: ignore[misc]
            kinds = [one.type.dialect_impl(dialect) for one in selected]
            self._out_of = _conversions(kind.result_processor(dialect, None) for kind in kinds)

    def bound(self, values: Values) -> tuple[Any, ...] | dict[str, Any]:
        """The values as the driver takes them: in the order of the text, or by name."""
        if self._fixed:
            values = {**self._fixed, **values}
        found = [values[name] for name in self._names]
        for place, convert in self._into:
            found[place] = convert(found[place])
        return dict(zip(self._names, found, strict=True)) if self._named else tuple(found)

    def rows(self, cursor: DBAPICursor) -> list[Any]:
        """What the cursor holds, with the columns as attributes."""
        found = []
        for one in cursor.fetchall():
            values = list(one)
            for place, convert in self._out_of:
                values[place] = convert(values[place])
            found.append(self._row._make(values))
        return found


def _conversions(found: Iterable[Convert | None]) -> tuple[tuple[int, Convert], ...]:
    return tuple((place, convert) for place, convert in enumerate(found) if convert is not None)


class Prepared:
    """One statement, for any number of threads and connections; its parameters are `bindparam`s and columns."""

    def __init__(self, statement: Select[Any] | Insert | Update | Delete) -> None:
        self._statement = statement
        self._forms: dict[tuple[str, ...], _Form] = {}

    def all(self, connection: Connection, values: Values = _NOTHING) -> list[Any]:
        """The rows of a query, with the columns as attributes."""
        form = self._form(connection, tuple(values))
        cursor = _execute(connection, form, form.bound(values))
        try:
            return form.rows(cursor)
        finally:
            cursor.close()

    def one(self, connection: Connection, values: Values = _NOTHING) -> Any:
        """The one row of a query; NoResultFound, MultipleResultsFound."""
        row = self.one_or_none(connection, values)
        if row is None:
            raise exc.NoResultFound("expected one row, seen none")
        return row

    def one_or_none(self, connection: Connection, values: Values = _NOTHING) -> Any:
        """The one row of a query, or None; MultipleResultsFound."""
        rows = self.all(connection, values)
        if len(rows) > 1:
            raise exc.MultipleResultsFound(f"expected one row, seen {len(rows)}")
        return rows[0] if rows else None

    def change(self, connection: Connection, values: Values = _NOTHING) -> int:
        """Runs a statement that writes; how many rows it found."""
        form = self._form(connection, tuple(values))
        cursor = _execute(connection, form, form.bound(values))
        try:
            return cursor.rowcount
        finally:
            cursor.close()

    def add(self, connection: Connection, rows: Sequence[Values]) -> None:
        """Inserts rows that all have the same columns."""
        if rows:
            form = self._form(connection, tuple(rows[0]))
            _execute(connection, form, [form.bound(row) for row in rows], many=True).close()

    def _form(self, connection: Connection, names: tuple[str, ...]) -> _Form:
        form = self._forms.get(names)
        if form is None or form.dialect is not connection.dialect:
            # A process has one database; the last one used is the one that is remembered.
            form = self._forms[names] = _Form(self._statement, connection.dialect, names)
        return form


def _execute(connection: Connection, form: _Form, values: Any, *, many: bool = False) -> DBAPICursor:
    cursor = connection.connection.cursor()
    try:
        if many:
            cursor.executemany(form.text, values)
        else:
            cursor.execute(form.text, values)
    except BaseException as error:
        _leave(connection, cursor, error)
        if isinstance(error, connection.dialect.loaded_dbapi.Error):
            raise _as_sqlalchemy_has_it(error, connection, form) from error
        raise
    return cursor


def _leave(connection: Connection, cursor: DBAPICursor, error: BaseException) -> None:
    """A connection that is lost, or was interrupted in the middle of an answer, is not used again."""
    dialect = connection.dialect
    interrupted = not isinstance(error, Exception)
    driver = connection.connection.dbapi_connection
    if interrupted or (isinstance(error, dialect.loaded_dbapi.Error) and dialect.is_disconnect(error, driver, cursor)):
        connection.invalidate(error)
    else:
        cursor.close()


def _as_sqlalchemy_has_it(error: Any, connection: Connection, form: _Form) -> BaseException:
    dialect = connection.dialect
    translated: BaseException = exc.DBAPIError.instance(
        form.text,
        None,  # the parameters are what partners sent
        error,
        dialect.loaded_dbapi.Error,
        hide_parameters=True,
        connection_invalidated=connection.invalidated,
        dialect=dialect,
    )
    return translated
