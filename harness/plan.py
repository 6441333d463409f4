"""What a drill would do to what, without doing it: the steps of a scenario as rows.

A schedule yields its steps as values, so it can be listed; what it waits for is taken as come true.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import aclosing
from dataclasses import asdict, dataclass
from typing import Any

from harness.faults.base import Fault
from harness.scenario import Scenario, fixed_order
from harness.steps import HealFault, Inject, Observe, Operate, Step, WaitFor


@dataclass(frozen=True, slots=True, kw_only=True)
class Planned:
    """One row: what is done (`inject`, `heal`, `wait`, `operate`, `look`, `see`), in which words, to what."""

    does: str
    what: str
    target: str = ""


def plan_of(scenario: Scenario) -> tuple[Planned, ...]:
    """The steps between the gate and the judging, in order; healing what still stands is the last."""
    return asyncio.run(_plan(scenario))


def plan_document(scenario: Scenario) -> dict[str, Any]:
    """As `drill --dry-run --json` prints it."""
    return {
        "scenario": scenario.name,
        "settings": dict(scenario.settings),
        "blast_radius": sorted(scenario.blast_radius.services),
        "traffic": [traffic.name for traffic in scenario.traffic],
        "steps": [asdict(planned) for planned in plan_of(scenario)],
    }


async def _plan(scenario: Scenario) -> tuple[Planned, ...]:
    rows: list[Planned] = []
    standing: dict[Fault, None] = {}
    schedule: AsyncIterator[Step] = (scenario.schedule or fixed_order)(scenario)
    async with aclosing(schedule) as steps:  # type: ignore[type-var]
        async for step in steps:
            if isinstance(step, Inject):
                standing[step.fault] = None
            elif isinstance(step, HealFault):
                standing.pop(step.fault, None)
            rows.append(_row(step, scenario))
    # As the drill does: what was injected last is healed first.
    rows += [Planned(does="heal", what=fault.name, target=fault.target) for fault in reversed(standing)]
    return tuple(rows)


def _row(step: Step, scenario: Scenario) -> Planned:
    if isinstance(step, Inject):
        return Planned(does="inject", what=step.fault.name, target=step.fault.target)
    if isinstance(step, HealFault):
        return Planned(does="heal", what=step.fault.name, target=step.fault.target)
    if isinstance(step, WaitFor):
        return Planned(does="wait", what=f"{step.what} (at most {step.within_s:g} s)")
    if isinstance(step, Operate):
        return Planned(does="operate", what=" ".join(step.words), target="operator's console")
    if isinstance(step, Observe):
        return Planned(does="look", what=step.probe.name)
    return Planned(does="see", what="; ".join(symptom.text for symptom in scenario.symptoms))
