"""The drills of the circuit breaker are valid plans: they fit the topology, carry their claims, and can be caught.

Whether they pass is shown by drilling them; here nothing is started.
"""

import asyncio
import re

import pytest

from harness.environments.processes import ProcessesEnvironment
from harness.faults import Flood, Kill, Noop
from harness.history import History
from harness.judging import course_of, judge_history, objectives_of
from harness.scenario import Heal, NegativeControl, Recovery, Scenario
from harness.series import settings_of
from harness.steps import HealFault, Inject, Operate, SeeSymptoms, Step, WaitFor
from harness.verdict import Outcome
from scenarios.circuit_breaker import (
    ACCEPTED_AGAIN,
    CLOSED,
    FLOOD,
    OPEN,
    OTHERS_GO_ON,
    OWN_REFUSALS,
    PARTNER,
    RESET,
    RESET_BY_OPERATOR,
    SCENARIOS,
    TEN_FAILED,
    TENFOLD,
    UNATTENDED,
)
from scenarios.world.faulty import TEN
from scenarios.world.topology import TOPOLOGY
from system.governance.alerts import CIRCUIT_BREAKER_OPEN
from system.settings import Settings

FLOODED = (RESET_BY_OPERATOR, UNATTENDED, TENFOLD)
CONTROLS = [
    pytest.param(scenario, control, id=f"{scenario.name}-{control.name}")
    for scenario in SCENARIOS
    for control in scenario.negative_controls
]
each_scenario = pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda scenario: scenario.name)
each_flooded = pytest.mark.parametrize("scenario", FLOODED, ids=lambda scenario: scenario.name)
each_control = pytest.mark.parametrize(("scenario", "control"), CONTROLS)


def steps_of(scenario: Scenario) -> list[Step]:
    async def collected() -> list[Step]:
        assert scenario.schedule is not None
        return [step async for step in scenario.schedule(scenario)]

    return asyncio.run(collected())


def carried_by(scenario: Scenario) -> set[str]:
    of_checkers = {claim for one in (*scenario.invariants, *course_of(scenario)) for claim in one.claims}
    return of_checkers | {claim for one in objectives_of(scenario) for claim in one.claims}


@each_scenario
def test_it_fits_the_topology_and_what_processes_can_do(scenario: Scenario) -> None:
    scenario.check_against(TOPOLOGY)
    assert scenario.needs() <= ProcessesEnvironment(TOPOLOGY).capabilities
    idle = scenario.without_injectors()
    idle.check_against(TOPOLOGY)
    assert all(isinstance(fault, Noop) for fault in idle.faults)


def test_together_they_carry_every_claim_of_the_section() -> None:
    assert carried_by(RESET_BY_OPERATOR) == {f"1.{number}" for number in range(1, 8)} | {"8.1", "8.2"}
    assert all(carried_by(scenario) <= carried_by(RESET_BY_OPERATOR) for scenario in SCENARIOS)


@each_scenario
def test_of_nothing_seen_nothing_is_known(scenario: Scenario) -> None:
    judgement = judge_history(scenario, History())
    assert judgement.outcome is not Outcome.PASS
    assert {verdict.outcome for verdict in judgement.invariants} == {Outcome.UNKNOWN}


@each_control
def test_a_control_turns_off_what_the_system_reads_and_says_which_hazard_it_shows(
    scenario: Scenario, control: NegativeControl
) -> None:
    assert {name.lower() for name in control.settings} <= set(Settings.model_fields)
    assert all(name.startswith("UNSAFE_") for name in control.settings)
    scenario.under(control).check_against(TOPOLOGY)
    plain, unsafe = settings_of(scenario, None), settings_of(scenario, control)
    assert {name for name, value in unsafe.items() if plain.get(name) != value} == {*control.settings, "ALLOW_UNSAFE"}
    assert set(re.findall(r"\bH\d+\b", control.why)) <= set(scenario.hazards)


def test_the_hazards_of_the_section_each_have_a_control() -> None:
    """H18 belongs to the failover, which is what asks for a window again."""
    whys = [control.why for one in SCENARIOS for control in one.negative_controls]
    assert {hazard for why in whys for hazard in re.findall(r"H\d+", why)} == {"H13", "H15"}


def test_the_alert_is_the_systems_own() -> None:
    assert CIRCUIT_BREAKER_OPEN.summary.format(partner=PARTNER) == OPEN
    assert CIRCUIT_BREAKER_OPEN.contact.role == "DevOps Lead"


@each_flooded
def test_ten_failures_come_before_the_flood_and_the_settings_leave_the_threshold_alone(scenario: Scenario) -> None:
    steps = steps_of(scenario)
    assert steps[:3] == [TEN_FAILED, Inject(fault=scenario.faults[0]), SeeSymptoms()]
    assert len(TEN) == Settings().breaker_threshold == 10
    assert not {name for name in scenario.settings if name.startswith(("BREAKER_THRESHOLD", "BREAKER_WINDOW"))}


def test_the_others_are_watched_beside_the_flood_and_it_ends_before_the_reset() -> None:
    steps = steps_of(RESET_BY_OPERATOR)
    order = [steps.index(step) for step in (OTHERS_GO_ON, HealFault(fault=FLOOD), RESET, ACCEPTED_AGAIN)]
    assert order == sorted(order)
    assert OTHERS_GO_ON.fresh, "what was seen before the flood says nothing of it"


def test_unattended_ingest_dies_under_the_flood_and_nobody_lends_a_hand() -> None:
    steps = steps_of(UNATTENDED)
    flood, death = UNATTENDED.faults
    assert (flood, death) == (FLOOD, Kill(service="ingest"))
    order = [
        steps.index(step)
        for step in (Inject(fault=death, main=False), HealFault(fault=death), HealFault(fault=flood), CLOSED)
    ]
    assert order == sorted(order)
    assert not [step for step in steps if isinstance(step, Operate)]
    assert isinstance(UNATTENDED.recovery, Heal)


def test_tenfold_is_ten_clients_without_a_bound_of_their_own() -> None:
    (flood,) = TENFOLD.faults
    assert isinstance(flood, Flood)
    assert (FLOOD.clients, flood.clients) == (1, 10)
    assert FLOOD.rate_per_s is flood.rate_per_s is None
    assert "MemoryStaysFlat" in {checker.name for checker in TENFOLD.invariants}


@each_flooded
def test_what_the_playbook_says_to_do_is_what_the_drill_does(scenario: Scenario) -> None:
    if isinstance(scenario.recovery, Recovery):
        done = steps_of(scenario)
        said = [step for step in scenario.recovery.steps if isinstance(step, Operate | WaitFor)]
        assert said == [step for step in done if step in said]


def test_of_our_own_refusals_nobody_is_told() -> None:
    assert OWN_REFUSALS.alert is None
    assert {control.must_fail for control in OWN_REFUSALS.negative_controls} == {"RepeatsAreWelcome"}
