"""One circuit breaker a partner: who is let through, whose failures are counted, when it opens and closes again.

The state lives in the database, because it is shared by all ingest processes and outlives them; it changes seldom. A
process looks at it a few times a second and decides each request from what it saw last, so that refusing costs neither
a query nor a thread. Refused attempts are counted, unread, and written down once a second. After the cool-down a few
signals are let through (half-open): if they are good it closes, at the first bad one it opens again. What a failure is,
and which repeats have an excuse, is decided in `failures` and `excuses`.
"""

import asyncio
import contextlib
import logging
import math
from collections import Counter
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from system.clock import Clock, Ids
from system.ingest.accepting import Result
from system.ingest.admission import RunBlocking, TooLate
from system.ingest.excuses import Excuses
from system.ingest.failures import Counted, Failure, FailureWindow, duplicated, malformed
from system.ingest.optional_redis import OptionalRedis
from system.ingest.picture import Picture
from system.settings import Settings
from system.storage import Breaker, BreakerState, CommitUnknown, DatabaseUnavailable, Storage, Trip
from system.x12 import Defects

_NOW_UNREAD_MAX = 200
"""Bodies of one partner that are kept as refused, in one flush; who sends more than that does not retry."""
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """Come back after so many seconds; `places` are what was wrong most often."""

    retry_after_s: int
    breaker: Breaker | None


@dataclass(slots=True)
class _Round:
    """The probes of one half-open time as this process knows them: `changes` tells the round."""

    changes: int
    taken: int = 0
    good: int = 0
    asking: bool = False
    over: bool = False


