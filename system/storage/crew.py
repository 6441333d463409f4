"""Several workers of one process that live off claims: take an intent, do the work, write its end.

What the work is comes in as two functions; this is what resolver and agents have in common. No intent is lost: when
something fails in a way that nobody foresaw, when the process is stopped, when the commit of a claim was lost on the
way, or when a failover has undone the end of one, the intent is given back or taken up again. Only one worker asks the
database at a time; the others stand in line behind it. It neither times the work nor restarts a worker that hangs.
"""

import asyncio
import contextlib
import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import timedelta

from system.clock import Clock, Ids
from system.logs import fields
from system.settings import Settings
from system.storage.blocking import RunBlocking, in_thread
from system.storage.claims import Claims
from system.storage.errors import DatabaseUnavailable, FencedOff
from system.storage.states import State
from system.storage.values import Claim

Ending = Callable[[], None]
"""Writes the end of a claim; may be called again when the database was away."""
TakeClaim = Callable[[str], Claim | None]
Handle = Callable[[Claim], Awaitable[Ending]]

EXPIRE_EVERY_S = 1.0
DATABASE_PAUSE_S = 0.1
"""Between two attempts while the database is away; each attempt has its own timeouts on top."""

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """What a crew is given besides its work."""

    settings: Settings
    clock: Clock
    ids: Ids
    run_blocking: RunBlocking = in_thread


