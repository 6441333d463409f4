"""Replayed traces gave what they gave before; one without an answer makes it unknown, and one that differs fails."""

from harness.checkers import TracesUnchanged
from harness.verdict import Outcome
from tests.histories import Story


def replayed(**equal: bool | None) -> Story:
    story = Story()
    for trace, same in equal.items():
        story.step("replay", trace=trace, equal=same, differences=[] if same else ["state: new is not done"])
    return story


def test_unchanged() -> None:
    assert TracesUnchanged(at_least=2).check(replayed(one=True, two=True).history()).outcome is Outcome.PASS


def test_one_that_changed_fails_also_where_another_gave_no_answer() -> None:
    verdict = TracesUnchanged().check(replayed(one=True, two=False, three=None).history())
    assert verdict.outcome is Outcome.FAIL
    assert verdict.summary == "Trace replay mismatch: two (state: new is not done)"
    assert verdict.evidence == (1,)


def test_a_difference_that_nobody_described_still_fails() -> None:
    story = Story()
    story.step("replay", trace="one", equal=False)
    assert TracesUnchanged().check(story.history()).outcome is Outcome.FAIL


def test_one_without_an_answer_is_unknown() -> None:
    verdict = TracesUnchanged().check(replayed(one=True, two=None).history())
    assert verdict.outcome is Outcome.UNKNOWN
    assert "two" in verdict.summary


def test_too_few_are_unknown_and_the_same_one_twice_is_one() -> None:
    assert TracesUnchanged().check(Story().history()).outcome is Outcome.UNKNOWN
    story = replayed(one=True)
    story.step("replay", trace="one", equal=True)
    assert TracesUnchanged(at_least=2).check(story.history()).outcome is Outcome.UNKNOWN
