"""Watches the agents from outside: an intent that is EXECUTING for too long has its worker killed, and is settled.

The guard inside an agent stops what awaits. A loop that never awaits, a call that blocks and a process that is stopped
are stopped here: the intent is taken over, its worker says where it hangs, dies by SIGKILL and is replaced by whoever
started it, and only then, after a look into Motion, the intent gets its final state (see `recovery.agent_timeout`). A
worker executes one intent at a time, so none of them dies for another's. Intents of a worker that died by itself are
given back. Everything is found in the database, so a supervisor that dies is simply replaced.
"""

import asyncio
import logging
from collections.abc import Callable
from datetime import datetime, timedelta

from system.agents.process import Named, WorkerProcess
from system.clock import Clock
from system.recovery.agent_timeout import (
    ERROR_REASON,
    OUT_OF_REACH,
    AgentTimeoutRecovery,
    MotionRefused,
    MotionUnavailable,
)
from system.settings import Settings
from system.storage import DatabaseUnavailable, FencedOff, Intent, State, Storage
from system.storage.agent_timeouts import AgentTimeout
from system.storage.blocking import RunBlocking, in_thread

KILL_WITHIN_S = 2.0
AFTER_OUTAGE_S = 5.0
"""Once the database is back, workers that waited for it get so long to write what they have."""
LOOKED_AT_MAX = 100

AskStack = Callable[[WorkerProcess], str | None]
"""Where a worker is right now, or None when it cannot say; blocks for a moment."""

_log = logging.getLogger(__name__)


class Supervisor:
    """Looks every `supervise_interval_s`; `step` is one look."""

    def __init__(
        self,
        storage: Storage,
        recovery: AgentTimeoutRecovery,
        settings: Settings,
        clock: Clock,
        *,
        ask_stack: AskStack,
        run_blocking: RunBlocking = in_thread,
    ) -> None:
        self._storage, self._recovery, self._settings, self._clock = storage, recovery, settings, clock
        self._ask_stack, self._run_blocking = ask_stack, run_blocking
        self._foreign_after = timedelta(seconds=2 * settings.lease_s)
        self._patient_until_s = 0.0

    async def run(self) -> None:
        """Watches until it is cancelled."""
        while True:
            try:
                await self.step()
            except DatabaseUnavailable:
                self._patient_until_s = self._clock.monotonic_s() + AFTER_OUTAGE_S
            await asyncio.sleep(0)
            await self._clock.sleep_s(self._settings.supervise_interval_s)

    async def step(self) -> None:
        """One look, and what follows from it; DatabaseUnavailable."""
        executing = await self._run_blocking(
            lambda: self._storage.intents.in_state(State.EXECUTING, limit=LOOKED_AT_MAX)
        )
        if executing and self._clock.monotonic_s() >= self._patient_until_s:
            stuck_before = self._clock.now() - timedelta(seconds=self._settings.stuck_after_s)
            for intent in executing:
                await self._look_at(intent, stuck_before)
        cases = await self._run_blocking(self._storage.agent_timeouts.open)
        # Every worker is dead before anybody waits for Motion, which may be what they hang on.
        for case in [await self._with_dead_worker(one) for one in cases if not self._is_anothers(one)]:
            await self._go_on_with(case)

    async def _look_at(self, intent: Intent, stuck_before: datetime) -> None:
        named = Named.read(intent.worker)
        if named is None or named.kind != "agents" or not named.here:
            return  # taken over already, or of another machine: its own supervisor's, and else its lease's
        try:
            if intent.updated_at < stuck_before:
                await self._notice(intent, named.process)
            elif not named.process.alive:
                await self._give_back_of_dead(intent)
        except FencedOff:
            return  # it has ended after all

    async def _notice(self, intent: Intent, process: WorkerProcess) -> None:
        try:
            await self._recovery.notice(intent)
        except DatabaseUnavailable as error:
            if not (self._settings.supervisor_may_kill and process.alive):
                raise
            # The row was read a moment ago, and cannot be written: a worker that hangs within a transaction holds its
            # lock, until it dies. The next look takes the intent over.
            _log.warning("cannot be taken over: %s", error, extra={"intent_id": intent.id, "worker": intent.worker})
            await self._kill(process, intent.id, intent.worker)

    async def _give_back_of_dead(self, intent: Intent) -> None:
        claim = await self._run_blocking(lambda: self._storage.claims.standing(intent.id))
        if claim is not None and claim.intent.worker == intent.worker:
            now = self._clock.now()
            await self._run_blocking(lambda: self._storage.claims.give_back(claim, "its worker died", retry_at=now))
            _log.warning("given back: its worker died", extra={"intent_id": intent.id, "worker": intent.worker})

    def _is_anothers(self, case: AgentTimeout) -> bool:
        """Whether it is a case of another machine, and so its own supervisor's, while there is one."""
        named = Named.read(case.worker)
        return named is not None and not named.here and self._clock.now() < case.noticed_at + self._foreign_after

    async def _go_on_with(self, case: AgentTimeout) -> None:
        try:
            if case.dead_at is None:
                await self._recovery.give_back(case, OUT_OF_REACH)
                return
            await self._run_blocking(lambda: self._storage.agent_timeouts.renew(case, lease_s=self._recovery.lease_s))
            await self._recovery.settle(case, dead_at=case.dead_at)
        except (MotionUnavailable, MotionRefused) as error:
            # Nobody knows whether there is a load, so nothing is final.
            _log.warning("cannot be settled yet: %s", error, extra={"intent_id": case.intent_id})
        except FencedOff as error:
            _log.warning("settled by somebody else: %s", error, extra={"intent_id": case.intent_id})

    async def _with_dead_worker(self, case: AgentTimeout) -> AgentTimeout:
        """The case with its worker dead; as it was when that could not be brought about."""
        if case.dead_at is not None:
            return case
        named = Named.read(case.worker)
        if named is None or not named.here or not self._settings.supervisor_may_kill:
            _log.error(
                "AgentContract timeout: its worker is out of reach",
                extra={"intent_id": case.intent_id, "worker": case.worker},
            )
            return case
        dead, stack = await self._kill(named.process, case.intent_id, case.worker)
        if not dead:
            return case
        return await self._run_blocking(lambda: self._storage.agent_timeouts.note_dead(case, stack=stack))

    async def _kill(self, process: WorkerProcess, intent_id: str, worker: str | None) -> tuple[bool, str | None]:
        """Whether it has ended, and where it was before that, if it said so."""
        state = process.state
        stack = await self._run_blocking(lambda: self._ask_stack(process))
        who = {"intent_id": intent_id, "worker": worker, "pid": process.pid}
        where = stack or f"it does not say where it is (process state {state or 'ended'})"
        _log.error(
            "AgentContract timeout: %s; its worker is killed",
            ERROR_REASON,
            extra={**who, "process_state": state, "stack": where},
        )
        try:
            dead = await self._run_blocking(lambda: process.kill(within_s=KILL_WITHIN_S))
        except PermissionError:
            _log.error("may not kill it", extra=who)
            return False, stack
        if not dead:
            _log.error("it does not die", extra=who)
        return dead, stack
