"""The runbook for an execution that hangs: take the intent over, find out what Motion did, write the final state.

The order is the point. The intent is taken over first, so that nothing the worker does later is written. Its worker has
to be dead before anybody believes Motion's answer that there is no load, and Motion gets a while to settle, because it
may still be doing what the dead one asked. Only then is the intent FAILED; with a live load it is EXECUTED, with that
load. A worker that nobody can end may book at any time: its intent is given back instead, and the booking key, which
comes from the signal, keeps the two of them to one load.

It kills nothing: that is the supervisor's, where the worker runs.
"""

import logging
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from system.agents.fold import rank_of, reference_of
from system.agents.motion import Load, Motion, MotionRefused, MotionUnavailable
from system.clock import Clock
from system.settings import Settings
from system.storage import FencedOff, Intent, State, Storage
from system.storage.agent_timeouts import AgentTimeout
from system.storage.blocking import RunBlocking, in_thread

NOMINAL_S: float = Settings.model_fields["stuck_after_s"].default
ERROR_REASON = f"Agent timeout after {NOMINAL_S:g}s"
"""Says the playbook's value, also where a drill has shortened the setting."""
OUT_OF_REACH = "worker out of reach, declared dead"
RESOLVED_AT_ONCE_MAX = 1000
_LOOK_AGAIN_S = 0.1
_AFTER_THE_GUARD_S = 5.0
"""Until what the guard has cut off is written down."""

_log = logging.getLogger(__name__)


