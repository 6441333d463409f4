"""Replayed traces gave what they gave before; one without an answer makes it unknown, and one that differs fails."""

import pytest

from harness.checkers import TracesUnchanged
from harness.verdict import Outcome
from tests.histories import Story


def replayed(**outcomes: str) -> Story:
    story = Story()
    for trace, outcome in outcomes.items():
        story.step(
            "replay", trace=trace, outcome=outcome, differences=[] if outcome == "pass" else ["state: new is not done"]
        )
    return story


def test_unchanged() -> None:
    assert TracesUnchanged(at_least=2).check(replayed(one="pass", two="pass").history()).outcome is Outcome.PASS


@pytest.mark.parametrize("outcome", ["changed", "broken", "noisy"])
def test_one_that_differs_fails_also_where_another_gave_no_answer(outcome: str) -> None:
    verdict = TracesUnchanged().check(replayed(one="pass", two=outcome, three="unknown").history())
    assert verdict.outcome is Outcome.FAIL
    assert verdict.summary == "Trace replay mismatch: two (state: new is not done)"
    assert verdict.evidence == (1,)


def test_a_call_that_nobody_recorded_is_named_before_what_follows_from_it() -> None:
    story = Story()
    story.step("replay", trace="one", outcome="broken", unmatched=["GET u"], unused=["GET v"], differences=["state"])
    assert TracesUnchanged().check(story.history()).summary == "Trace replay mismatch: one (unmatched: GET u)"


def test_a_difference_that_nobody_described_still_fails() -> None:
    story = Story()
    story.step("replay", trace="one", outcome="changed")
    assert TracesUnchanged().check(story.history()).outcome is Outcome.FAIL


def test_an_event_without_an_outcome_is_no_pass() -> None:
    story = Story()
    story.step("replay", trace="one")
    assert TracesUnchanged().check(story.history()).outcome is Outcome.FAIL


def test_one_without_an_answer_is_unknown() -> None:
    verdict = TracesUnchanged().check(replayed(one="pass", two="unknown").history())
    assert verdict.outcome is Outcome.UNKNOWN
    assert "two" in verdict.summary


def test_too_few_are_unknown_and_the_same_one_twice_is_one() -> None:
    assert TracesUnchanged().check(Story().history()).outcome is Outcome.UNKNOWN
    story = replayed(one="pass")
    story.step("replay", trace="one", outcome="pass")
    assert TracesUnchanged(at_least=2).check(story.history()).outcome is Outcome.UNKNOWN
