"""Prepared statements say what SQLAlchemy's own execution says: values, rows, counts and errors, on either database."""

import sqlite3
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta, timezone
from typing import Any, Self

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection, Engine, bindparam, create_engine, delete, exc, insert, select, update

from system.storage import Storage, create_schema, schema
from system.storage.prepared import Prepared

HOUR = timedelta(hours=1)
_texts = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=20)
_json = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**31), 2**31) | _texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_texts, inner, max_size=3),
    max_leaves=6,
)
_times = st.datetimes(datetime(2000, 1, 1), datetime(2100, 1, 1), timezones=st.just(UTC) | st.just(timezone(HOUR)))
_rows = st.fixed_dictionaries(
    {
        "name": _texts,
        "api_key_sha256": st.just("0" * 64),
        "autonomy_tier": st.integers(-(2**31), 2**31 - 1),
        "notice_url": st.none() | _texts,
        "steered_clock": st.booleans(),
    }
)

_partners, _cases = schema.partners, schema.hallucinations
_ADD = Prepared(insert(_partners))
_ONE = Prepared(select(_partners).where(_partners.c.id == bindparam("partner_id")))
_RENAME = Prepared(update(_partners).where(_partners.c.id == bindparam("at_id")))


@pytest.fixture
def connection(storage: Storage) -> Iterator[Connection]:
    """A connection to an empty schema, on either database; nothing is kept."""
    with storage.engine.connect() as connection:
        yield connection
        connection.rollback()


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(row=_rows)
def test_a_row_goes_in_and_comes_out_as_with_sqlalchemy(connection: Connection, row: dict[str, Any]) -> None:
    connection.execute(delete(_partners))
    _ADD.add(connection, [{"id": "P1", **row}])
    connection.execute(insert(_partners), {"id": "P2", **row})
    prepared = [_ONE.one(connection, {"partner_id": name})._asdict() for name in ("P1", "P2")]
    query = select(_partners).order_by(_partners.c.id)
    assert prepared == [dict(one) for one in connection.execute(query).mappings()]
    assert {**prepared[0], "id": "P2"} == prepared[1]


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(details=st.dictionaries(_texts, _json, max_size=3), at=_times)
def test_json_and_times_are_converted(connection: Connection, details: dict[str, Any], at: datetime) -> None:
    table = schema.operator_actions
    connection.execute(delete(table))
    row = {"id": "1", "at": at, "who": "w", "command": "c", "what": details, "why": ""}
    Prepared(insert(table)).add(connection, [row])
    found = Prepared(select(table)).one(connection)
    assert (found.what, found.at) == (details, at)
    assert found.at.tzinfo is UTC


def test_a_change_says_how_many_rows_it_found(connection: Connection) -> None:
    row = {"id": "P1", "name": "one", "api_key_sha256": "0" * 64, "autonomy_tier": 1}
    connection.execute(delete(_partners))
    _ADD.add(connection, [row, {**row, "id": "P2"}])
    _ADD.add(connection, [])
    assert _RENAME.change(connection, {"at_id": "P1", "name": "one"}) == 1  # found, though nothing is different
    assert _RENAME.change(connection, {"at_id": "P1", "name": "two", "autonomy_tier": 3}) == 1
    assert _RENAME.change(connection, {"at_id": "P3", "name": "two"}) == 0
    assert [(one.name, one.autonomy_tier) for one in Prepared(select(_partners)).all(connection)] == [
        ("two", 3),
        ("one", 1),
    ]
    assert _ONE.one_or_none(connection, {"partner_id": "P3"}) is None
    with pytest.raises(exc.NoResultFound):
        _ONE.one(connection, {"partner_id": "P3"})
    with pytest.raises(exc.MultipleResultsFound):
        Prepared(select(_partners)).one_or_none(connection)


def test_errors_are_sqlalchemys_own_and_tell_no_parameters(connection: Connection) -> None:
    row = {"id": "P1", "name": "a secret", "api_key_sha256": "0" * 64, "autonomy_tier": 1}
    connection.execute(delete(_partners))
    with pytest.raises(exc.IntegrityError) as caught:
        _ADD.add(connection, [row, row])
    assert "a secret" not in str(caught.value).replace(str(caught.value.orig), "")
    assert not caught.value.connection_invalidated


def test_a_naive_time_is_refused(connection: Connection) -> None:
    case = {"intent_id": "1", "reason": "", "at": datetime(2026, 1, 1)}
    with pytest.raises(ValueError, match="naive"):
        Prepared(insert(_cases)).add(connection, [case])


def test_a_statement_whose_text_depends_on_its_values_is_refused(connection: Connection) -> None:
    several = select(_partners).where(_partners.c.id.in_(bindparam("names", expanding=True)))
    with pytest.raises(exc.InvalidRequestError, match="depends on its values"):
        Prepared(several).all(connection, {"names": ["P1"]})


def test_one_statement_serves_two_databases_in_turn() -> None:
    engines: list[Engine] = [create_engine("sqlite://"), create_engine("sqlite://", paramstyle="named")]
    row = {"name": "n", "api_key_sha256": "0" * 64, "autonomy_tier": 1}
    for engine in engines:
        create_schema(engine)
    for number in range(2):
        for engine in engines:
            with engine.begin() as connection:
                _ADD.add(connection, [{"id": f"P{number}", **row}])
                assert _ONE.one(connection, {"partner_id": f"P{number}"}).id == f"P{number}"
    for engine in engines:
        engine.dispose()


class _Interrupted(sqlite3.Cursor):
    """Is stopped by the user in the middle of a change."""

    def execute(self, text: str, *values: Any) -> Self:
        if text.startswith("UPDATE"):
            raise KeyboardInterrupt
        return super().execute(text, *values)


class _Connection(sqlite3.Connection):
    def cursor(self, *_: Any) -> Any:
        return super().cursor(_Interrupted)


def test_a_connection_that_was_interrupted_is_not_used_again() -> None:
    """It may be in the middle of an answer, which would be taken for the answer to the next question."""
    engine = create_engine("sqlite://", connect_args={"factory": _Connection})
    create_schema(engine)
    with engine.connect() as connection:
        with pytest.raises(KeyboardInterrupt):
            _RENAME.change(connection, {"at_id": "P1", "name": "n"})
        assert connection.invalidated
    engine.dispose()
