"""Executions that were given up for hung: who held the intent, where it hung, and what became of it.

To notice one is to take the intent over, in the same transaction: its attempt is raised, so whatever the worker that
hung writes later is fenced off, also when it is never killed. The state stays EXECUTING until the case is closed. The
row holds the worker's name, because the intent's no longer does, and whoever takes a case up has to know whom to kill.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, func, insert, or_, select, update

from system.clock import Clock, Ids
from system.storage import schema
from system.storage.engine import EPOCH, Database
from system.storage.errors import FencedOff
from system.storage.states import State
from system.storage.values import Intent

_table, _intents, _transitions = schema.agent_timeouts, schema.intents, schema.transitions
STACK_LENGTH_MAX = 16_000


@dataclass(frozen=True, slots=True, kw_only=True)
class AgentTimeout:
    """One case; open until `closed_at`. `attempt` and `epoch` are those of the claim that was taken over."""

    id: str
    intent_id: str
    worker: str
    executing_since: datetime
    noticed_by: str
    noticed_at: datetime
    attempt: int
    epoch: int
    stack: str | None = None
    dead_at: datetime | None = None
    closed_at: datetime | None = None
    outcome: str | None = None


class AgentTimeouts:
    """Reads and writes `agent_timeouts`; every method raises DatabaseUnavailable."""

    def __init__(self, database: Database, clock: Clock, ids: Ids) -> None:
        self._database, self._clock, self._ids = database, clock, ids

    def notice(
        self, intent: Intent, *, by: str, lease_s: float, since: datetime | None = None, dead: bool = False
    ) -> AgentTimeout:
        """Opens a case for an executing `intent` and takes it over in the name `by`; FencedOff when it has moved.

        `since` is when it was first executed, where that was not in the attempt that is taken over. `dead` says that
        its worker is known to have ended.
        """
        now = self._clock.now()
        query = select(_intents, EPOCH.label("epoch_now")).where(_intents.c.id == intent.id)

        def work(connection: Connection) -> AgentTimeout:
            row = connection.execute(query.with_for_update()).one_or_none()
            claim = None if row is None else (row.state, row.attempt, row.epoch)
            if row is None or claim != (State.EXECUTING, intent.attempt, intent.epoch):
                raise FencedOff(f"intent {intent.id} is no longer executing in attempt {intent.attempt}")
            taken = {"attempt": intent.attempt + 1, "epoch": row.epoch_now}
            lease = {"worker": by, "lease_until": now + timedelta(seconds=lease_s)}
            connection.execute(update(_intents).where(_intents.c.id == intent.id).values({**taken, **lease}))
            case = AgentTimeout(
                id=self._ids.new("agent timeout"),
                intent_id=intent.id,
                worker=intent.worker or "unknown",
                executing_since=since or intent.updated_at,
                noticed_by=by,
                noticed_at=now,
                attempt=intent.attempt + 1,
                epoch=row.epoch_now,
                dead_at=now if dead else None,
            )
            values = {name: getattr(case, name) for name in AgentTimeout.__slots__}
            connection.execute(insert(_table).values(values))
            return case

        return self._database.transact(work)

    def open(self, *, limit: int = 100) -> list[AgentTimeout]:
        """The open cases, the oldest first."""
        return self._read(select(_table).where(_table.c.closed_at.is_(None)).order_by(_table.c.noticed_at).limit(limit))

    def since(self, at: datetime, *, limit: int = 100) -> list[AgentTimeout]:
        """The cases that are open, or were closed at `at` or later, the newest first."""
        recent = or_(_table.c.closed_at.is_(None), _table.c.closed_at >= at)
        return self._read(select(_table).where(recent).order_by(_table.c.noticed_at.desc()).limit(limit))

    def note_dead(self, case: AgentTimeout, *, stack: str | None) -> AgentTimeout:
        """The case with its worker ended now; `stack` is where it was before."""
        dead = replace(case, dead_at=self._clock.now(), stack=None if stack is None else stack[:STACK_LENGTH_MAX])
        self._write(case, {"dead_at": dead.dead_at, "stack": dead.stack})
        return dead

    def close(self, case: AgentTimeout, outcome: str) -> None:
        """The intent is in a state that needs no more care."""
        self._write(case, {"closed_at": self._clock.now(), "outcome": outcome})

    def renew(self, case: AgentTimeout, *, lease_s: float) -> None:
        """The case is still worked on: its lease is counted from now."""
        until = self._clock.now() + timedelta(seconds=lease_s)
        fence = (_intents.c.id == case.intent_id, _intents.c.attempt == case.attempt, _intents.c.epoch == case.epoch)
        change = update(_intents).where(*fence, _intents.c.state == State.EXECUTING).values(lease_until=until)
        self._database.transact(lambda connection: connection.execute(change))

    def tried_in_vain(self, *, since_before: datetime, limit: int = 100) -> dict[str, datetime]:
        """Intents that wait to be executed again and were first executed before that time, and when that was."""
        first = func.min(_transitions.c.at).label("first")
        query = (
            select(_intents.c.id, first)
            .join(_transitions, _transitions.c.intent_id == _intents.c.id)
            .where(_intents.c.state.in_((State.CONFIRMED, State.EXECUTING)), _intents.c.retries > 0)
            .where(_transitions.c.to_state == State.EXECUTING)
            .group_by(_intents.c.id)
            .having(first < since_before)
            .order_by(first)
            .limit(limit)
        )
        rows = self._database.transact(lambda connection: connection.execute(query).all(), writes=False)
        return {row.id: row.first for row in rows}

    def _write(self, case: AgentTimeout, values: Mapping[str, Any]) -> None:
        change = update(_table).where(_table.c.id == case.id, _table.c.closed_at.is_(None)).values(values)
        self._database.transact(lambda connection: connection.execute(change))

    def _read(self, query: Any) -> list[AgentTimeout]:
        rows = self._database.transact(lambda connection: connection.execute(query).all(), writes=False)
        return [AgentTimeout(**{name: getattr(row, name) for name in AgentTimeout.__slots__}) for row in rows]
