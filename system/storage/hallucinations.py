"""Hallucinations: what a model made up, word for word, until somebody has looked into it and for ever after.

A row is written in the transaction that fails its intent, so there is none without the other. One that is not tagged
stands: the monitor tells of it. What was made up stays with whoever looks into it; nothing here is acted on.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, insert, select, update

from system.clock import Clock
from system.storage import schema
from system.storage.engine import Database
from system.storage.errors import IllegalTransition
from system.storage.intents import Intents
from system.storage.operator_actions import OperatorAction, OperatorActions
from system.storage.states import State
from system.storage.transitions import shortened
from system.storage.values import Identity, Resolution

COMMAND = "hallucinations tag"
PREFIX = "Hallucination: "


@dataclass(frozen=True, slots=True, kw_only=True)
class Hallucination:
    """One case. `answer` is None when a person found it in what the intent itself says."""

    intent_id: str
    identity: Identity
    reason: str
    confidence: float | None
    answer: str | None
    at: datetime
    tagged_at: datetime | None
    tagged_by: str | None
    why: str | None


class Hallucinations:
    """Reads and tags `hallucinations`; every method raises DatabaseUnavailable."""

    def __init__(self, database: Database, clock: Clock, intents: Intents, actions: OperatorActions) -> None:
        self._database, self._clock, self._intents, self._actions = database, clock, intents, actions

    def untagged(self, limit: int = 100) -> list[Hallucination]:
        """Those that nobody has looked into, the oldest first."""
        table = schema.hallucinations.c
        return self._read(_cases().where(table.tagged_at.is_(None)).order_by(table.at, table.intent_id).limit(limit))

    def newest(self, limit: int = 100) -> list[Hallucination]:
        """All, the newest first."""
        table = schema.hallucinations.c
        return self._read(_cases().order_by(table.at.desc(), table.intent_id).limit(limit))

    def of(self, intent_id: str) -> Hallucination | None:
        """The case of that intent, or None."""
        found = self._read(_cases().where(schema.hallucinations.c.intent_id == intent_id))
        return found[0] if found else None

    def tag(self, intent_id: str, *, who: str, why: str) -> bool:
        """Writes that a person has looked into it; False when somebody had before.

        An intent that waits for a person and whose values were made up is failed with it. KeyError: no such intent;
        IllegalTransition: it is in no state in which a person may say so.
        """

        def write(connection: Connection) -> bool:
            intent = self._intents.locked(connection, intent_id)
            table = schema.hallucinations
            case = connection.execute(select(table).where(table.c.intent_id == intent_id)).one_or_none()
            if case is None:
                if intent.state is State.FAILED:
                    raise IllegalTransition(f"intent {intent_id} failed, but not of a hallucination")
                failed = Resolution(
                    state=State.FAILED, confidence=intent.confidence, error_reason=f"{PREFIX}{why}"[:200]
                )
                self._intents.review_in(
                    connection, intent_id, State.FAILED, actor=who, reason=failed.error_reason or PREFIX
                )
                connection.execute(insert(table), hallucination_row(intent_id, failed, at=self._clock.now()))
            elif case.tagged_at is not None:
                return False
            tagged = {"tagged_at": self._clock.now(), "tagged_by": who[:80], "why": why[:500]}
            connection.execute(update(table).where(table.c.intent_id == intent_id).values(tagged))
            self._actions.record_in(
                connection, OperatorAction(who=who, command=COMMAND, what={"intent": intent_id}, why=why)
            )
            return True

        return self._database.transact(write)

    def _read(self, query: Any) -> list[Hallucination]:
        rows = self._database.transact(lambda connection: connection.execute(query).all(), writes=False)
        return [_case_of(row) for row in rows]


def hallucination_row(intent_id: str, resolution: Resolution, *, at: datetime) -> Mapping[str, Any]:
    """The row of an intent that failed so."""
    return {
        "intent_id": intent_id,
        "reason": shortened(resolution.error_reason or ""),
        "confidence": resolution.confidence,
        "answer": resolution.hallucinated,
        "at": at,
    }


def _cases() -> Any:
    cases, intents = schema.hallucinations, schema.intents
    identity = (intents.c.partner_id, intents.c.shipment_id, intents.c.purpose, intents.c.version)
    return select(cases, *identity).join(intents, intents.c.id == cases.c.intent_id)


def _case_of(row: Any) -> Hallucination:
    return Hallucination(
        intent_id=row.intent_id,
        identity=Identity(row.partner_id, row.shipment_id, row.purpose, row.version),
        reason=row.reason,
        confidence=row.confidence,
        answer=row.answer,
        at=row.at,
        tagged_at=row.tagged_at,
        tagged_by=row.tagged_by,
        why=row.why,
    )
