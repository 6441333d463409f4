"""The drift drill is a valid plan: a partner of each tier, the field asked for, days that pass, and three controls.

Whether it passes is shown by drilling it; here nothing is started.
"""

import asyncio

import click
import pytest

from harness.environments.processes import ProcessesEnvironment
from harness.faults import Noop
from harness.history import Event, History, Kind
from harness.judging import course_of, judge_history, objectives_of
from harness.scenario import Recovery
from harness.steps import Inject, Operate, Step
from harness.verdict import Outcome
from scenarios.partner_drift import CHANGED, DRIFTING, FELL, LOSES, OTHERS, PROBATION_DAYS, SCENARIOS
from scenarios.world.partners import load_partners
from scenarios.world.topology import TOPOLOGY
from system.analytics.signals import WORDS_MISSING
from system.console import cli
from system.governance.alerts import TRUST_FELL
from system.settings import Settings
from system.x12.completeness import words_for

(SCENARIO,) = SCENARIOS


def steps() -> list[Step]:
    assert SCENARIO.schedule is not None
    schedule = SCENARIO.schedule(SCENARIO)

    async def go() -> list[Step]:
        return [step async for step in schedule]

    return asyncio.run(go())


def test_it_fits_the_topology_and_what_processes_can_do() -> None:
    SCENARIO.check_against(TOPOLOGY)
    assert SCENARIO.needs() <= ProcessesEnvironment(TOPOLOGY).capabilities
    assert all(isinstance(fault, Noop) for fault in SCENARIO.without_injectors().faults)


def test_every_claim_of_its_section_is_carried() -> None:
    of_checkers = {claim for one in (*SCENARIO.invariants, *course_of(SCENARIO)) for claim in one.claims}
    of_symptoms = {claim for symptom in SCENARIO.symptoms for claim in symptom.claims}
    carried = of_checkers | of_symptoms | {claim for one in objectives_of(SCENARIO) for claim in one.claims}
    assert carried == {*(f"3.{number}" for number in range(1, 8)), "8.1", "8.2"}


def test_of_nothing_seen_nothing_is_known() -> None:
    judgement = judge_history(SCENARIO, History())
    assert judgement.outcome is not Outcome.PASS
    assert {verdict.outcome for verdict in judgement.invariants} == {Outcome.UNKNOWN}


def test_each_control_turns_off_what_the_system_reads() -> None:
    caught_by = {control.must_fail for control in SCENARIO.negative_controls}
    assert caught_by == {"DowngradedOnce", "GivesBackNoMore", "ReviewedByAPerson"}
    for control in SCENARIO.negative_controls:
        assert {name.lower() for name in control.settings} <= set(Settings.model_fields)
        SCENARIO.under(control).check_against(TOPOLOGY)


def test_the_settings_are_ones_that_a_system_takes(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in SCENARIO.settings.items():
        monkeypatch.setenv(name, value)
    settings = Settings.load()
    assert (settings.trust_window, settings.steered_clock) == (8, True)
    assert settings.probation_s == PROBATION_DAYS * 86_400, "the days are not shortened: the calendar is moved on"
    assert settings.trust_threshold == 0.8


def test_a_partner_of_each_tier_drifts_and_others_do_not() -> None:
    tiers = {partner.id: partner.autonomy_tier for partner in load_partners()}
    assert {tiers[partner] for partner in DRIFTING} == {1, 2, 3}
    assert not {*DRIFTING} & {*OTHERS}
    sending = {partner for traffic in SCENARIO.traffic for partner in traffic.partners}  # type: ignore[attr-defined]
    assert sending == {*DRIFTING, *OTHERS}
    assert (LOSES.partners, LOSES.fault, CHANGED.partners) == (DRIFTING, CHANGED.name, DRIFTING)


def test_what_is_usually_lost_costs_nobody_its_trust() -> None:
    """Of so few in a row as a score may be made of, one may be late as usual, and two never are."""
    window, at_least = int(SCENARIO.settings["TRUST_WINDOW"]), int(SCENARIO.settings["TRUST_SIGNALS_MIN"])
    assert 1 / LOSES.usual > window, "there are more whole ones between two late ones"
    assert (at_least - 1) / at_least >= Settings().trust_threshold


def test_the_alert_is_the_systems_own_and_names_nobody_so_it_is_for_the_devops_lead() -> None:
    said = TRUST_FELL.summary.format(partner="P45678", score="0.75", before="0.92")
    assert said == "Partner P45678 trust score: 0.75 (was 0.92)"
    assert Event(number=0, at_s=0, actor="", kind=Kind.ALERT, action=said, value={}).says(FELL)
    assert TRUST_FELL.contact.role == "DevOps Lead"


def test_the_field_is_called_what_the_system_calls_it() -> None:
    assert words_for(CHANGED.field) == LOSES.asked_for == "pickup_time"
    assert WORDS_MISSING.format(field="pickup_time", share=85) == "Missing field 'pickup_time' in 85% of signals"


def test_the_day_before_passes_and_then_two_probations() -> None:
    plan = steps()
    moves = [step.words for step in plan if isinstance(step, Operate) and step.words[:2] == ("clock", "forward")]
    days = [float(words[2]) for words in moves]
    assert days[0] >= 1
    assert all(passed > PROBATION_DAYS for passed in days[1:])
    assert len(days) == 3
    injected = next(number for number, step in enumerate(plan) if isinstance(step, Inject))
    assert isinstance(plan[injected - 1], Operate), "the day before is over when the format changes"


def test_each_command_is_one_of_the_consoles() -> None:
    assert isinstance(SCENARIO.recovery, Recovery)
    for step in steps():
        if isinstance(step, Operate):
            command: click.Command = cli
            for word in step.words:
                if not isinstance(command, click.Group):
                    break
                command = command.commands[word]
            assert not isinstance(command, click.Group), f"{' '.join(step.words)} says not which step"
