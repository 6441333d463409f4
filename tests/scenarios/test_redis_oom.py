"""Redis out of memory is a valid plan: it fits the topology, carries its claims, and each control can be caught.

Whether the drills pass is shown by drilling them; here nothing is started.
"""

import asyncio
import json
import re
from dataclasses import replace

import pytest

from harness.environments.processes import ProcessesEnvironment
from harness.faults import FillMemory, Noop
from harness.history import History
from harness.judging import course_of, judge_history, objectives_of
from harness.scenario import NegativeControl, Scenario
from harness.steps import Inject, Observe, Operate, SeeSymptoms, Step
from harness.verdict import Outcome
from scenarios.redis_oom import (
    EVICTING,
    FLUSH,
    MANY_KEYS,
    NEARLY_FULL,
    RAISE,
    REFUSING,
    SCALED_BYTES,
    SCALING,
    SCENARIOS,
    SHORTEN,
    SHOW,
)
from scenarios.world.redis_probes import PREFIX
from scenarios.world.topology import TOPOLOGY
from system.governance.alerts import REDIS_MEMORY_HIGH
from system.monitor.autoscaler import OPERATOR, wanted_limit
from system.recovery.idempotency_keys import read_value
from system.redis_server import Memory
from system.settings import Settings
from system.units import size_of, span_of

CONTROLS = [
    pytest.param(scenario, control, id=f"{scenario.name}-{control.name}")
    for scenario in SCENARIOS
    for control in scenario.negative_controls
]
each_scenario = pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda scenario: scenario.name)
each_control = pytest.mark.parametrize(("scenario", "control"), CONTROLS)


def settings_of(scenario: Scenario) -> Settings:
    """The settings of the system's processes in a drill."""
    names = {name.lower(): value for name, value in scenario.settings.items() if "." not in name}
    return Settings.model_validate(names)


@each_scenario
def test_it_fits_the_topology_and_what_processes_can_do(scenario: Scenario) -> None:
    scenario.check_against(TOPOLOGY)
    assert scenario.needs() <= ProcessesEnvironment(TOPOLOGY).capabilities


def test_every_claim_of_the_playbook_is_carried_by_something() -> None:
    def carried(scenario: Scenario) -> set[str]:
        of_checkers = {claim for one in (*scenario.invariants, *course_of(scenario)) for claim in one.claims}
        of_symptoms = {claim for symptom in scenario.symptoms for claim in symptom.claims}
        return of_checkers | of_symptoms | {claim for one in objectives_of(scenario) for claim in one.claims}

    everything = {"7.1", "7.2", "7.3", "7.4", "7.5", "8.1", "8.2"}
    assert [carried(scenario) for scenario in SCENARIOS] == [everything, everything, {"7.5"}]


@each_scenario
def test_of_nothing_seen_nothing_is_known(scenario: Scenario) -> None:
    judgement = judge_history(scenario, History())
    assert judgement.outcome is Outcome.UNKNOWN
    assert {verdict.outcome for verdict in judgement.invariants} == {Outcome.UNKNOWN}


@each_scenario
def test_with_idle_injectors_it_is_the_same_plan(scenario: Scenario) -> None:
    idle = scenario.without_injectors()
    idle.check_against(TOPOLOGY)
    assert all(isinstance(fault, Noop) for fault in idle.faults)
    assert [type(step) for step in steps_of(idle)] == [type(step) for step in steps_of(scenario)]


@each_control
def test_a_control_turns_off_something_that_is_there(scenario: Scenario, control: NegativeControl) -> None:
    named = re.findall(r"\bH\d+\b", control.why)
    assert set(named) <= set(scenario.hazards)
    assert named or len(control.why) > 30
    assert control.must_fail in {checker.name for checker in scenario.invariants}
    assert all(name.startswith("UNSAFE_") and name.lower() in Settings.model_fields for name in control.settings)
    scenario.under(control).check_against(TOPOLOGY)


