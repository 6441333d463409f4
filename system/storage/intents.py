"""Intents: read, counted, and decided by a person. What workers do with them is in `claims`."""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, bindparam, func, literal, or_, select, update

from system.clock import Clock
from system.storage import schema
from system.storage.engine import Database
from system.storage.prepared import Prepared
from system.storage.states import BINDING, State, check_transition
from system.storage.transitions import Step, Transitions, shortened
from system.storage.values import Identity, Intent, Payload

_table = schema.intents
_ONE = Prepared(select(_table).where(_table.c.id == bindparam("intent_id")))
_BINDING = Prepared(
    select(_table)
    .where(_table.c.partner_id == bindparam("partner_id"), _table.c.shipment_id == bindparam("shipment_id"))
    .where(or_(*(_table.c.state == literal(str(state)) for state in sorted(BINDING))))
    .order_by(_table.c.created_at, _table.c.id)
)


class Intents:
    """Reads `intents`, and writes what a person decides; every method raises DatabaseUnavailable."""

    def __init__(self, database: Database, clock: Clock, transitions: Transitions) -> None:
        self._database, self._clock, self._transitions = database, clock, transitions

    def get(self, intent_id: str) -> Intent | None:
        """The intent of that id, or None."""
        found = self._read(lambda connection: _ONE.all(connection, {"intent_id": intent_id}))
        return found[0] if found else None

    def in_state(
        self,
        *states: State,
        limit: int = 100,
        untouched_since: datetime | None = None,
        partner_id: str | None = None,
    ) -> list[Intent]:
        """Intents in one of `states`, the longest unchanged first; only those unchanged since then, or of that partner,
        if given.
        """
        table = schema.intents.c
        query = select(schema.intents).where(table.state.in_(states))
        if partner_id is not None:
            query = query.where(table.partner_id == partner_id)
        if untouched_since is not None:
            query = query.where(table.updated_at < untouched_since)
        query = query.order_by(table.updated_at, table.id).limit(limit)
        return self._read(lambda connection: connection.execute(query).all())

    def binding(self, partner_id: str, shipment_id: str) -> list[Intent]:
        """All intents of one shipment that count for its load, oldest first."""
        one = {"partner_id": partner_id, "shipment_id": shipment_id}
        return self._read(lambda connection: _BINDING.all(connection, one))

    def counts(self) -> dict[State, int]:
        """How many intents are in each state; every state is there."""
        query = select(schema.intents.c.state, func.count()).group_by(schema.intents.c.state)
        rows = self._database.transact(lambda connection: connection.execute(query).all(), writes=False)
        return dict.fromkeys(State, 0) | {State(state): count for state, count in rows}

    def review(self, intent_id: str, state: State, *, actor: str, reason: str) -> Intent:
        """Writes what a person decided; KeyError: no such intent; IllegalTransition: not theirs to decide."""
        return self._database.transact(
            lambda connection: self.review_in(connection, intent_id, state, actor=actor, reason=reason)
        )

    def review_in(
        self,
        connection: Connection,
        intent_id: str,
        state: State,
        *,
        actor: str,
        reason: str,
        payload: Payload | None = None,
    ) -> Intent:
        """As `review`, in the transaction of whoever has more to write about it; `payload` is what is made complete."""
        table = schema.intents
        before = self.locked(connection, intent_id)
        check_transition(before.state, state)
        values: dict[str, Any] = {"state": state, "changes": before.changes + 1, "updated_at": self._clock.now()}
        if payload is not None:
            values |= {"payload": dict(payload), "missing": None}
        if state is State.CONFIRMED:
            values["error_reason"] = None  # what kept it from going by itself is no error of it; the audit has it
        if state is State.FAILED:
            values["error_reason"] = shortened(reason)
        connection.execute(update(table).where(table.c.id == intent_id).values(values))
        step = Step(
            intent_id=intent_id,
            number=before.changes + 1,
            before=before.state,
            after=state,
            actor=actor,
            attempt=before.attempt,
            epoch=before.epoch,
            reason=reason,
        )
        self._transitions.record(connection, [step])
        return intent_of(connection.execute(select(table).where(table.c.id == intent_id)).one())

    def locked(self, connection: Connection, intent_id: str) -> Intent:
        """The intent of that id, which nobody else changes before the caller's transaction has ended; KeyError."""
        table = schema.intents
        row = connection.execute(select(table).where(table.c.id == intent_id).with_for_update()).one_or_none()
        if row is None:
            raise KeyError(intent_id)
        return intent_of(row)

    def _read(self, rows: Callable[[Connection], Sequence[Any]]) -> list[Intent]:
        return [intent_of(row) for row in self._database.transact(rows, writes=False)]


def intent_of(row: Any) -> Intent:
    """The Intent that a row of `intents` says."""
    return Intent(
        id=row.id,
        signal_id=row.signal_id,
        identity=Identity(row.partner_id, row.shipment_id, row.purpose, row.version),
        state=State(row.state),
        payload=row.payload,
        confidence=row.confidence,
        missing=row.missing,
        error_reason=row.error_reason,
        attempt=row.attempt,
        epoch=row.epoch,
        worker=row.worker,
        lease_until=row.lease_until,
        load_id=row.load_id,
        retry_at=row.retry_at,
        retries=row.retries,
        changes=row.changes,
        created_at=row.created_at,
        updated_at=row.updated_at,
    )
