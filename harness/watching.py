"""What runs beside the steps of a drill: its traffic and its probes, and waiting for what they see.

Everything here is ended by `stop`, whatever state it is in. It breaks nothing and judges nothing.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from random import Random

from harness.clock import Clock, Deadline, sleep_s
from harness.environments.base import Environment
from harness.history import COMPLETIONS, History, Kind
from harness.metric import Condition, Reading, Window
from harness.probes.base import Probe
from harness.scenario import Scenario
from harness.traffic.base import Stage

_LOOK_EVERY_S = 0.02
_DRAIN_LIMIT_S = 30.0


class Aborted(RuntimeError):
    """The blast radius' abort condition held: the drill heals at once and ends unknown."""


@dataclass(slots=True, kw_only=True)
class Watching:
    """The traffic and probes of one drill, as running tasks."""

    scenario: Scenario
    environment: Environment
    history: History
    clock: Clock
    seed: int
    _ending: asyncio.Event = field(init=False, default_factory=asyncio.Event)
    _traffic: list[asyncio.Task[None]] = field(init=False, default_factory=list)
    _probes: list[asyncio.Task[None]] = field(init=False, default_factory=list)
    _abort_armed: bool = field(init=False, default=False)

    def start(self) -> None:
        """Begin all traffic and all probes."""
        for traffic in self.scenario.traffic:
            stage = Stage(
                environment=self.environment,
                history=self.history,
                clock=self.clock,
                random=Random(f"{self.seed}/{traffic.name}"),  # noqa: S311 -- to repeat a drill, not to keep a secret
                ending=self._ending,
            )
            self._traffic.append(asyncio.create_task(traffic.play(stage), name=f"traffic {traffic.name}"))
        self._probes.extend(
            asyncio.create_task(self._look_again_and_again(probe), name=f"probe {probe.name}")
            for probe in self.scenario.probes
        )

    def arm_abort(self, armed: bool = True) -> None:
        """From now on the abort condition is held against what is seen; or is no longer."""
        self._abort_armed = armed

    async def _look_again_and_again(self, probe: Probe) -> None:
        while True:
            await self.look(probe)
            await sleep_s(probe.every_s)

    async def look(self, probe: Probe) -> None:
        """Let a probe look once. That it could not is an event too, and no reason to stop."""
        try:
            await probe.observe(self.environment, self.history, self.clock)
        except Exception as error:
            self.history.append(
                actor=f"probe {probe.name}",
                kind=Kind.PROBE,
                action=f"{probe.name} could not look",
                value={"error": f"{type(error).__name__}: {error}"[:300]},
            )

    async def end_traffic(self) -> None:
        """No new work; waits until the last operation has ended, and tells a traffic that failed."""
        self._ending.set()
        if not self._traffic:
            return
        _, late = await asyncio.wait(self._traffic, timeout=_DRAIN_LIMIT_S)
        for task in late:
            task.cancel()
        for task in self._traffic:
            if not task.cancelled() and task.done() and (error := task.exception()):
                raise error

    async def stop(self) -> None:
        """End every task, at once."""
        self._ending.set()
        tasks = [*self._traffic, *self._probes]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def fail_if_traffic_died(self) -> None:
        """Raise what ended a traffic before its time: a drill without its traffic says nothing."""
        for task in self._traffic:
            if task.done() and not task.cancelled() and (error := task.exception()):
                raise error

    async def until(
        self,
        conditions: Sequence[Condition],
        *,
        within_s: float,
        over_s: float,
        from_s: float = 0.0,
        operations: int = 0,
    ) -> tuple[bool, list[Reading], float]:
        """Wait until every condition holds over the last `over_s`, in a window that begins after `from_s`.

        `operations` is how many completed operations such a window must hold at least. Returns whether it came true,
        the last readings, and when the window that held began, in seconds of the run.
        """
        deadline = Deadline(within_s)
        while True:
            now_s = self.clock.now_s()
            window = Window(from_s=max(from_s, now_s - over_s), to_s=now_s)
            readings = [condition.read(self.history, window) for condition in conditions]
            full = now_s - from_s >= over_s and self._completed(window) >= operations
            if full and all(reading.held is True for reading in readings):
                return True, readings, window.from_s
            if deadline.passed:
                return False, readings, window.from_s
            self._abort_if_needed(now_s)
            self.fail_if_traffic_died()
            await sleep_s(_LOOK_EVERY_S)

    def _completed(self, window: Window) -> int:
        return sum(event.kind in COMPLETIONS for event in self.history.between(window.from_s, window.to_s))

    def _abort_if_needed(self, now_s: float) -> None:
        condition = self.scenario.blast_radius.abort_if
        if condition is None or not self._abort_armed or now_s < condition.for_s:
            return
        reading = condition.read(self.history, Window(from_s=now_s - condition.for_s, to_s=now_s))
        if reading.held is True:
            raise Aborted(f"{condition}: {reading}")