class PartnerBreakers:
    """For one event loop. `run` keeps it going in the background; without it, requests do what is due."""

    def __init__(
        self,
        storage: Storage,
        redis: OptionalRedis,
        settings: Settings,
        clock: Clock,
        ids: Ids,
        run_blocking: RunBlocking,
    ) -> None:
        self._storage, self._redis, self._settings, self._clock = storage, redis, settings, clock
        self._run_blocking = run_blocking
        self._window = FailureWindow(
            redis, clock, ids, window_s=settings.breaker_window_s, threshold=settings.breaker_threshold
        )
        self.excuses = Excuses(storage, redis, settings, clock)
        self._picture = Picture(
            storage,
            clock,
            run_blocking,
            fresh_for_s=settings.breaker_refresh_s,
            shared=not settings.unsafe_breaker_not_shared,
        )
        self._opening: dict[str, Trip] = {}
        self._rounds: dict[str, _Round] = {}
        self._changing: set[str] = set()
        self._refused: Counter[tuple[str, str]] = Counter()
        self._refused_early: Counter[str] = Counter()
        self._unread: Counter[str] = Counter()
        self._tasks: set[asyncio.Task[None]] = set()
        self.refused_total = 0

    # Who is let through

    def shut(self, partner_id: str) -> Refusal | None:
        """Whether everything of this partner is refused now, as far as this process knows; costs nothing."""
        if self._picture.old:
            self._begin(self._picture.read())
        if partner_id in self._opening:
            return Refusal(retry_after_s=self._seconds_until(self._opening[partner_id]), breaker=None)
        breaker = self._picture.of(partner_id)
        if breaker is None or breaker.state is BreakerState.CLOSED:
            return None
        if self._clock.now() >= breaker.probe_after:
            self._let_probes_in(breaker)
        elif breaker.state is BreakerState.HALF_OPEN and not self._round_of(breaker).over:
            return None
        return Refusal(retry_after_s=self._seconds_until(breaker), breaker=breaker)

    async def look(self) -> None:
        """Looks at the database now, rather than when it is time."""
        await self._picture.read()

    async def admit(self, partner_id: str) -> Refusal | Breaker | None:
        """None where all is well, a Refusal, or the half-open breaker for which this request is a probe."""
        await self._picture.ready()
        refusal = self.shut(partner_id)
        breaker = self._picture.of(partner_id)
        if refusal is not None or breaker is None or breaker.state is not BreakerState.HALF_OPEN:
            return refusal
        return breaker if await self._take_probe(breaker) else Refusal(retry_after_s=1, breaker=breaker)

    def refused(self, partner_id: str, refusal: Refusal) -> bool:
        """Counts an attempt that was refused; true when its body should be given to `excuses.refused_unread`."""
        self.refused_total += 1
        if refusal.breaker is None:
            self._refused_early[partner_id] += 1
        else:
            self._refused[partner_id, refusal.breaker.incident_id] += 1
        self._unread[partner_id] += 1
        return self._unread[partner_id] <= _NOW_UNREAD_MAX

    # What became of those who were

    async def malformed(self, partner_id: str, defects: Defects, probe: Breaker | None) -> None:
        """A body of this partner was rejected."""
        await self._failed(partner_id, malformed(defects), probe)

    async def answered(self, partner_id: str, results: list[Result], body: bytes, probe: Breaker | None) -> None:
        """A body of this partner was stored, or was there already."""
        counts_all = self._settings.unsafe_breaker_counts_our_refusals
        repeats = [
            result.identity
            for result in results
            if result.status == "duplicate" and (counts_all or not result.unanswered)
        ]
        if repeats:
            try:
                excused = await self._run_blocking(lambda: self.excuses.excused(partner_id, repeats, body))
            except TooLate:
                excused = set(repeats) if self.excuses.lenient else set()
            self.excuses.answered(partner_id, excused, body)
            counted = [str(identity) for identity in repeats if identity not in excused]
            if counted:
                await self._failed(partner_id, duplicated(counted), probe)
                return
        if probe is not None and any(result.status == "accepted" for result in results):
            await self._probe_was_good(probe)

    def not_answered(self, probe: Breaker | None) -> None:
        """We could not answer a request; if it was a probe, another may take its place."""
        if probe is not None:
            self._begin(self._give_probe_back(probe))

    # What goes on in the background

    async def run(self) -> None:
        """Writes down what was counted, and opens what could not be opened at once, until it is cancelled."""
        try:
            while True:
                await self._clock.sleep_s(self._settings.breaker_flush_s)
                await self.flush()
        finally:
            await self.flush()

    async def flush(self) -> None:
        """Writes down what was counted since the last time; what cannot be written is kept for the next.

        It also looks at the breakers, when nobody else does: whoever comes first after a pause meets what is so now.
        """
        self._unread.clear()
        if self._picture.old:
            await self._picture.read()
        for partner_id, trip in list(self._opening.items()):
            await self._save(partner_id, trip)
        refused, self._refused = self._refused, Counter()
        try:
            await self._run_blocking(self.excuses.flush)
            if refused:
                await self._run_blocking(lambda: self._storage.breakers.add_refused(refused))
        except (CommitUnknown, TooLate) as error:
            _log.warning("refused attempts may or may not have been written down: %s", error)
        except DatabaseUnavailable as error:
            self._refused.update(refused)
            _log.warning("refused attempts could not be written down yet: %s", error)

    def flush_soon(self) -> None:
        """Tells Redis about fresh excuses without waiting for the next flush."""
        self._begin(self._tell_excuses())

    @property
    def open_count(self) -> int:
        """How many breakers are not closed, as far as this process knows."""
        return len(self._opening) + sum(
            one.state is not BreakerState.CLOSED
            for one in self._picture.breakers
            if one.partner_id not in self._opening
        )

    async def _tell_excuses(self) -> None:
        await self._run_blocking(self.excuses.flush)

    # Opening

    async def _failed(self, partner_id: str, failure: Failure, probe: Breaker | None) -> None:
        if probe is not None:
            await self._reopen(probe)
            return
        breaker = self._picture.of(partner_id)
        since = breaker.closed_at if breaker is not None else None
        noted = self._window.note(partner_id, failure)
        counted = self._window.own(noted, since=since)
        if not self._too_many(counted) and not self._settings.unsafe_breaker_not_shared:
            # Others of this partner may come in while Redis is asked: what this process knows itself waits for nobody.
            with contextlib.suppress(TooLate):
                counted = await self._run_blocking(lambda: self._window.shared(noted, since=since))
        if not self._too_many(counted) or self.shut(partner_id) is not None:
            return
        trip = Trip(
            malformed=counted.malformed,
            duplicates=counted.duplicates,
            places=counted.places,
            probe_after=self._after_cooldown(),
        )
        self._opening[partner_id] = trip
        _log.warning(
            "circuit breaker open",
            extra={"partner": partner_id, "malformed": trip.malformed, "duplicates": trip.duplicates},
        )
        await self._save(partner_id, trip)

    def _too_many(self, counted: Counted) -> bool:
        return counted.total > self._settings.breaker_threshold

    async def _save(self, partner_id: str, trip: Trip) -> None:
        try:
            breaker = await self._run_blocking(lambda: self._storage.breakers.trip(partner_id, trip))
        except (DatabaseUnavailable, TooLate) as error:
            _log.warning("open only in this process until it can be written down: %s", error)
            return
        self._picture.changed(breaker)
        self._opening.pop(partner_id, None)
        early = self._refused_early.pop(partner_id, 0)
        if early:
            self._refused[partner_id, breaker.incident_id] += early

    # Probing

    async def _reopen(self, breaker: Breaker) -> None:
        """A probe was bad: nothing is let through for another cool-down, unless it was closed meanwhile."""
        self._round_of(breaker).over = True
        probe_after = self._after_cooldown()
        try:
            if await self._run_blocking(lambda: self._storage.breakers.reopen(breaker, probe_after=probe_after)):
                self._changed(breaker, state=BreakerState.OPEN, probe_after=probe_after)
        except (DatabaseUnavailable, TooLate) as error:
            _log.warning("a breaker could not be opened again: %s", error)

    def _let_probes_in(self, breaker: Breaker) -> None:
        """The cool-down, or a half-open time, is over: a (new) half-open time begins, for all processes."""
        if breaker.partner_id in self._changing:
            return
        self._changing.add(breaker.partner_id)
        self._begin(self._half_open(breaker))

    async def _half_open(self, breaker: Breaker) -> None:
        probe_after = self._after_cooldown()
        try:
            if await self._run_blocking(lambda: self._storage.breakers.half_open(breaker, probe_after=probe_after)):
                self._changed(breaker, state=BreakerState.HALF_OPEN, probe_after=probe_after)
            else:
                await self._picture.read()
        except (DatabaseUnavailable, TooLate) as error:
            _log.warning("a breaker could not be half-opened: %s", error)
        finally:
            self._changing.discard(breaker.partner_id)

    async def _take_probe(self, breaker: Breaker) -> bool:
        """Whether this request may be one of the round's probes, all processes together."""
        mine = self._round_of(breaker)
        if mine.over or mine.asking:
            return False
        mine.asking = True
        try:
            taken = await self._count("taken", breaker, 1)
        finally:
            mine.asking = False
        mine.taken += 1
        mine.over = (mine.taken if taken is None else taken) >= self._settings.breaker_probes
        return (mine.taken if taken is None else taken) <= self._settings.breaker_probes

    async def _give_probe_back(self, breaker: Breaker) -> None:
        mine = self._round_of(breaker)
        mine.taken -= 1
        await self._count("taken", breaker, -1)
        mine.over = False

    async def _probe_was_good(self, breaker: Breaker) -> None:
        mine = self._round_of(breaker)
        mine.good += 1
        good = await self._count("good", breaker, 1)
        if (mine.good if good is None else good) < self._settings.breaker_probes:
            return
        try:
            if await self._run_blocking(lambda: self._storage.breakers.close(breaker)):
                self._changed(breaker, state=BreakerState.CLOSED, closed_at=self._clock.now())
        except (DatabaseUnavailable, TooLate) as error:
            _log.warning("a breaker could not be closed: %s", error)

    async def _count(self, what: str, breaker: Breaker, step: int) -> int | None:
        """Adds to a number that the processes share for this round; None when Redis is gone."""
        key = f"breaker:{what}:{breaker.partner_id}:{breaker.incident_id}:{breaker.changes}"
        commands: list[tuple[Any, ...]] = [
            ("INCRBY", key, step),
            ("EXPIRE", key, int(self._settings.breaker_cooldown_s) + 60),
        ]
        try:
            number = (await self._run_blocking(lambda: self._redis.execute(commands)))[0]
        except TooLate:
            return None
        return None if number is None else int(number)

    def _round_of(self, breaker: Breaker) -> _Round:
        mine = self._rounds.get(breaker.partner_id)
        if mine is None or mine.changes != breaker.changes:
            mine = self._rounds[breaker.partner_id] = _Round(breaker.changes)
        return mine

    def _changed(self, breaker: Breaker, **fields: Any) -> None:
        self._picture.changed(replace(breaker, changes=breaker.changes + 1, **fields))
        _log.info("circuit breaker changed", extra={"partner": breaker.partner_id, "state": str(fields["state"])})

    def _after_cooldown(self) -> datetime:
        return self._clock.now() + timedelta(seconds=self._settings.breaker_cooldown_s)

    def _seconds_until(self, what: Breaker | Trip) -> int:
        return max(1, math.ceil((what.probe_after - self._clock.now()).total_seconds()))

    def _begin(self, work: Any) -> None:
        task = asyncio.ensure_future(work)
        self._tasks.add(task)
        task.add_done_callback(self._ended)

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()):
            _log.error("a breaker's background work failed", exc_info=error)
