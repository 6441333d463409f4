"""Whether the drill took its course: what it did not see makes everything else unknown, and never passes."""

from typing import Any

import pytest

from harness.checkers.base import Checker
from harness.checkers.course import FaultsBit, OperatorCommandsWorked, Reached, SteadyStateFirst, SymptomSeen
from harness.verdict import Outcome
from tests.histories import Story


def told(action: str, **value: Any) -> Story:
    story = Story()
    story.step(action, **value)
    return story


SYMPTOM = SymptomSeen(text="errors")
RECOVERED = Reached(action="recovered", text="Recovered")
BIT = {"of": "kill", "target": "server", "main": True}


@pytest.mark.parametrize(
    ("checker", "story", "outcome"),
    [
        (SteadyStateFirst(), told("gate", held=True), Outcome.PASS),
        (SteadyStateFirst(), told("gate", held=False, readings=["too slow"]), Outcome.UNKNOWN),
        (SteadyStateFirst(), Story(), Outcome.UNKNOWN),
        (FaultsBit(), told("evidence", **BIT, proof=True), Outcome.PASS),
        (FaultsBit(), told("evidence", **BIT, proof=False, facts={}), Outcome.UNKNOWN),
        (FaultsBit(), told("evidence", **{**BIT, "main": False}, proof=True), Outcome.UNKNOWN),
        (FaultsBit(), Story(), Outcome.UNKNOWN),
        (SYMPTOM, told("symptom", text="errors", seen=True), Outcome.PASS),
        (SYMPTOM, told("symptom", text="errors", seen=False, readings=["none"]), Outcome.UNKNOWN),
        (SYMPTOM, told("symptom", text="silence", seen=True), Outcome.UNKNOWN),
        (OperatorCommandsWorked(), told("operator", command=["mend"], exit_code=0), Outcome.PASS),
        (OperatorCommandsWorked(), told("operator", command=["mend"], exit_code=2, errors="no"), Outcome.FAIL),
        (OperatorCommandsWorked(), Story(), Outcome.UNKNOWN),
        (RECOVERED, told("recovered", held=True, after_s=1.25), Outcome.PASS),
        (RECOVERED, told("recovered", held=False, readings=["errors"]), Outcome.FAIL),
        (RECOVERED, Story(), Outcome.UNKNOWN),
    ],
)
def test_what_was_seen_of_the_course(checker: Checker, story: Story, outcome: Outcome) -> None:
    verdict = checker.check(story.history())
    assert verdict.outcome is outcome
    assert verdict.checker == checker.name


def test_one_fault_without_proof_is_enough_to_know_nothing() -> None:
    story = told("evidence", **BIT, proof=True)
    story.step("evidence", of="withhold", target="link", main=False, proof=False, facts={"bytes": 0})
    verdict = FaultsBit().check(story.history())
    assert verdict.outcome is Outcome.UNKNOWN
    assert verdict.summary == "no proof that withhold of link bit: {'bytes': 0}"


def test_the_last_word_of_a_wait_counts() -> None:
    story = told("recovered", held=True, after_s=1.0)
    story.step("recovered", held=False)
    assert RECOVERED.check(story.history()).outcome is Outcome.FAIL


def test_what_was_missed_is_told_with_its_readings() -> None:
    verdict = SteadyStateFirst().check(told("gate", held=False, readings=["success ratio: saw 0.5"]).history())
    assert verdict.summary == "steady state was never reached: success ratio: saw 0.5"
