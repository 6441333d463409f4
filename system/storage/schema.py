"""The tables, once, for MariaDB, MySQL and SQLite.

Ids are UUID text: an AUTO_INCREMENT number that is lost in a failover is handed out again by the promoted replica.
Times are UTC, naive in the database and aware in Python. Text compares byte by byte, without padding, so that two
shipments that differ in case or in a blank are two. `retry_at`, `retries` and `changes` serve the claims: when a step
may be tried again, how often it was given back in a row, and the number of the newest audit row, whose uniqueness
keeps the audit trail of one intent a chain. `create_schema` adds what an older database lacks, and takes nothing away.
"""

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import (
    CHAR,
    JSON,
    BigInteger,
    Boolean,
    Column,
    DateTime,
    Dialect,
    Double,
    Engine,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    Text,
    TypeDecorator,
    UniqueConstraint,
    inspect,
)
from sqlalchemy.dialects import mysql
from sqlalchemy.schema import CreateColumn

METADATA = MetaData()

_TEXT_LENGTH = 26
_SERVER_FAMILIES = ("mysql", "mariadb")
_COLLATION = "/*M!100301 utf8mb4_nopad_bin *//*!80000 utf8mb4_0900_bin */"
"""MariaDB has the one, MySQL the other, and each reads its own alone: by bytes, and no blank is padding."""
_OPTIONS: dict[str, Any] = {
    f"{family}_{option}": value
    for family in _SERVER_FAMILIES
    for option, value in {"engine": "InnoDB", "charset": "utf8mb4", "collate": _COLLATION}.items()
}


