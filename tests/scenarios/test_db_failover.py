"""The database failover is a valid plan: it fits the topology, carries its claims, and each control can be caught.

Whether the drills pass is shown by drilling them; here nothing is started.
"""

import asyncio
import re

import pytest

from harness.environments.processes import ProcessesEnvironment
from harness.faults import Noop
from harness.history import History
from harness.judging import course_of, judge_history, objectives_of
from harness.probes import SqlProbe
from harness.scenario import NegativeControl, Scenario, fixed_order
from harness.series import settings_of
from harness.steps import HealFault, Inject, Observe, Operate, SeeSymptoms, Step, WaitFor
from harness.verdict import Outcome
from scenarios.db_failover import (
    ASK,
    KILLED,
    LIST,
    PRIMARY,
    PROMOTION,
    REPLICA,
    SCENARIOS,
    SEMI_SYNC,
    ZOMBIE_PRIMARY,
    pause_then_continue,
)
from scenarios.world import lifecycle
from scenarios.world.managed_settings import ManagedSettings
from scenarios.world.topology import TOPOLOGY
from system.settings import Settings
from system.storage import states

CONTROLS = [
    pytest.param(scenario, control, id=f"{scenario.name}-{control.name}")
    for scenario in SCENARIOS
    for control in scenario.negative_controls
]
each_scenario = pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda scenario: scenario.name)
each_control = pytest.mark.parametrize(("scenario", "control"), CONTROLS)


@each_scenario
def test_it_fits_the_topology_and_what_processes_can_do(scenario: Scenario) -> None:
    scenario.check_against(TOPOLOGY)
    assert scenario.needs() <= ProcessesEnvironment(TOPOLOGY).capabilities


@each_scenario
def test_every_claim_of_the_playbook_is_carried_by_something(scenario: Scenario) -> None:
    of_checkers = {claim for one in (*scenario.invariants, *course_of(scenario)) for claim in one.claims}
    carried = of_checkers | {claim for one in objectives_of(scenario) for claim in one.claims}
    assert carried == {"4.1", "4.2", "4.3", "4.4", "4.5", "4.6", "8.1", "8.2"}


@each_scenario
def test_of_nothing_seen_nothing_is_known(scenario: Scenario) -> None:
    judgement = judge_history(scenario, History())
    assert judgement.outcome is not Outcome.PASS
    assert {verdict.outcome for verdict in judgement.invariants} == {Outcome.UNKNOWN}
    assert {"4.1", "4.6"} <= set(judgement.claims)


@each_scenario
def test_with_idle_injectors_it_is_the_same_plan(scenario: Scenario) -> None:
    idle = scenario.without_injectors()
    idle.check_against(TOPOLOGY)
    assert all(isinstance(fault, Noop) for fault in idle.faults)
    assert idle.conditions == scenario.conditions


@each_control
def test_a_control_says_which_hazard_it_shows(scenario: Scenario, control: NegativeControl) -> None:
    named = re.findall(r"\bH\d+\b", control.why)
    assert set(named) <= set(scenario.hazards)
    assert named or len(control.why) > 30
    assert control.must_fail in {checker.name for checker in scenario.invariants}


@each_control
def test_a_control_turns_off_something_that_is_there(scenario: Scenario, control: NegativeControl) -> None:
    """Its switch is one that the system or the managed database reads, or an option of a service."""
    switches = {*Settings.model_fields, *ManagedSettings.__dataclass_fields__}
    for name in control.settings:
        service, dot, _ = name.partition(".")
        assert service in {one.name for one in TOPOLOGY.services} if dot else name.lower() in switches
        assert dot or name.startswith("UNSAFE_")
    scenario.under(control).check_against(TOPOLOGY)
    plain, unsafe = settings_of(scenario, None), settings_of(scenario, control)
    assert "ALLOW_UNSAFE" not in plain
    assert {name for name, value in unsafe.items() if plain.get(name) != value} == {*control.settings, "ALLOW_UNSAFE"}


def test_every_hazard_that_has_a_control_in_the_plan_is_listed() -> None:
    shown = {
        hazard
        for scenario in SCENARIOS
        for one in scenario.negative_controls
        for hazard in re.findall(r"H\d+", one.why)
    }
    assert shown == {"H2", "H3", "H11", "H16", "H18"}


def test_no_two_variants_have_one_name() -> None:
    names = [scenario.name for scenario in SCENARIOS]
    assert sorted(set(names)) == sorted(names)
    assert all(name.startswith("db_failover_") for name in names)


def steps_of(scenario: Scenario) -> list[Step]:
    async def collected() -> list[Step]:
        return [step async for step in (scenario.schedule or fixed_order)(scenario)]

    return asyncio.run(collected())


@each_scenario
def test_the_loss_is_looked_at_after_the_listing_and_before_anybody_is_asked(scenario: Scenario) -> None:
    """What is sent again hides what was lost, so the truth can be seen only in between."""
    steps = steps_of(scenario)
    look = next(number for number, step in enumerate(steps) if isinstance(step, Observe))
    observed = steps[look]
    assert isinstance(observed, Observe)
    assert isinstance(observed.probe, SqlProbe)
    assert (observed.probe.name, observed.probe.service) == ("promoted_rows", REPLICA)
    assert steps.index(PROMOTION) < steps.index(LIST) < look < steps.index(ASK)


def test_the_replica_is_behind_before_the_primary_is_killed() -> None:
    kinds = [type(step) for step in steps_of(KILLED)]
    assert kinds == [Inject, WaitFor, Inject, SeeSymptoms, WaitFor, Operate, Observe, Operate]
    assert {str(condition) for hold in KILLED.conditions for condition in hold.until} == {
        "beyond_replica.acknowledged at least 5",
        "beyond_replica.booked at least 2",
    }


def test_the_old_primary_comes_back_before_anybody_has_looked() -> None:
    steps = steps_of(ZOMBIE_PRIMARY)
    assert ZOMBIE_PRIMARY.schedule is pause_then_continue
    pause = ZOMBIE_PRIMARY.faults[0]
    assert steps[:3] == [Inject(fault=pause), PROMOTION, HealFault(fault=pause)]


def test_semi_synchronous_is_asked_of_both_servers() -> None:
    assert SEMI_SYNC.settings == {f"{PRIMARY}.replication": "semi_sync", f"{REPLICA}.replication": "semi_sync"}
    assert {"NothingLost", "WasSemiSynchronous"} <= {checker.name for checker in SEMI_SYNC.invariants}


def test_the_life_of_an_intent_is_the_same_in_the_world_as_in_the_system() -> None:
    assert {(before and before.value, after.value) for before, after in states.LEGAL} == lifecycle.LEGAL_TRANSITIONS
    assert {state.value for state in states.FINAL} == lifecycle.FINAL
    assert {state.value for state in states.State} == lifecycle.STATES
    assert [after for before, after in states.LEGAL if before is None] == [lifecycle.CREATED_AS]
