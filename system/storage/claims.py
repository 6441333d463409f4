"""Claims: who works on which intent, and the fence that keeps everybody else from writing its end.

A claim raises the intent's attempt and notes the epoch: which life of the database gave it. Every write at the end of a
claim names both, and zero rows means that somebody newer has the intent: FencedOff, nothing written. The attempt alone
is no fence, because a failover may rewind it. Claims skip rows that others have locked, and a shipment is in the hands
of one agent at a time. A claim whose commit is unknown, or whose end a failover has undone, is found again by its
worker's name (`held_by`), so a worker's name belongs to one worker only, which works on one intent at a time.
"""

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Select, and_, bindparam, insert, or_, select, update

from system.clock import Clock
from system.storage import schema
from system.storage.engine import EPOCH, Database
from system.storage.errors import FencedOff
from system.storage.hallucinations import hallucination_row
from system.storage.intents import intent_of
from system.storage.partners import partner_of
from system.storage.prepared import Prepared
from system.storage.signals import signal_of
from system.storage.states import State
from system.storage.transitions import Step, Transitions, shortened
from system.storage.values import Claim, Intent, Partner, Resolution

_intents, _shipments, _signals, _partners = schema.intents, schema.shipments, schema.signals, schema.partners
_LEFT_ALONE: Mapping[str, Any] = {"worker": None, "lease_until": None}
_EXPIRED = "lease expired"
_EXPIRE_BATCH = 50


def _waiting() -> Select[Any]:
    """The longest waiting intent that may be claimed; takes `waiting` (its state) and `now`."""
    due = or_(_intents.c.retry_at.is_(None), _intents.c.retry_at <= bindparam("now"))
    query = select(_intents, EPOCH.label("epoch_now")).where(_intents.c.state == bindparam("waiting"), due)
    # In the order of the index, so that only the row that is taken gets locked.
    query = query.order_by(_intents.c.updated_at, _intents.c.id).limit(1).with_for_update(skip_locked=True)
    for family in _FAMILIES:
        query = query.with_hint(_intents, "FORCE INDEX (ix_intents_state)", family)
    return query


def _this() -> Select[Any]:
    """One intent, due or not; takes `waiting` (its state) and `this` (its id)."""
    query = select(_intents, EPOCH.label("epoch_now")).where(_intents.c.state == bindparam("waiting"))
    return query.where(_intents.c.id == bindparam("this")).with_for_update(skip_locked=True)


def _of_idle_shipment(query: Select[Any]) -> Select[Any]:
    """The same of intents whose shipment nobody works on.

    Both rows are locked, or the intent is skipped: no two agents get one shipment. The join has to begin at the
    intents, or the lock would take every idle shipment.
    """
    same = and_(_shipments.c.partner_id == _intents.c.partner_id, _shipments.c.shipment_id == _intents.c.shipment_id)
    query = query.join_from(_intents, _shipments, same).where(_shipments.c.executing_intent.is_(None))
    for family in _FAMILIES:
        query = query.prefix_with("STRAIGHT_JOIN", dialect=family)
    return query


# Each statement stands once and takes its values when it runs: to build one costs more than to run it. The values that
# it is found by are called `at_...`, because an update's own values have the names of the columns.
_FAMILIES = ("mysql", "mariadb")
_RECEIVED, _CONFIRMED = Prepared(_waiting()), Prepared(_of_idle_shipment(_waiting()))
_THIS_CONFIRMED = Prepared(_of_idle_shipment(_this()))
_SIGNAL = Prepared(select(_signals).where(_signals.c.id == bindparam("signal_id")))
_partner = select(_partners).where(_partners.c.id == bindparam("partner_id"))
_PARTNER, _PARTNER_HELD = Prepared(_partner), Prepared(_partner.with_for_update(read=True))
_one = update(_intents).where(_intents.c.id == bindparam("at_id"), _intents.c.state == bindparam("at_state"))
_CHANGE = Prepared(_one)
_FENCED = Prepared(_one.where(_intents.c.attempt == bindparam("at_attempt"), _intents.c.epoch == bindparam("at_epoch")))
_shipment = update(_shipments).where(
    _shipments.c.partner_id == bindparam("at_partner"), _shipments.c.shipment_id == bindparam("at_shipment")
)
_TAKE, _RELEASE = (
    Prepared(_shipment),
    Prepared(_shipment.where(_shipments.c.executing_intent == bindparam("at_intent"))),
)
_INSERT_HALLUCINATION = Prepared(insert(schema.hallucinations))