def test_every_hazard_has_a_control() -> None:
    shown = {
        hazard
        for scenario in SCENARIOS
        for one in scenario.negative_controls
        for hazard in re.findall(r"H\d+", one.why)
    }
    assert shown == {"H1", "H12"}


def steps_of(scenario: Scenario) -> list[Step]:
    async def collected() -> list[Step]:
        assert scenario.schedule is not None
        return [step async for step in scenario.schedule(scenario)]

    return asyncio.run(collected())


@pytest.mark.parametrize("scenario", [EVICTING, REFUSING], ids=lambda scenario: scenario.name)
def test_it_is_mended_in_the_order_of_the_playbook_and_the_keys_are_looked_at_in_between(scenario: Scenario) -> None:
    steps = steps_of(scenario)
    assert isinstance(steps[0], Inject)
    assert isinstance(steps[1], SeeSymptoms)
    told = [step for step in steps if isinstance(step, Operate | Observe)]
    assert [step if isinstance(step, Operate) else step.probe.name for step in told] == [
        SHOW,
        "keys_before",
        SHORTEN,
        "keys_adapted",
        FLUSH,
        "keys_flushed",
        RAISE,
    ]


def test_the_alert_is_the_one_that_the_monitor_sends() -> None:
    assert REDIS_MEMORY_HIGH.summary == NEARLY_FULL
    assert REDIS_MEMORY_HIGH.contact.role == "DevOps Lead"


@each_scenario
def test_the_keys_of_the_past_are_keys_as_ingest_writes_them(scenario: Scenario) -> None:
    """Else the runbook would leave them alone, and evict or flush something else."""
    for fault in scenario.faults:
        assert isinstance(fault, FillMemory)
        assert fault.key.startswith(PREFIX)
        assert Settings.model_fields["idempotency_prefix"].default == PREFIX
        value = read_value(fault.value.replace("{at}", "1790000000.123"))
        assert value is not None
        assert (value.state, value.at) == ("committed", 1_790_000_000.123)
        assert json.loads(fault.value.replace("{at}", "1"))["partner"] == fault.key.split(":")[1]
        assert fault.ttl_s == Settings.model_fields["idempotency_ttl_s"].default
        assert fault.aged_up_to_s > span_of("12h")


def test_one_limit_is_past_what_is_raised_by_itself_and_the_other_is_not() -> None:
    for scenario, scales in ((EVICTING, False), (REFUSING, False), (SCALING, True)):
        settings, limit = settings_of(scenario), int(scenario.settings["redis.maxmemory"])
        full = Memory(used_bytes=limit, limit_bytes=limit, policy="", evicted_keys=0, refused_commands=0)
        assert wanted_limit(full, settings) == (SCALED_BYTES if scales else None)
        assert limit < size_of(RAISE.words[2]) <= settings.redis_maxmemory_ceiling


def test_without_the_autoscaler_the_second_filling_would_be_past_the_limit() -> None:
    first, second = SCALING.faults
    assert isinstance(first, FillMemory)
    assert isinstance(second, FillMemory)
    before = int(SCALING.settings["redis.maxmemory"])
    assert Settings().redis_autoscale_ratio < first.fill_to < Settings().redis_memory_alert_ratio
    assert second.fill_to * SCALED_BYTES > before
    assert second.fill_to < Settings().redis_autoscale_ratio
    assert first.key != second.key
    assert OPERATOR in {getattr(checker, "by", None) for checker in SCALING.invariants}


def test_the_variants_differ_in_what_redis_does_when_it_is_full() -> None:
    policies = [scenario.settings["redis.maxmemory_policy"] for scenario in SCENARIOS]
    assert policies == ["allkeys-lru", "noeviction", "allkeys-lru"]
    assert REFUSING.faults == (replace(MANY_KEYS, shown_by="refusals"),)
    names = [scenario.name for scenario in SCENARIOS]
    assert sorted(set(names)) == sorted(names)
