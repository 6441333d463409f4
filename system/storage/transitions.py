"""The audit trail: one row for each state change, written in the same transaction as the change itself.

`record` is the only writer, and it asks the table of legal transitions first. Rows are never changed or deleted. The
number of a row is unique for its intent, so that two histories of one intent cannot both be written.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, bindparam, insert, select

from system.clock import Clock, Ids
from system.plain_text import one_line
from system.storage import schema
from system.storage.engine import Database
from system.storage.prepared import Prepared
from system.storage.states import State, check_transition
from system.storage.values import Transition

REASON_LENGTH_MAX = 200
_table = schema.transitions
_INSERT = Prepared(insert(_table))
_OF = Prepared(select(_table).where(_table.c.intent_id == bindparam("intent_id")).order_by(_table.c.number))


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """A state change that is about to be written; `number` is the intent's `changes` after it."""

    intent_id: str
    number: int
    before: State | None
    after: State
    actor: str
    attempt: int = 0
    epoch: int = 0
    reason: str | None = None


def shortened(text: str | None) -> str | None:
    """`text` as the columns for reasons hold it: plain, and cut."""
    return None if text is None else one_line(text, REASON_LENGTH_MAX)


class Transitions:
    """Writes inside a caller's transaction, reads in its own."""

    def __init__(self, database: Database, clock: Clock, ids: Ids) -> None:
        self._database, self._clock, self._ids = database, clock, ids

    def record(self, connection: Connection, steps: Sequence[Step]) -> None:
        """Adds the audit rows of `steps` to the caller's transaction; IllegalTransition when the table forbids one."""
        for step in steps:
            check_transition(step.before, step.after)
        if steps:
            _INSERT.add(connection, [self._row(step) for step in steps])

    def of(self, intent_id: str) -> list[Transition]:
        """The history of one intent, oldest first."""
        one = {"intent_id": intent_id}
        rows = self._database.transact(lambda connection: _OF.all(connection, one), writes=False)
        return [transition_of(row) for row in rows]

    def _row(self, step: Step) -> Mapping[str, Any]:
        return {
            "id": self._ids.new("transition"),
            "intent_id": step.intent_id,
            "number": step.number,
            "from_state": step.before,
            "to_state": step.after,
            "at": self._clock.now(),
            "actor": step.actor[:80],
            "attempt": step.attempt,
            "epoch": step.epoch,
            "reason": shortened(step.reason),
        }


def transition_of(row: Any) -> Transition:
    """The Transition that a row says."""
    return Transition(
        id=row.id,
        intent_id=row.intent_id,
        number=row.number,
        from_state=None if row.from_state is None else State(row.from_state),
        to_state=State(row.to_state),
        at=row.at,
        actor=row.actor,
        attempt=row.attempt,
        epoch=row.epoch,
        reason=row.reason,
    )
