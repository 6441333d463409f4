"""The regression drills are valid plans: the change is one that the traces see, and each claim of theirs is carried.

Whether they pass is shown by drilling them; here nothing is started.
"""

import asyncio
from pathlib import Path

import pytest

from harness.environments.processes import ProcessesEnvironment
from harness.faults import Commit, Noop
from harness.history import History
from harness.judging import course_of, judge_history, objectives_of
from harness.scenario import Recovery, Scenario
from harness.steps import HealFault, Inject, Observe, Operate, Step
from harness.traces import load_traces
from harness.verdict import Outcome
from scenarios.trace_regression import (
    ACCEPTED,
    BELIEVES,
    BISECT,
    OUTAGE,
    REFRESH,
    REVERTED,
    SAYS_LESS,
    SCENARIOS,
    TRACE,
)
from scenarios.world.topology import TOPOLOGY
from system.replay import replay

ROOT = Path(__file__).parents[2]

each = pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda one: one.name)


def planned(scenario: Scenario) -> list[Step]:
    async def steps() -> list[Step]:
        assert scenario.schedule is not None
        return [step async for step in scenario.schedule(scenario)]

    return asyncio.run(steps())


@each
def test_it_fits_the_topology_and_needs_no_database(scenario: Scenario) -> None:
    scenario.check_against(TOPOLOGY)
    assert scenario.services == frozenset({"inbox"})
    assert scenario.needs() <= ProcessesEnvironment(TOPOLOGY.only({"inbox"})).capabilities
    assert all(isinstance(fault, Noop) for fault in scenario.without_injectors().faults)


def test_every_claim_of_the_section_is_carried() -> None:
    carried: set[str] = set()
    for scenario in SCENARIOS:
        carried |= {claim for one in (*scenario.invariants, *course_of(scenario)) for claim in one.claims}
        carried |= {claim for one in objectives_of(scenario) for claim in one.claims}
    assert carried == {"6.1", "6.2", "6.3", "6.4", "6.5", "6.6", "8.1"}
    assert ACCEPTED.hazards == ("H14",)


@pytest.mark.parametrize("fault", [BELIEVES, SAYS_LESS], ids=lambda fault: fault.subject)
def test_the_words_that_are_changed_stand_there_once(fault: Commit) -> None:
    """Whoever changes that file is told here, and not by a drill that stops."""
    assert fault.edit.of(ROOT) != (ROOT / fault.edit.path).read_text(encoding="utf-8")


def test_the_trace_that_is_looked_at_is_one_of_the_projects() -> None:
    (trace,) = [one for one in load_traces(ROOT / "traces") if one.id == TRACE]
    assert replay(trace.to_contract())["output"] == trace.baseline


@each
def test_what_is_listed_as_its_recovery_is_what_is_done(scenario: Scenario) -> None:
    assert isinstance(scenario.recovery, Recovery)
    steps = planned(scenario)
    done = [step for step in steps if not isinstance(step, Observe | Inject | HealFault)]
    assert done[1:] == list(scenario.recovery.steps), "after the symptoms"
    injected = [step.fault for step in steps if isinstance(step, Inject) and step.main]
    assert injected == list(scenario.faults)


def test_the_outage_stands_while_the_first_refresh_is_tried_and_no_longer() -> None:
    steps = planned(ACCEPTED)
    at = steps.index(Inject(fault=OUTAGE, main=False))
    tried, healed = steps[at + 1 : at + 3]
    assert isinstance(tried, Operate)
    assert (tried.words, tried.expects) == (REFRESH.words, 12)
    assert healed == HealFault(fault=OUTAGE)
    assert REFRESH in steps[at + 3 :]
    assert not [step for step in planned(REVERTED) if isinstance(step, Inject) and step.fault == OUTAGE]


def test_commands_are_typed_as_the_playbook_has_them() -> None:
    assert BISECT.typed(("console",)) == ("harness", "trace", "bisect", TRACE, "--good", "HEAD~5", "--bad", "HEAD")


@each
def test_of_nothing_seen_nothing_is_known(scenario: Scenario) -> None:
    judgement = judge_history(scenario, History())
    assert judgement.outcome is not Outcome.PASS
    assert {verdict.outcome for verdict in judgement.invariants} == {Outcome.UNKNOWN}
