"""The agent hang is a valid plan in four variants: each fits the topology, and each control can be caught.

Whether they pass is shown by drilling them; here nothing is started.
"""

import asyncio
import json
import re

import pytest

from harness.environments.processes import ProcessesEnvironment
from harness.faults import Misbehave, Noop, PauseWorker, Spin
from harness.history import History
from harness.judging import course_of, judge_history, objectives_of
from harness.scenario import NegativeControl, Scenario, fixed_order
from harness.series import settings_of
from harness.steps import HealFault, Inject, Operate, SeeSymptoms, Step, WaitFor
from harness.verdict import Outcome
from scenarios.agent_hang import (
    AGENT_SPINS,
    BOOKED_AND_NEVER_SAID,
    COMMODITY,
    GUARD_S,
    LIST,
    MOTION_NEVER_ANSWERS,
    SCENARIOS,
    SHORTENED,
    STUCK_AFTER_S,
    TIMEOUT,
    WORKER_WAKES_UP,
)
from scenarios.world.alterations import Indigestible
from scenarios.world.motion import Motion
from scenarios.world.tenders import TenderSource
from scenarios.world.topology import TOPOLOGY
from scenarios.world.traffic import SteadyTenders
from system.agents import unsafe_spin
from system.governance.alerts import AGENT_TIMEOUT
from system.settings import Settings

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
    assert all(isinstance(fault, Noop) for fault in scenario.without_injectors().faults)


def test_together_they_carry_every_claim_that_a_drill_can_check() -> None:
    """5.5 is a statement about code; tests check it."""
    carried = {
        scenario.name: {claim for one in (*scenario.invariants, *course_of(scenario)) for claim in one.claims}
        | {claim for one in objectives_of(scenario) for claim in one.claims}
        for scenario in SCENARIOS
    }
    assert set().union(*carried.values()) == {"5.1", "5.2", "5.3", "5.4", "8.1", "8.2"}
    assert all({"5.1", "8.1", "8.2"} <= claims for claims in carried.values())
    assert carried[AGENT_SPINS.name] == {"5.1", "5.2", "5.3", "5.4", "8.1", "8.2"}


@each_scenario
def test_of_nothing_seen_nothing_is_known(scenario: Scenario) -> None:
    judgement = judge_history(scenario, History())
    assert judgement.outcome is not Outcome.PASS
    assert {verdict.outcome for verdict in judgement.invariants} == {Outcome.UNKNOWN}


@each_control
def test_a_control_takes_away_what_is_there(scenario: Scenario, control: NegativeControl) -> None:
    assert {name.lower() for name in control.settings} <= set(Settings.model_fields)
    assert control.must_fail in {checker.name for checker in scenario.invariants}
    assert set(re.findall(r"\bH\d+\b", control.why)) <= set(scenario.hazards)
    scenario.under(control).check_against(TOPOLOGY)
    Settings(**{name.lower(): value for name, value in settings_of(scenario, control).items()})  # type: ignore[arg-type]


def test_each_hazard_has_its_control() -> None:
    shown = {
        hazard: control.must_fail
        for scenario in SCENARIOS
        for control in scenario.negative_controls
        for hazard in re.findall(r"H\d+", control.why)
    }
    assert shown == {"H4": "NoneStuck", "H5": "FailedHasNoLiveLoad", "H6": "LateWritesAreRefused"}


def test_the_alert_is_the_systems_own() -> None:
    assert MOTION_NEVER_ANSWERS.alert is not None
    assert AGENT_TIMEOUT.summary.format(intent="*") == TIMEOUT == MOTION_NEVER_ANSWERS.alert.text
    assert AGENT_TIMEOUT.contact.role == "Backend Lead"


@each_scenario
def test_times_are_shortened_alike_and_keep_their_order(scenario: Scenario) -> None:
    """The limit of the alert by the very factor of the setting that dominates it, which is the longest of all."""
    settings = Settings(**{name.lower(): value for name, value in scenario.settings.items()})  # type: ignore[arg-type]
    nominal = Settings.model_fields
    assert settings.stuck_after_s / nominal["stuck_after_s"].default == SHORTENED
    assert settings.stuck_after_s == STUCK_AFTER_S > 2 * GUARD_S == 2 * settings.agent_guard_s
    assert settings.motion_timeout_s > settings.agent_guard_s, "else the guard would have nothing to end"
    (to_alert,) = objectives_of(scenario)
    assert to_alert.limit_s == pytest.approx(900 * SHORTENED)


def test_nobody_else_tenders_that_commodity() -> None:
    source = TenderSource(1, "P1001")
    tendered = {tender.commodity for _ in range(300) for tender in source.next().tenders}
    assert len(tendered) > 5
    assert COMMODITY not in tendered


@each_scenario
def test_what_cannot_be_dealt_with_comes_with_the_fault_that_cannot_deal_with_it(scenario: Scenario) -> None:
    (traffic,) = scenario.traffic
    assert isinstance(traffic, SteadyTenders)
    (alteration,) = traffic.alterations
    assert isinstance(alteration, Indigestible)
    fault = scenario.faults[0]
    assert alteration.after == fault.name
    if isinstance(fault, Misbehave):
        motion = Motion(api_key="k")
        motion.become(json.loads(fault.orders[0].body))
        assert motion.contains == alteration.commodity
        motion.become(json.loads(fault.amends[0].body))
        assert (motion.mode, motion.contains) == ("ok", "")
    else:
        assert isinstance(fault, Spin)
        assert scenario.settings["UNSAFE_SPIN_ON_COMMODITY"] == alteration.commodity


def test_the_log_is_searched_for_the_place_where_the_agent_hangs() -> None:
    places = [getattr(checker, "where", None) for checker in AGENT_SPINS.invariants]
    (place,) = filter(None, places)
    assert callable(getattr(unsafe_spin, place))


def steps_of(scenario: Scenario) -> list[Step]:
    async def collected() -> list[Step]:
        return [step async for step in (scenario.schedule or fixed_order)(scenario)]

    return asyncio.run(collected())


def test_a_worker_that_is_stopped_goes_on_once_its_work_was_done_and_not_before() -> None:
    slow, pause = WORKER_WAKES_UP.faults
    assert isinstance(pause, PauseWorker)
    steps = steps_of(WORKER_WAKES_UP)
    kinds = [type(step) for step in steps]
    assert kinds == [Inject, Inject, SeeSymptoms, WaitFor, HealFault, WaitFor, Operate]
    assert [step.fault for step in steps if isinstance(step, Inject)] == [slow, pause]
    assert steps[4] == HealFault(fault=pause)


def test_the_recovery_is_the_consoles_and_the_supervisors() -> None:
    """A person gives up what is tried in vain; what hangs is killed and settled before anybody had time to look."""
    words = [step.words for step in steps_of(MOTION_NEVER_ANSWERS) if isinstance(step, Operate)]
    assert [one[:2] for one in words] == [("stuck", "list"), ("stuck", "resolve")]
    for scenario in (AGENT_SPINS, BOOKED_AND_NEVER_SAID):
        steps = steps_of(scenario)
        assert isinstance(steps[-2], WaitFor)
        assert steps[-1] == LIST
