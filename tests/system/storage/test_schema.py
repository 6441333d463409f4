"""An older database gets what it lacks and keeps what it has."""

from collections.abc import Callable
from typing import Any

from sqlalchemy import inspect

from system.storage import NewSignal, Storage, create_schema
from system.storage.schema import METADATA

Make = Callable[..., NewSignal]


def _shape(storage: Storage) -> dict[str, tuple[set[Any], set[Any]]]:
    inspector = inspect(storage.engine)
    return {
        name: (
            {column["name"] for column in inspector.get_columns(name)},
            {index["name"] for index in inspector.get_indexes(name)},
        )
        for name in METADATA.tables
    }


def test_columns_and_indexes_of_a_later_version_are_added_to_full_tables(storage: Storage, signal_of: Make) -> None:
    whole = _shape(storage)
    (accepted,) = storage.signals.accept([signal_of("S1")])
    with storage.engine.begin() as connection:
        for statement in (
            "DROP INDEX ix_signals_partner" + (" ON signals" if storage.engine.dialect.name != "sqlite" else ""),
            "ALTER TABLE signals DROP COLUMN missing",
            "ALTER TABLE partners DROP COLUMN require_review",
            "DROP TABLE trust_incidents",
        ):
            connection.exec_driver_sql(statement)
    for _ in range(2):
        create_schema(storage.engine)
        assert _shape(storage) == whole
    partner = storage.partners.get("P1")
    assert partner is not None
    assert (partner.autonomy_tier, partner.require_review) == (3, False)
    assert storage.signals.accept([signal_of("S1")])[0].intent_id == accepted.intent_id
    storage.signals.accept([signal_of("S2", missing=("pickup_at",))])
