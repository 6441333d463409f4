"""The rows that matter at the end of a trace, beside the intents: loads, who may do what, who is shut out, what waits.

By table, in the order in which they were written; tables without a row are left out. Columns that only serve the work
(locks, keys, counters of changes) are not among them.
"""

from typing import Any

from sqlalchemy import Connection, select

from system.storage import Storage, schema
from system.storage.prepared import Prepared

_COLUMNS = {
    "partners": ("id", "autonomy_tier", "require_review"),
    "breakers": ("partner_id", "state", "malformed", "duplicates", "places", "probe_after"),
    "refusals": ("partner_id", "attempts"),
    "quality_reviews": ("partner_id", "cause", "details", "reviewed_by"),
    "hallucinations": ("intent_id", "reason", "confidence", "tagged_by", "why"),
    "trust_incidents": (
        *("partner_id", "score", "score_before", "missing", "ceiling_before", "ceiling"),
        *("asked_at", "probation_at", "restarts", "review_ended_at", "closed_at"),
    ),
    "lost_signals": ("identity", "certainty", "sources", "asked_at"),
    "agent_timeouts": ("intent_id", "noticed_by", "outcome"),
    "operator_actions": ("who", "command", "what", "why"),
}


def _statement(name: str) -> Prepared:
    table = schema.METADATA.tables[name]
    return Prepared(select(*(table.c[column] for column in _COLUMNS[name])).order_by(*table.primary_key))


_intents = schema.intents.c
_LOADS = Prepared(
    select(_intents.id.label("intent_id"), _intents.load_id).where(_intents.load_id.is_not(None)).order_by(_intents.id)
)
"""Which load of Motion's is an intent's: the one thing of an intent's row that only its execution says."""
_STATEMENTS = {"loads": _LOADS, **{name: _statement(name) for name in _COLUMNS}}


def rows_of(storage: Storage) -> dict[str, list[dict[str, Any]]]:
    """The rows by table, with ids and moments as they are."""

    def read(connection: Connection) -> dict[str, list[Any]]:
        return {name: statement.all(connection) for name, statement in _STATEMENTS.items()}

    return {name: [row._asdict() for row in found] for name, found in storage.transact(read).items() if found}
