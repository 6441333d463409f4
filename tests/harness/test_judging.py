"""A scenario and a history give an answer, without anything running."""

from dataclasses import dataclass, replace

import pytest

from harness.checkers.base import Claim
from harness.history import History, Kind
from harness.judging import course_of, judge_history, objectives_of, premises_of
from harness.metric import EventCount
from harness.objective import measure
from harness.scenario import Alert, Heal, Recovery
from harness.verdict import Outcome, Verdict
from tests.harness.toy_scenario import SHOP_DIES, SomethingWasBought
from tests.histories import Story


def good_day() -> Story:
    """A history of the toy drill in which everything went as it should."""
    story = Story()
    for number in range(20):
        story.write("a", action="buy", at_s=0.1 + number * 0.02, status=200)
    story.step("gate", held=True, told_at_s=0.55)
    story.fault(at_s=0.6)
    story.step("evidence", of="kill", target="shop", main=True, proof=True, facts={})
    story.step("symptom", text="nobody can buy", seen=True)
    story.step("operator", actor="operator", command=["open", "back", "door"], exit_code=0)
    for number in range(40):
        story.write("a", action="buy", at_s=1.0 + number * 0.02, status=200)
    story.step("recovered", held=True, after_s=0.1)
    story.step("steady_again", held=True, after_s=0.2)
    return story


def test_a_good_day_passes_with_its_claims() -> None:
    judgement = judge_history(SHOP_DIES, good_day().history())
    assert judgement.outcome is Outcome.PASS, judgement
    assert judgement.claims == {"0.1": Outcome.PASS, "0.2": Outcome.PASS}
    assert [measurement.name for measurement in judgement.measurements] == ["rto"]


def test_an_empty_history_passes_nothing() -> None:
    judgement = judge_history(SHOP_DIES, History())
    outcomes = {verdict.outcome for verdict in judgement.verdicts}
    outcomes |= {measurement.outcome for measurement in judgement.measurements}
    assert Outcome.PASS not in outcomes


def test_each_missing_step_of_the_course_keeps_it_from_passing() -> None:
    """Take any one event that the course rests on out of a good day, and the day is no longer good."""
    whole = good_day().events
    for left_out in whole:
        if left_out.kind is Kind.FAULT or left_out.action in {"gate", "evidence", "symptom", "operator", "recovered"}:
            rest = History(event for event in whole if event is not left_out)
            assert judge_history(SHOP_DIES, rest).outcome is not Outcome.PASS, left_out


def test_a_checker_that_raises_is_unknown_and_keeps_nobody_else_from_answering() -> None:
    @dataclass(frozen=True, slots=True, kw_only=True)
    class Raises(Claim):
        def check(self, history: History) -> Verdict:
            raise ZeroDivisionError("oh")

    scenario = replace(SHOP_DIES, invariants=(Raises(claims=("0.3",)), SomethingWasBought()))
    judgement = judge_history(scenario, good_day().history())
    assert [verdict.outcome for verdict in judgement.invariants] == [Outcome.UNKNOWN, Outcome.PASS]
    assert judgement.claims["0.3"] is Outcome.UNKNOWN


def test_the_alert_is_one_more_objective() -> None:
    scenario = replace(SHOP_DIES, alert=Alert(text="shop lost", within_s=5, claims=("0.9",)))
    assert [objective.name for objective in objectives_of(scenario)] == ["rto", "time_to_alert"]
    assert judge_history(scenario, good_day().history()).claims["0.9"] is Outcome.FAIL
    alerted = good_day()
    alerted.alert("shop lost")
    assert judge_history(scenario, alerted.history()).claims["0.9"] is Outcome.PASS


def test_the_alerts_limit_is_shortened_as_the_settings_are() -> None:
    scenario = replace(SHOP_DIES, objectives=(), alert=Alert(text="shop lost", within_s=600, scale=0.005))
    (objective,) = objectives_of(scenario)
    assert objective.limit_s == pytest.approx(3.0)
    assert measure(objective, good_day().history()).nominal_limit_s == 600


def test_the_course_is_what_the_scenario_says_it_is() -> None:
    premises = [checker.name for checker in premises_of(SHOP_DIES)]
    assert premises == ["SteadyStateFirst", "FaultsBit", "SymptomSeen: nobody can buy"]
    names = [checker.name for checker in course_of(SHOP_DIES)]
    assert names == [
        "OperatorCommandsWorked",
        "RecoveredWhileTheFaultStood",
        "SteadyStateAgain",
    ]
    healed = replace(SHOP_DIES, recovery=Heal(), settle=(EventCount(kind=Kind.INFO, action="buy").at_most(9),))
    assert [checker.name for checker in course_of(healed)][-2:] == ["SteadyStateAgain", "WorkSettled"]
    assert "RecoveredWhileTheFaultStood" not in [checker.name for checker in course_of(healed)]
    alone = replace(SHOP_DIES, recovery=Recovery(steps=(), done_when=SHOP_DIES.steady_state))
    assert "OperatorCommandsWorked" not in [checker.name for checker in course_of(alone)]