class NotStuck(Exception):
    """The intent is not one that hangs; says what it is."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Settled:
    """What became of a case: the state that the intent is in now, and its load if there is one."""

    intent_id: str
    outcome: str
    load_id: str | None = None

    def as_json(self) -> dict[str, Any]:
        return {"intent_id": self.intent_id, "outcome": self.outcome, "load_id": self.load_id}


class AgentTimeoutRecovery:
    """Notices, settles and gives back, in the name `by`; every method raises DatabaseUnavailable."""

    def __init__(
        self,
        storage: Storage,
        motion: Motion,
        settings: Settings,
        clock: Clock,
        *,
        by: str,
        run_blocking: RunBlocking = in_thread,
    ) -> None:
        self._storage, self._motion, self._settings, self._clock = storage, motion, settings, clock
        self._by, self._run_blocking = by, run_blocking

    @property
    def lease_s(self) -> float:
        """How long an intent stays with whoever took it over, without a sign of life."""
        return self._settings.lease_s

    async def notice(self, intent: Intent) -> AgentTimeout:
        """Opens a case and takes the intent over; FencedOff when it is no longer in that attempt."""
        timeouts = self._storage.agent_timeouts
        return await self._run_blocking(lambda: timeouts.notice(intent, by=self._by, lease_s=self.lease_s))

    async def settle(self, case: AgentTimeout, *, dead_at: datetime) -> Settled | None:
        """Brings a case whose worker ended at `dead_at` to its end; None while Motion may still change its mind.

        Raises MotionUnavailable and MotionRefused: then the case stays open, because nobody knows.
        """
        claim = await self._run_blocking(lambda: self._storage.claims.standing(case.intent_id))
        if claim is None or (claim.intent.attempt, claim.intent.epoch) != (case.attempt, case.epoch):
            return await self._closed_elsewhere(case)
        intent, claims = claim.intent, self._storage.claims
        found = None
        if not self._settings.unsafe_fail_without_reconciling:
            loads = await self._motion.loads_of(reference_of(intent))
            found = done_by(intent, loads)
            waited_s = (self._clock.now() - dead_at).total_seconds()
            if found is None and waited_s < self._settings.motion_settles_s:
                return None
        if found is not None:
            load_id = found.load_id
            await self._run_blocking(lambda: claims.finish_execution(claim, load_id))
            _log.warning("hung, but Motion had done it: executed", extra={"intent_id": intent.id, "load_id": load_id})
            return await self._close(case, State.EXECUTED, load_id)
        await self._run_blocking(lambda: claims.fail_execution(claim, ERROR_REASON))
        _log.error("failed: %s; Motion has no load of it", ERROR_REASON, extra={"intent_id": intent.id})
        return await self._close(case, State.FAILED)

    async def give_back(self, case: AgentTimeout, reason: str) -> Settled:
        """Ends a case whose worker may be alive: the intent waits for another agent, and the old one is fenced off."""
        claim = await self._run_blocking(lambda: self._storage.claims.standing(case.intent_id))
        if claim is None or (claim.intent.attempt, claim.intent.epoch) != (case.attempt, case.epoch):
            return await self._closed_elsewhere(case)
        now = self._clock.now()
        await self._run_blocking(lambda: self._storage.claims.give_back(claim, reason, retry_at=now))
        _log.warning("given back: %s", reason, extra={"intent_id": case.intent_id})
        return await self._close(case, State.CONFIRMED)

    async def resolve(self, intent_id: str) -> Settled:
        """What a person does who knows that its worker is gone: the whole of it at once.

        Also for an intent that waits, between two tries in vain. Raises NotStuck for any other, and what `settle` does.
        """
        intent = await self._run_blocking(lambda: self._storage.intents.get(intent_id))
        if intent is None:
            raise NotStuck(f"there is no intent {intent_id}")
        if intent.state is State.CONFIRMED and (since := (await self.tried_in_vain()).get(intent_id)) is not None:
            return await self.give_up(intent_id, since=since)
        if intent.state is not State.EXECUTING:
            raise NotStuck(f"intent {intent_id} is {intent.state}, not EXECUTING: nothing to resolve")
        return await self._settle_now(intent)

    async def tried_in_vain(self) -> dict[str, datetime]:
        """The intents that are executed again and again for too long, and since when."""
        before = self._clock.now() - timedelta(seconds=self._settings.stuck_after_s)
        timeouts = self._storage.agent_timeouts
        return await self._run_blocking(lambda: timeouts.tried_in_vain(since_before=before, limit=RESOLVED_AT_ONCE_MAX))

    async def give_up(self, intent_id: str, *, since: datetime) -> Settled:
        """Takes an intent that is tried in vain since then between two tries, and settles it.

        A try that goes on is waited for. Raises NotStuck when it takes longer than the guard allows, or was not in vain
        after all; and what `settle` does.
        """
        storage, lease_s = self._storage, self.lease_s
        give_up_s = self._clock.monotonic_s() + self._settings.agent_guard_s + _AFTER_THE_GUARD_S
        while True:
            claim = await self._run_blocking(lambda: storage.claims.claim_this(intent_id, self._by, lease_s=lease_s))
            if claim is not None:
                return await self._settle_now(claim.intent, since=since)
            intent = await self._run_blocking(lambda: storage.intents.get(intent_id))
            if intent is None or intent.state not in (State.CONFIRMED, State.EXECUTING):
                raise NotStuck(f"intent {intent_id} is {intent.state if intent else 'gone'} by now")
            if self._clock.monotonic_s() > give_up_s:
                raise NotStuck(f"intent {intent_id} is still in the hands of {intent.worker}, which hangs")
            await self._clock.sleep_s(_LOOK_AGAIN_S)

    async def _settle_now(self, intent: Intent, *, since: datetime | None = None) -> Settled:
        """Settles what is executing by nobody, and waits until Motion cannot change its mind any more."""
        timeouts = self._storage.agent_timeouts
        cases = await self._run_blocking(lambda: timeouts.open(limit=RESOLVED_AT_ONCE_MAX))
        case = next((one for one in cases if one.intent_id == intent.id), None)
        try:
            if case is None:
                # Known as dead from its first moment on: else the supervisor would take it for the case of a worker out
                # of its reach, and give the intent back.
                case = await self._run_blocking(
                    lambda: timeouts.notice(intent, by=self._by, lease_s=self.lease_s, since=since, dead=True)
                )
        except FencedOff as error:
            raise NotStuck(f"it moved while it was looked at: {error}") from None
        if case.dead_at is None:
            case = await self._run_blocking(partial(timeouts.note_dead, case, stack=None))
        dead_at = case.dead_at or self._clock.now()
        try:
            while (settled := await self.settle(case, dead_at=dead_at)) is None:
                await self._clock.sleep_s(min(_LOOK_AGAIN_S, self._settings.motion_settles_s))
        except FencedOff:
            return await self._closed_elsewhere(case)  # the supervisor was quicker, in the same way
        return settled

    async def _close(self, case: AgentTimeout, state: State, load_id: str | None = None) -> Settled:
        await self._run_blocking(lambda: self._storage.agent_timeouts.close(case, state))
        return Settled(intent_id=case.intent_id, outcome=state, load_id=load_id)

    async def _closed_elsewhere(self, case: AgentTimeout) -> Settled:
        intent = await self._run_blocking(lambda: self._storage.intents.get(case.intent_id))
        outcome = "gone" if intent is None else str(intent.state)
        await self._run_blocking(lambda: self._storage.agent_timeouts.close(case, outcome))
        return Settled(intent_id=case.intent_id, outcome=outcome, load_id=intent.load_id if intent else None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Done:
    """That what an intent asks for is so in Motion; `load_id` is None for a cancel that found nothing to cancel."""

    load_id: str | None


def done_by(intent: Intent, loads: list[Load]) -> Done | None:
    """Whether `loads`, all that Motion has for the shipment, show that `intent` was carried out. Pure."""
    live = [load for load in loads if load.booked]
    if intent.identity.purpose == "cancel":
        return None if live else Done(load_id=loads[0].load_id if loads else None)
    if intent.identity.purpose == "change":
        rank = rank_of(intent)
        return next((Done(load_id=one.load_id) for one in live if one.rank is not None and one.rank >= rank), None)
    # Booked at all, by this signal's key: a load that was cancelled since was booked as well.
    return Done(load_id=(live or loads)[0].load_id) if loads else None


__all__ = [
    "ERROR_REASON",
    "OUT_OF_REACH",
    "AgentTimeoutRecovery",
    "Done",
    "MotionRefused",
    "MotionUnavailable",
    "NotStuck",
    "Settled",
    "done_by",
]