class Crew:
    """`size` workers called `name-...`, which take claims with `take` and do them with `handle`.

    `handled` is the state that a claim puts an intent in: leases of that state are watched here.
    """

    def __init__(
        self,
        name: str,
        *,
        size: int,
        claims: Claims,
        take: TakeClaim,
        handle: Handle,
        handled: State,
        around: Surroundings,
    ) -> None:
        self._name, self._claims, self._handled = name, claims, handled
        self._settings, self._clock, self._run_blocking = around.settings, around.clock, around.run_blocking
        incarnation = around.ids.new("worker")
        self._workers = [
            _Worker(f"{name}-{incarnation}-{number}", claims=claims, take=take, handle=handle, around=around)
            for number in range(1, size + 1)
        ]
        self._in_line = asyncio.Lock()
        self._away = False

    async def step(self) -> bool:
        """One claim taken and brought to its end, by one worker; False when nothing waits. DatabaseUnavailable."""
        worker = self._workers[0]
        claim = await worker.claim()
        if claim is None:
            return False
        await worker.carry_out(claim)
        return True

    async def run(self) -> None:
        """Works until it is cancelled, and then gives back what its workers held."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self._watch_leases())
            for worker in self._workers:
                group.create_task(self._work(worker))

    async def _work(self, worker: "_Worker") -> None:
        try:
            while True:
                async with self._in_line:
                    claim = await self._ask(worker)
                if claim is not None:
                    await worker.carry_out(claim)
        except asyncio.CancelledError:
            await asyncio.shield(worker.release())
            raise

    async def _ask(self, worker: "_Worker") -> Claim | None:
        """One question, and the pause after one in vain; then it is the next worker's turn.

        Each has to ask in turn, because each looks back in its own name.
        """
        try:
            claim = await worker.claim()
        except DatabaseUnavailable as error:
            self._note(error)
            await self._clock.sleep_s(DATABASE_PAUSE_S)
            return None
        self._note(None)
        if claim is None:
            await self._clock.sleep_s(self._settings.poll_interval_s)
        return claim

    async def _watch_leases(self) -> None:
        while True:
            await self._clock.sleep_s(EXPIRE_EVERY_S)
            with contextlib.suppress(DatabaseUnavailable, FencedOff):
                await self.expire_leases()

    async def expire_leases(self) -> list[str]:
        """Frees the intents whose workers have been silent past their lease; returns their ids. DatabaseUnavailable."""
        expired = await self._run_blocking(
            lambda: self._claims.expire_leases(self._handled, actor=f"{self._name}-leases")
        )
        for intent_id in expired:
            _log.warning("lease expired; the intent waits again", extra={"intent_id": intent_id})
        return expired

    def _note(self, error: DatabaseUnavailable | None) -> None:
        """Logs when the database goes and when it comes back, not each attempt in between."""
        if error is not None and not self._away:
            _log.warning("database away: %s", error)
        elif error is None and self._away:
            _log.info("database back")
        self._away = error is not None


class _Worker:
    """One pair of hands. Its name is its own, so whatever stands in that name while it is idle was left behind."""

    def __init__(self, name: str, *, claims: Claims, take: TakeClaim, handle: Handle, around: Surroundings) -> None:
        self._name, self._claims, self._take, self._handle = name, claims, take, handle
        self._settings, self._clock, self._run_blocking = around.settings, around.clock, around.run_blocking
        self._losses_seen = claims.losses
        self._look_back_until_s = 0.0

    async def claim(self) -> Claim | None:
        """The next claim: one left behind in this worker's name, else a new one. DatabaseUnavailable."""
        if self._looks_back():
            held = await self._run_blocking(lambda: self._claims.held_by(self._name))
            if held:
                return held[0]
        return await self._run_blocking(lambda: self._take(self._name))

    def _looks_back(self) -> bool:
        """Whether something may stand in this worker's name that it does not know of: once connections were lost.

        The commit of a claim may have got through without its answer; or the end of one was written to a primary that
        is gone, and the replica never had it. Either may become visible late, because a commit can wait for a replica
        long after its client has left.
        """
        losses = self._claims.losses
        if losses != self._losses_seen:
            self._losses_seen = losses
            self._look_back_until_s = self._clock.monotonic_s() + self._settings.lease_s
        return self._clock.monotonic_s() < self._look_back_until_s

    async def carry_out(self, claim: Claim) -> None:
        """Does the work and writes its end, however long the database is away meanwhile."""
        intent = claim.intent
        with fields(intent_id=intent.id, partner=intent.partner_id, attempt=intent.attempt):
            try:
                ending = await self._handle(claim)
            except FencedOff as error:
                _log.warning("fenced off, dropped: %s", error)
                return
            except DatabaseUnavailable as error:
                ending = self.give_back(claim, f"database unavailable: {error}")
            except Exception as error:
                _log.exception("unforeseen: %s", error)
                ending = self.give_back(claim, f"unforeseen {type(error).__name__}")
            await self._write(ending)

    def give_back(self, claim: Claim, reason: str) -> Ending:
        """The ending that lets the intent wait, and longer the more often that happened."""
        return give_back(self._claims, claim, reason, settings=self._settings, clock=self._clock)

    async def _write(self, ending: Ending) -> None:
        give_up_s = self._clock.monotonic_s() + self._settings.lease_s
        while True:
            try:
                return await self._run_blocking(ending)
            except FencedOff as error:
                _log.warning("fenced off, dropped: %s", error)
                return None
            except DatabaseUnavailable as error:
                if self._clock.monotonic_s() >= give_up_s:
                    _log.error("the end could not be written within the lease, dropped: %s", error)
                    return None
                await self._clock.sleep_s(DATABASE_PAUSE_S)

    async def release(self) -> None:
        """Gives back at once whatever stands in this worker's name; gives up when the database is away."""
        now = self._clock.now()

        def write() -> None:
            for claim in self._claims.held_by(self._name):
                with contextlib.suppress(FencedOff):
                    self._claims.give_back(claim, "worker stopped", retry_at=now)

        with contextlib.suppress(DatabaseUnavailable):
            await self._run_blocking(write)


def give_back(
    claims: Claims, claim: Claim, reason: str, *, settings: Settings, clock: Clock, after_s: float = 0.0
) -> Ending:
    """An ending that puts the intent back, to be tried again after a wait that grows, and after `after_s` at least."""
    delay_s = max(after_s, retry_delay_s(claim.intent.retries, settings))

    def end() -> None:
        claims.give_back(claim, reason, retry_at=clock.now() + timedelta(seconds=delay_s))

    return end


def retry_delay_s(retries: int, settings: Settings) -> float:
    """How long to wait before the next attempt after `retries` that failed before this one."""
    if retries >= settings.retries_quick:
        return settings.retry_late_s
    return min(settings.retry_max_s, settings.retry_first_s * 2.0 ** min(retries, 60))
