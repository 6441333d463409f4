"""From a history to an answer: safety first, then liveness.

It needs the scenario and the history alone, so a saved run is judged again without anything running.
"""

from harness.checkers.base import Checker, judge
from harness.checkers.course import FaultsBit, OperatorCommandsWorked, Reached, SteadyStateFirst, SymptomSeen
from harness.history import History
from harness.judgement import Judgement
from harness.objective import Objective, measure, time_to_alert
from harness.scenario import Recovery, Scenario
from harness.steps import Operate


def premises_of(scenario: Scenario) -> tuple[Checker, ...]:
    """What must have been seen in a drill of this scenario for its other verdicts to mean something."""
    symptoms = (SymptomSeen(text=symptom.text, claims=symptom.claims) for symptom in scenario.symptoms)
    return (SteadyStateFirst(), FaultsBit(), *symptoms)


def course_of(scenario: Scenario) -> tuple[Checker, ...]:
    """What a drill of this scenario has to come to, fault or no fault: mended, steady, settled."""
    checkers: list[Checker] = []
    if isinstance(scenario.recovery, Recovery):
        commands = [step for step in scenario.recovery.steps if isinstance(step, Operate)]
        if commands:
            claims = tuple(sorted({claim for step in commands for claim in step.claims}))
            checkers.append(OperatorCommandsWorked(claims=claims))
        checkers.append(Reached(action="recovered", text="RecoveredWhileTheFaultStood"))
    checkers.append(Reached(action="steady_again", text="SteadyStateAgain"))
    if scenario.settle:
        checkers.append(Reached(action="settled", text="WorkSettled"))
    return tuple(checkers)


def objectives_of(scenario: Scenario) -> tuple[Objective, ...]:
    """The scenario's objectives, and the alert as one more."""
    if scenario.alert is None:
        return scenario.objectives
    alert = scenario.alert
    return (
        *scenario.objectives,
        time_to_alert(text=alert.text, limit_s=alert.within_s, scale=alert.scale, claims=alert.claims),
    )


def judge_history(scenario: Scenario, history: History) -> Judgement:
    """Every checker and objective of the scenario, asked about this history."""
    return Judgement(
        premises=tuple(judge(checker, history) for checker in premises_of(scenario)),
        invariants=tuple(judge(checker, history) for checker in scenario.invariants),
        course=tuple(judge(checker, history) for checker in course_of(scenario)),
        measurements=tuple(measure(objective, history) for objective in objectives_of(scenario)),
    )