class Claims:
    """Gives intents to workers and takes their results; every method raises DatabaseUnavailable."""

    def __init__(self, database: Database, clock: Clock, transitions: Transitions) -> None:
        self._database, self._clock, self._transitions = database, clock, transitions

    @property
    def losses(self) -> int:
        """Grows each time connections were lost; what had been written before may be undone behind the next one."""
        return self._database.losses

    def claim_received(self, worker: str, *, lease_s: float) -> Claim | None:
        """The longest waiting received intent, now RESOLVING in the hands of `worker`, or None.

        Raises CommitUnknown when the claim may stand all the same: ask `held_by` later.
        """
        return self._database.transact(
            lambda connection: self._claim(connection, _RECEIVED, State.RECEIVED, State.RESOLVING, worker, lease_s)
        )

    def claim_confirmed(self, worker: str, *, lease_s: float) -> Claim | None:
        """The longest waiting confirmed intent whose shipment nobody works on, now EXECUTING, or None; see above."""
        return self._claim_for_execution(_CONFIRMED, worker, lease_s)

    def claim_this(self, intent_id: str, worker: str, *, lease_s: float) -> Claim | None:
        """One confirmed intent, due or not, now EXECUTING in the hands of `worker`; None while it cannot be had."""
        return self._claim_for_execution(_THIS_CONFIRMED, worker, lease_s, this=intent_id)

    def held_by(self, worker: str) -> list[Claim]:
        """The claims that stand in `worker`'s name, oldest first: after a commit whose outcome it never learned."""
        held = _intents.c.state.in_((State.RESOLVING, State.EXECUTING))
        query = select(_intents).where(held, _intents.c.worker == worker).order_by(_intents.c.updated_at)

        def read(connection: Connection) -> list[Claim]:
            rows = connection.execute(query).all()
            return [self._with_signal(connection, intent_of(row)) for row in rows]

        return self._database.transact(read, writes=False)

    def standing(self, intent_id: str) -> Claim | None:
        """The claim in which an intent stands now, whoever has it; None when nobody works on it."""
        held = _intents.c.state.in_((State.RESOLVING, State.EXECUTING))
        query = select(_intents).where(held, _intents.c.id == intent_id)

        def read(connection: Connection) -> Claim | None:
            row = connection.execute(query).one_or_none()
            return None if row is None else self._with_signal(connection, intent_of(row))

        return self._database.transact(read, writes=False)

    def record_decision(self, claim: Claim, decide: Callable[[Partner | None], Resolution]) -> Resolution:
        """Ends a resolver's claim with what `decide` says of its partner as it stands now (None: gone); FencedOff.

        The claim may be as old as a model is slow. The partner's row is locked for reading until the end is written,
        so that nothing goes by itself any more once its partner's autonomy was taken away.
        """
        intent = claim.intent

        def work(connection: Connection) -> Resolution:
            row = _PARTNER_HELD.one_or_none(connection, {"partner_id": intent.partner_id})
            decided = decide(None if row is None else partner_of(row))
            values: dict[str, Any] = {
                "payload": None if decided.payload is None else dict(decided.payload),
                "confidence": decided.confidence,
                "missing": None if decided.missing is None else list(decided.missing),
                "error_reason": shortened(decided.error_reason),
                "retries": 0,
                "retry_at": None,
            }
            self._move_claimed(connection, claim, decided.state, values, decided.error_reason)
            if decided.hallucinated is not None:
                case = hallucination_row(intent.id, decided, at=self._clock.now())
                _INSERT_HALLUCINATION.add(connection, [case])
            return decided

        return self._database.transact(work)

    def record_resolution(self, claim: Claim, resolution: Resolution) -> None:
        """Ends a resolver's claim with what it decided, whatever its partner may do by now; FencedOff."""
        self.record_decision(claim, lambda _: resolution)

    def finish_execution(self, claim: Claim, load_id: str | None) -> None:
        """Ends an agent's claim: done, in this load (None: the shipment was cancelled before it had one); FencedOff."""
        self._end(claim, State.EXECUTED, {"load_id": load_id, "retries": 0, "retry_at": None}, None)

    def fail_execution(self, claim: Claim, error_reason: str) -> None:
        """Ends an agent's claim: it cannot be done, and trying again would not help; FencedOff."""
        self._end(claim, State.FAILED, {"error_reason": shortened(error_reason)}, error_reason)

    def give_back(self, claim: Claim, reason: str, *, retry_at: datetime) -> None:
        """Ends a claim unfinished: the intent waits again, until `retry_at` at least; FencedOff."""
        after = State.RECEIVED if claim.intent.state is State.RESOLVING else State.CONFIRMED
        self._end(claim, after, {"retry_at": retry_at, "retries": claim.intent.retries + 1}, reason)

    def expire_leases(self, state: State, *, actor: str) -> list[str]:
        """Takes intents in `state` (RESOLVING or EXECUTING) from workers whose lease ran out; returns their ids."""
        after = {State.RESOLVING: State.RECEIVED, State.EXECUTING: State.CONFIRMED}[state]
        expired = and_(_intents.c.state == state, _intents.c.lease_until < self._clock.now())
        # Looked for without locks, and locked one by one by their ids: a scan that locks takes every row of that state,
        # and who is stopped in the middle of it would keep all others from ending what they have.
        looked = select(_intents.c.id).where(expired).limit(_EXPIRE_BATCH)

        def work(connection: Connection) -> list[str]:
            found: list[str] = []
            for intent_id in connection.scalars(looked).all():
                one = select(_intents).where(_intents.c.id == intent_id).with_for_update(skip_locked=True)
                row = connection.execute(one.where(expired)).one_or_none()
                if row is not None:
                    self._move(connection, intent_of(row), after, {}, actor=actor, reason=_EXPIRED)
                    found.append(intent_id)
            return found

        return self._database.transact(work)

    def _claim_for_execution(
        self, waiting: Prepared, worker: str, lease_s: float, this: str | None = None
    ) -> Claim | None:
        def work(connection: Connection) -> Claim | None:
            claim = self._claim(connection, waiting, State.CONFIRMED, State.EXECUTING, worker, lease_s, this)
            if claim is not None:
                taken = {**_shipment_of(claim.intent), "executing_intent": claim.intent.id}
                _TAKE.change(connection, taken)
            return claim

        return self._database.transact(work)

    def _claim(
        self,
        connection: Connection,
        waiting: Prepared,
        before_state: State,
        after: State,
        worker: str,
        lease_s: float,
        this: str | None = None,
    ) -> Claim | None:
        now = self._clock.now()
        row = waiting.one_or_none(connection, {"waiting": before_state, "now": now, "this": this})
        if row is None:
            return None
        before = intent_of(row)
        lease = {"worker": worker, "lease_until": now + timedelta(seconds=lease_s)}
        taken = replace(before, attempt=before.attempt + 1, epoch=row.epoch_now)
        values = {"attempt": taken.attempt, "epoch": taken.epoch, **lease}
        changed_at = self._move(connection, taken, after, values, actor=worker)
        claimed = replace(
            taken,
            state=after,
            worker=worker,
            lease_until=lease["lease_until"],  # type: ignore[arg-type]
            changes=before.changes + 1,
            updated_at=changed_at,
        )
        return self._with_signal(connection, claimed)

    def _with_signal(self, connection: Connection, intent: Intent) -> Claim:
        signal = signal_of(_SIGNAL.one(connection, {"signal_id": intent.signal_id}))
        partner = _PARTNER.one_or_none(connection, {"partner_id": intent.partner_id})
        return Claim(intent=intent, signal=signal, partner=None if partner is None else partner_of(partner))

    def _end(self, claim: Claim, after: State, values: Mapping[str, Any], reason: str | None) -> None:
        self._database.transact(lambda connection: self._move_claimed(connection, claim, after, values, reason))

    def _move_claimed(
        self, connection: Connection, claim: Claim, after: State, values: Mapping[str, Any], reason: str | None
    ) -> None:
        """`_move`, if nobody newer has the intent."""
        intent = claim.intent
        actor = intent.worker or "unknown"
        self._move(connection, intent, after, values, actor=actor, reason=reason, fenced=True)

    def _move(
        self,
        connection: Connection,
        intent: Intent,
        after: State,
        values: Mapping[str, Any],
        *,
        actor: str,
        reason: str | None = None,
        fenced: bool = False,
    ) -> datetime:
        """One state change in the caller's transaction: the row, its audit row, and the shipment's release."""
        now = self._clock.now()
        number = intent.changes + 1
        change = {**_LEFT_ALONE, **values, "state": after, "changes": number, "updated_at": now}
        at: dict[str, Any] = {"at_id": intent.id, "at_state": intent.state}
        if fenced:
            at |= {"at_attempt": intent.attempt, "at_epoch": intent.epoch}
        if (_FENCED if fenced else _CHANGE).change(connection, {**at, **change}) != 1:
            raise FencedOff(
                f"intent {intent.id} is no longer {intent.state} in attempt {intent.attempt} of epoch {intent.epoch}; "
                f"nothing was written ({after} was meant)"
            )
        if intent.state is State.EXECUTING:
            self._release(connection, intent)
        step = Step(
            intent_id=intent.id,
            number=number,
            before=intent.state,
            after=after,
            actor=actor,
            attempt=intent.attempt,
            epoch=intent.epoch,
            reason=reason,
        )
        self._transitions.record(connection, [step])
        return now

    @staticmethod
    def _release(connection: Connection, intent: Intent) -> None:
        """Its shipment is in nobody's hands, if it was in those of `intent`."""
        _RELEASE.change(connection, {**_shipment_of(intent), "at_intent": intent.id, "executing_intent": None})


def _shipment_of(intent: Intent) -> dict[str, Any]:
    return {"at_partner": intent.partner_id, "at_shipment": intent.shipment_id}