class UtcDateTime(TypeDecorator[datetime]):
    """An aware UTC datetime, stored naive with microseconds; a naive one is refused.

    SQLite has no such type: there it is the text that SQLAlchemy makes of one, in order as text as it is in time.
    """

    impl = DateTime
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> Any:
        if dialect.name == "sqlite":
            return dialect.type_descriptor(String(_TEXT_LENGTH))
        kind = mysql.DATETIME(fsp=6) if dialect.name in _SERVER_FAMILIES else DateTime()
        return dialect.type_descriptor(kind)

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> Any:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError(f"expected an aware datetime, seen the naive {value}; give it a time zone")
        naive = value.astimezone(UTC).replace(tzinfo=None)
        return naive.isoformat(sep=" ", timespec="microseconds") if dialect.name == "sqlite" else naive

    def process_result_value(self, value: Any, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        naive: datetime = datetime.fromisoformat(value) if dialect.name == "sqlite" else value
        return naive.replace(tzinfo=UTC)


_Raw = Text().with_variant(mysql.MEDIUMTEXT(), *_SERVER_FAMILIES)
_Json = JSON(none_as_null=True)


def _identity() -> list[Column[Any]]:
    return [
        Column("partner_id", String(20), nullable=False),
        Column("shipment_id", String(30), nullable=False),
        Column("purpose", String(10), nullable=False),
        Column("version", String(40), nullable=False),
    ]


partners = Table(
    "partners",
    METADATA,
    Column("id", String(20), primary_key=True),
    Column("name", String(200), nullable=False),
    Column("api_key_sha256", CHAR(64), nullable=False),
    Column("autonomy_tier", Integer, nullable=False),
    Column("notice_url", String(500)),
    Column("steered_clock", Boolean, nullable=False, server_default="0"),
    Column("require_review", Boolean, nullable=False, server_default="0"),
    **_OPTIONS,
)

signals = Table(
    "signals",
    METADATA,
    Column("id", CHAR(36), primary_key=True),
    *_identity(),
    Column("control_number", String(40), nullable=False),
    Column("content_type", String(100), nullable=False),
    Column("raw", _Raw, nullable=False),
    Column("tender", _Json, nullable=False),
    Column("missing", _Json),
    Column("received_at", UtcDateTime, nullable=False),
    UniqueConstraint("partner_id", "shipment_id", "purpose", "version", name="uq_signals_identity"),
    Index("ix_signals_received_at", "received_at"),
    Index("ix_signals_partner", "partner_id", "received_at"),
    **_OPTIONS,
)

intents = Table(
    "intents",
    METADATA,
    Column("id", CHAR(36), primary_key=True),
    Column("signal_id", CHAR(36), nullable=False, unique=True),
    *_identity(),
    Column("state", String(20), nullable=False),
    Column("payload", _Json),
    Column("confidence", Double),
    Column("missing", _Json),
    Column("error_reason", String(200)),
    Column("attempt", Integer, nullable=False, server_default="0"),
    Column("epoch", BigInteger, nullable=False, server_default="0"),
    Column("worker", String(80)),
    Column("lease_until", UtcDateTime),
    Column("load_id", String(64)),
    Column("retry_at", UtcDateTime),
    Column("retries", Integer, nullable=False, server_default="0"),
    Column("changes", Integer, nullable=False, server_default="0"),
    Column("created_at", UtcDateTime, nullable=False),
    Column("updated_at", UtcDateTime, nullable=False),
    Index("ix_intents_state", "state", "updated_at"),
    Index("ix_intents_shipment", "partner_id", "shipment_id"),
    **_OPTIONS,
)

shipments = Table(
    "shipments",
    METADATA,
    Column("partner_id", String(20), primary_key=True),
    Column("shipment_id", String(30), primary_key=True),
    Column("executing_intent", CHAR(36)),
    **_OPTIONS,
)

transitions = Table(
    "transitions",
    METADATA,
    Column("id", CHAR(36), primary_key=True),
    Column("intent_id", CHAR(36), nullable=False),
    Column("number", Integer, nullable=False),
    Column("from_state", String(20)),
    Column("to_state", String(20), nullable=False),
    Column("at", UtcDateTime, nullable=False),
    Column("actor", String(80), nullable=False),
    Column("attempt", Integer, nullable=False),
    Column("epoch", BigInteger, nullable=False),
    Column("reason", String(200)),
    UniqueConstraint("intent_id", "number", name="uq_transitions_number"),
    **_OPTIONS,
)

lost_signals = Table(
    "lost_signals",
    METADATA,
    Column("incident_id", String(64), primary_key=True),
    Column("identity", String(140), primary_key=True),
    *_identity(),
    Column("certainty", String(10), nullable=False),
    Column("acknowledged_at", UtcDateTime),
    Column("sources", _Json, nullable=False),
    Column("listed_at", UtcDateTime, nullable=False),
    Column("asked_at", UtcDateTime),
    **_OPTIONS,
)

counters = Table(
    "counters",
    METADATA,
    Column("name", String(40), primary_key=True),
    Column("value", BigInteger, nullable=False),
    **_OPTIONS,
)

breakers = Table(
    "breakers",
    METADATA,
    Column("partner_id", String(20), primary_key=True),
    Column("state", String(10), nullable=False),
    Column("incident_id", CHAR(36), nullable=False),
    Column("opened_at", UtcDateTime, nullable=False),
    Column("probe_after", UtcDateTime, nullable=False),
    Column("closed_at", UtcDateTime),
    Column("malformed", Integer, nullable=False),
    Column("duplicates", Integer, nullable=False),
    Column("places", _Json, nullable=False),
    Column("changes", Integer, nullable=False),
    **_OPTIONS,
)

refusals = Table(
    "refusals",
    METADATA,
    Column("id", CHAR(36), primary_key=True),
    Column("partner_id", String(20), nullable=False),
    Column("incident_id", CHAR(36), nullable=False),
    Column("at", UtcDateTime, nullable=False),
    Column("attempts", BigInteger, nullable=False),
    Index("ix_refusals_incident", "incident_id"),
    **_OPTIONS,
)

quality_reviews = Table(
    "quality_reviews",
    METADATA,
    Column("id", CHAR(36), primary_key=True),
    Column("week", CHAR(8), nullable=False),
    Column("partner_id", String(20), nullable=False),
    Column("cause", String(40), nullable=False),
    Column("incident_id", CHAR(36), nullable=False),
    Column("details", _Json, nullable=False),
    Column("added_at", UtcDateTime, nullable=False),
    Column("reviewed_at", UtcDateTime),
    Column("reviewed_by", String(80)),
    UniqueConstraint("cause", "incident_id", name="uq_quality_reviews_incident"),
    Index("ix_quality_reviews_week", "week", "partner_id"),
    **_OPTIONS,
)

operator_actions = Table(
    "operator_actions",
    METADATA,
    Column("id", CHAR(36), primary_key=True),
    Column("at", UtcDateTime, nullable=False),
    Column("who", String(80), nullable=False),
    Column("command", String(200), nullable=False),
    Column("what", _Json, nullable=False),
    Column("why", String(500), nullable=False),
    Index("ix_operator_actions_at", "at"),
    **_OPTIONS,
)

hallucinations = Table(
    "hallucinations",
    METADATA,
    Column("intent_id", CHAR(36), primary_key=True),
    Column("reason", String(200), nullable=False),
    Column("confidence", Double),
    Column("answer", _Raw),
    Column("at", UtcDateTime, nullable=False),
    Column("tagged_at", UtcDateTime),
    Column("tagged_by", String(80)),
    Column("why", String(500)),
    Index("ix_hallucinations_tagged_at", "tagged_at", "at"),
    **_OPTIONS,
)


agent_timeouts = Table(
    "agent_timeouts",
    METADATA,
    Column("id", CHAR(36), primary_key=True),
    Column("intent_id", CHAR(36), nullable=False),
    Column("worker", String(80), nullable=False),
    Column("executing_since", UtcDateTime, nullable=False),
    Column("noticed_by", String(80), nullable=False),
    Column("noticed_at", UtcDateTime, nullable=False),
    Column("attempt", Integer, nullable=False),
    Column("epoch", BigInteger, nullable=False),
    Column("stack", Text),
    Column("dead_at", UtcDateTime),
    Column("closed_at", UtcDateTime),
    Column("outcome", String(20)),
    Index("ix_agent_timeouts_closed", "closed_at"),
    **_OPTIONS,
)

live_settings = Table(
    "live_settings",
    METADATA,
    Column("name", String(60), primary_key=True),
    Column("value", _Json, nullable=False),
    Column("changed_at", UtcDateTime, nullable=False),
    Column("changed_by", String(80), nullable=False),
    **_OPTIONS,
)


trust_incidents = Table(
    "trust_incidents",
    METADATA,
    Column("id", CHAR(36), primary_key=True),
    Column("partner_id", String(20), nullable=False),
    Column("opened_at", UtcDateTime, nullable=False),
    Column("score", Double, nullable=False),
    Column("score_before", Double),
    Column("missing", _Json, nullable=False),
    Column("ceiling_before", Integer, nullable=False),
    Column("ceiling", Integer, nullable=False),
    Column("asked_at", UtcDateTime),
    Column("probation_at", UtcDateTime),
    Column("restarts", Integer, nullable=False, server_default="0"),
    Column("review_ended_at", UtcDateTime),
    Column("closed_at", UtcDateTime),
    Index("ix_trust_incidents_partner", "partner_id", "opened_at"),
    Index("ix_trust_incidents_closed", "closed_at"),
    **_OPTIONS,
)

clock_moves = Table(
    "clock_moves",
    METADATA,
    Column("id", CHAR(36), primary_key=True),
    Column("at", UtcDateTime, nullable=False),
    Column("ahead_s", Double, nullable=False),
    **_OPTIONS,
)

scorecards = Table(
    "scorecards",
    METADATA,
    Column("week", CHAR(8), primary_key=True),
    Column("partner_id", String(20), primary_key=True),
    Column("document", _Json, nullable=False),
    Column("made_at", UtcDateTime, nullable=False),
    Column("sent_at", UtcDateTime),
    **_OPTIONS,
)


def create_schema(engine: Engine) -> None:
    """Creates every table, column and index that is not there yet; safe to repeat.

    A column that is new has to be one that old rows can do without: nullable, or with a default of the server's.
    """
    older = set(inspect(engine).get_table_names())
    METADATA.create_all(engine)
    for table in METADATA.sorted_tables:
        if table.name in older:
            _bring_up_to_date(engine, table)


def _bring_up_to_date(engine: Engine, table: Table) -> None:
    inspector = inspect(engine)
    columns = {column["name"] for column in inspector.get_columns(table.name)}
    indexes = {index["name"] for index in inspector.get_indexes(table.name)}
    with engine.begin() as connection:
        for column in table.columns:
            if column.name not in columns:
                said = CreateColumn(column).compile(dialect=engine.dialect)
                connection.exec_driver_sql(f"ALTER TABLE {table.name} ADD COLUMN {said}")
        for index in table.indexes:
            if index.name not in indexes:
                index.create(connection)
