"""One drill, in one fixed order: gate, inject, recover, heal, wait, replay, judge.

The order is the same for every scenario, and healing is not a step that can be skipped: it follows whatever happens,
shielded from cancellation and within a limit of its own. A drill writes everything it does into the history; what it
means is judged from there.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, aclosing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from harness.clock import Clock, Deadline, sleep_s
from harness.environments.base import Environment, Operator, Worktree
from harness.faults.base import Fault, capability
from harness.history import History, Kind
from harness.metric import Condition, Metric, Window, record_baseline
from harness.scenario import Recovery, Scenario, fixed_order
from harness.steps import HealFault, Inject, Observe, Operate, SeeSymptoms, Step, WaitFor
from harness.watching import Aborted, Watching

_EVIDENCE_WITHIN_S = 5.0
_EVIDENCE_EVERY_S = 0.02
_HEAL_WITHIN_S = 20.0
_SETTLED_FOR_S = 0.3

Progress = Callable[[str], None]


class CannotGoOn(RuntimeError):
    """The drill has seen enough to know that it will prove nothing; what follows is healing and judging."""


@dataclass(slots=True, kw_only=True)
class _Drill:
    scenario: Scenario
    environment: Environment
    history: History
    clock: Clock
    watching: Watching
    progress: Progress
    injected: dict[Fault, AsyncExitStack] = field(default_factory=dict)
    fault_at_s: float | None = None

    def say(self, action: str, **value: Any) -> None:
        self.history.append(actor="drill", kind=Kind.STEP, action=action, value=value)

    def phase(self, name: str) -> None:
        self.say("phase", phase=name)
        self.progress(name)

    async def run(self) -> None:
        """Everything but the judging. The history is whole when this returns or raises."""
        try:
            try:
                await self.gate()
                await self.break_and_mend()
            except (CannotGoOn, Aborted) as reason:
                self.say("stopped", reason=str(reason))
            finally:
                await _shielded(self.heal_all(), _HEAL_WITHIN_S)
            await self.wait()
            await self.snapshot()
            await self.replay()
        finally:
            await _shielded(self.watching.stop(), _HEAL_WITHIN_S)

    async def gate(self) -> None:
        self.phase("gate")
        scenario = self.scenario
        self.watching.start()
        absolute = [condition for condition in scenario.steady_state if not condition.of_baseline]
        held, readings, from_s = await self.watching.until(
            absolute,
            within_s=scenario.steady_within_s,
            over_s=scenario.steady_for_s,
            operations=scenario.operations_at_least,
        )
        self.say("gate", held=held, readings=[str(reading) for reading in readings])
        if not held:
            raise CannotGoOn("steady state was not reached, or too little traffic flowed")
        window = Window(from_s=from_s, to_s=self.clock.now_s())
        record_baseline(self.history, _baseline_metrics(scenario), window)

    async def break_and_mend(self) -> None:
        scenario = self.scenario
        self.phase("inject")
        self.watching.arm_abort()
        schedule: AsyncIterator[Step] = (scenario.schedule or fixed_order)(scenario)
        async with aclosing(schedule) as steps:  # type: ignore[type-var]
            async for step in steps:
                await self.perform(step)
        if isinstance(scenario.recovery, Recovery) and self.fault_at_s is not None:
            await self.reach("recovered", scenario.recovery.done_when, scenario.recovery.limit_s, over_s=1.0)

    async def reach(
        self,
        action: str,
        conditions: tuple[Condition, ...],
        within_s: float,
        *,
        over_s: float,
        operations: int = 0,
        fresh: bool = False,
    ) -> bool:
        """Wait for a state of the drill, and write down whether it came and how long that took.

        It is read from the last `over_s`, and with `fresh` only from what was seen since the waiting began.
        """
        started_s = self.clock.now_s()
        from_s = started_s if fresh else started_s - over_s
        held, readings, _ = await self.watching.until(
            conditions, within_s=within_s, over_s=over_s, from_s=from_s, operations=operations
        )
        after_s = round(self.clock.now_s() - started_s, 3)
        self.say(action, held=held, after_s=after_s, readings=[str(reading) for reading in readings])
        return held

    async def perform(self, step: Step) -> None:
        """Do one step of the schedule."""
        if isinstance(step, Inject):
            await self.inject(step)
        elif isinstance(step, HealFault):
            await self.heal(step.fault)
        elif isinstance(step, WaitFor):
            await self.wait_for(step)
        elif isinstance(step, SeeSymptoms):
            await self.see_symptoms()
        elif isinstance(step, Operate):
            await self.operate(step)
        elif isinstance(step, Observe):
            await self.watching.look(step.probe)

    async def inject(self, step: Inject) -> None:
        fault = step.fault
        witness = await fault.watch(self.environment)
        stack = AsyncExitStack()
        await stack.enter_async_context(fault.apply(self.environment))
        self.injected[fault] = stack
        event = self.history.append(
            actor="drill", kind=Kind.FAULT, action=fault.name, value={"target": fault.target, "main": step.main}
        )
        self.progress(f"{fault.name} {fault.target}")
        if step.main and self.fault_at_s is None:
            self.fault_at_s = event.at_s
            if isinstance(self.scenario.recovery, Recovery):
                self.phase("recover")
        deadline = Deadline(_EVIDENCE_WITHIN_S)
        evidence = await witness.evidence()
        while not evidence.proof and not deadline.passed:
            await sleep_s(_EVIDENCE_EVERY_S)
            evidence = await witness.evidence()
        self.say(
            "evidence",
            of=fault.name,
            target=fault.target,
            main=step.main,
            proof=evidence.proof,
            facts=dict(evidence.facts),
        )
        if not evidence.proof:
            raise CannotGoOn(f"{fault.name} of {fault.target} was not seen to bite: {dict(evidence.facts)}")

    async def heal(self, fault: Fault) -> None:
        stack = self.injected.pop(fault, None)
        if stack is None:
            return
        self.history.append(actor="drill", kind=Kind.HEAL, action=fault.name, value={"target": fault.target})
        await _shielded(stack.aclose(), _HEAL_WITHIN_S)

    async def heal_all(self) -> None:
        """Undo every fault, the newest first; one that will not be healed does not keep the others from it."""
        self.phase("heal")
        self.watching.arm_abort(False)
        for fault in reversed(list(self.injected)):
            try:
                await self.heal(fault)
            except Exception as error:
                self.say("heal failed", of=fault.name, target=fault.target, error=f"{type(error).__name__}: {error}")

    async def wait_for(self, step: WaitFor) -> None:
        started_s = self.clock.now_s()
        from_s = started_s if step.fresh else started_s - step.over_s
        held, readings, _ = await self.watching.until(
            step.conditions, within_s=step.within_s, over_s=step.over_s, from_s=from_s
        )
        said = [str(reading) for reading in readings]
        self.say("wait", what=step.what, held=held, after_s=round(self.clock.now_s() - started_s, 3), readings=said)
        if not held:
            if self.fault_at_s is not None:
                self.say("recovered", held=False, readings=[f"waited for {step.what}", *said])
            raise CannotGoOn(f"{step.what}: not within {step.within_s:g} s ({'; '.join(said)})")

    async def see_symptoms(self) -> None:
        from_s = self.fault_at_s or 0.0
        for symptom in self.scenario.symptoms:
            deadline = Deadline(max(0.0, from_s + symptom.within_s - self.clock.now_s()))
            reading = symptom.seen_as.read(self.history, Window(from_s=from_s, to_s=self.clock.now_s()))
            while reading.held is not True and not deadline.passed:
                await sleep_s(_EVIDENCE_EVERY_S)
                reading = symptom.seen_as.read(self.history, Window(from_s=from_s, to_s=self.clock.now_s()))
            after_s = round(self.clock.now_s() - from_s, 3)
            seen = reading.held is True
            self.say("symptom", text=symptom.text, seen=seen, after_s=after_s, readings=[str(reading)])

    async def operate(self, step: Operate) -> None:
        self.progress(f"operator: {' '.join(step.words)}")
        if step.where == "console":
            answer = await capability(self.environment, Operator).operate(step.words, limit_s=step.limit_s)
        else:
            answer = await capability(self.environment, Worktree).work(step.words, limit_s=step.limit_s)
        self.history.append(
            actor="operator",
            kind=Kind.STEP,
            action="operator",
            value={
                "command": list(step.words),
                "where": step.where,
                "why": step.why,
                "exit_code": answer.exit_code,
                "expected": step.expects,
                "document": answer.document,
                "errors": answer.errors[-2000:],
            },
        )

    async def wait(self) -> None:
        """Steady state again, then the traffic ends and the system finishes what it was given."""
        self.phase("wait")
        scenario = self.scenario
        if self.fault_at_s is not None:
            await self.reach(
                "steady_again",
                scenario.steady_state,
                scenario.steady_within_s,
                over_s=scenario.steady_for_s,
                operations=scenario.operations_at_least,
            )
        await self.watching.end_traffic()
        if scenario.settle:
            await self.reach("settled", scenario.settle, scenario.settle_within_s, over_s=_SETTLED_FOR_S, fresh=True)

    async def snapshot(self) -> None:
        for probe in self.scenario.snapshots:
            await self.watching.look(probe)

    async def replay(self) -> None:
        if self.scenario.replay is None:
            return
        self.phase("replay")
        await self.scenario.replay.replay(self.environment, self.history, self.clock, seed=self.watching.seed)


def _baseline_metrics(scenario: Scenario) -> list[Metric]:
    return [condition.metric for condition in scenario.steady_state if condition.of_baseline]


async def _shielded(work: Awaitable[None], within_s: float) -> None:
    """Finish `work` although this task may be cancelled, again and again; the cancellation goes on afterwards."""
    task = asyncio.ensure_future(asyncio.wait_for(work, within_s))
    cancelled: asyncio.CancelledError | None = None
    while not task.done():
        try:
            await asyncio.shield(task)
        except asyncio.CancelledError as error:
            if task.cancelled():
                raise
            cancelled = error
        except Exception:
            break
    if cancelled is not None:
        raise cancelled
    task.result()


def quiet(_: str) -> None:
    """Progress that is told to nobody."""


async def run_drill(
    scenario: Scenario,
    environment: Environment,
    *,
    seed: int,
    clock: Clock | None = None,
    path: Path | None = None,
    progress: Progress = quiet,
) -> History:
    """Drill `scenario` once in an environment that is up, and return the closed history.

    `path` is where the history is written as it grows. Raises what the harness itself could not do; the faults are
    healed and the history is closed also then.
    """
    clock = clock or Clock()
    history = History(clock=clock, path=path)
    watching = Watching(scenario=scenario, environment=environment, history=history, clock=clock, seed=seed)
    drill = _Drill(
        scenario=scenario,
        environment=environment,
        history=history,
        clock=clock,
        watching=watching,
        progress=progress,
    )
    try:
        await drill.run()
        drill.phase("judge")
    finally:
        history.close()
    return history
