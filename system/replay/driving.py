"""Drives the system through the inputs of one trace: each is taken up once the system has come to rest.

Resolver and agents are stepped in turn, so that the order of everything follows from the trace alone. Where nothing can
be done now but something later, the clock moves on to it.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import func, literal, or_, select
from starlette.applications import Starlette

from system.agents.agents import Agents
from system.monitor.lookout import Lookout
from system.replay.asking import ask
from system.replay.cassette import CassetteTransport
from system.replay.operating import Operator
from system.replay.output import answer_to
from system.replay.recording import RecordingTransport
from system.replay.redis_says import RedisSays
from system.replay.steered import Steered
from system.replay.trace import ReplayInput
from system.resolver.resolver import Resolver
from system.storage import State, Storage, schema
from system.storage.prepared import Prepared

PARTNER_KEY = "replay"
STEPS_MAX = 1_000
"""For each input that is taken up; what has not come to rest by then goes round in a circle."""

_OPEN = (State.RECEIVED, State.RESOLVING, State.CONFIRMED, State.EXECUTING)
_intents = schema.intents.c
_DUE = Prepared(
    select(func.min(func.coalesce(_intents.retry_at, _intents.lease_until)).label("at")).where(
        or_(*(_intents.state == literal(str(state)) for state in _OPEN))
    )
)


class NoRest(RuntimeError):
    """The system did not come to rest within its steps."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Driver:
    """The parts in motion. Operator and lookout are made when an input first wants one: few traces do."""

    steered: Steered
    storage: Storage
    cassette: CassetteTransport | RecordingTransport
    app: Starlette
    resolver: Resolver
    agents: Agents
    operator: Callable[[], Operator]
    lookout: Callable[[], Lookout]
    redis_says: RedisSays

    def all_of(self, inputs: tuple[ReplayInput, ...]) -> list[dict[str, Any]]:
        """What each input was answered; ends early at the first call that the cassette has no answer for."""
        answers: list[dict[str, Any]] = []
        together = 0
        for number, one in enumerate(inputs):
            together += 1
            following = inputs[number + 1].at_s if number + 1 < len(inputs) else None
            rest = following is None or following > one.at_s
            if one.kind == "operator":
                self.steered.run(self._wait_until(one.at_s))
                answers.append(self.operator().types(one.words))
                if rest:
                    self.steered.run(self._come_to_rest(until_s=following, steps_max=together * STEPS_MAX))
            else:
                answer = self.steered.run(self._take(one, rest, until_s=following, steps_max=together * STEPS_MAX))
                answers += [] if answer is None else [answer]
            if self.cassette.unmatched:
                break
            together = 0 if rest else together
        return answers

    async def _take(
        self, one: ReplayInput, rest: bool, *, until_s: float | None, steps_max: int
    ) -> dict[str, Any] | None:
        """Takes up an input that is a signal or a round; what a signal was answered."""
        await self._wait_until(one.at_s)
        await self.app.state.ingest.breakers.flush()  # in a process of its own that goes on in the background
        answer = None
        if one.kind == "signal":
            answer = await self._send(one)
        else:
            self.redis_says.memory = one.found.redis or self.redis_says.memory
            await self.lookout().look_once()
        if rest:
            await self._come_to_rest(until_s=until_s, steps_max=steps_max)
        return answer

    async def _send(self, one: ReplayInput) -> dict[str, Any]:
        headers = {
            "authorization": f"Bearer {PARTNER_KEY}",
            "x-partner": one.partner,
            "content-type": one.content_type,
        }
        return answer_to(await ask(self.app, "/signals", headers, one.body.encode("utf-8")))

    async def _come_to_rest(self, *, until_s: float | None, steps_max: int) -> None:
        """Steps resolver and agents until nothing waits, or only past `until_s`; NoRest when that never comes."""
        await asyncio.sleep(0)  # what ingest does beside its answers
        steps = 0
        while steps < steps_max:
            for crew in (self.resolver, self.agents):
                while steps < steps_max and not self.cassette.unmatched and await crew.step():
                    steps += 1
            due_s = None if self.cassette.unmatched else self._next_due_s()
            if due_s is None or (until_s is not None and due_s >= until_s):
                return
            await self._wait_until(due_s)
            steps += 1
        passed_s = self.steered.clock.monotonic_s()
        raise NoRest(f"not at rest after {steps_max} steps; {passed_s:g} s of the trace have passed")

    def _next_due_s(self) -> float | None:
        """When the next intent may be tried again, in seconds of the trace; None when none waits."""
        at: datetime | None = self.storage.transact(lambda connection: _DUE.one(connection).at)
        if at is None:
            return None
        clock = self.steered.clock
        return clock.monotonic_s() + max(0.0, (at - clock.now()).total_seconds())

    async def _wait_until(self, at_s: float) -> None:
        wait_s = at_s - self.steered.clock.monotonic_s()
        if wait_s > 0:
            # A little past it: what is due at a moment is due once the clock shows it, to the microsecond.
            await self.steered.clock.sleep_s(wait_s + 1e-6)
