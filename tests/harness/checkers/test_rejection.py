"""What was refused is not there, and what is there was sent by somebody who was not refused."""

import pytest

from harness.checkers import RejectedChangesNothing, judge
from harness.history import Kind
from harness.verdict import Outcome
from tests.histories import Story

CHECKER = RejectedChangesNothing(writes=("write", "write badly"), snapshot="rows")


def told() -> Story:
    story = Story()
    story.write("good")
    story.write("bad", kind=Kind.FAIL)
    story.write("ugly", kind=Kind.FAIL, action="write badly")
    return story


def test_only_what_was_accepted_is_there() -> None:
    story = told()
    story.rows("good")
    verdict = judge(CHECKER, story.history())
    assert (verdict.outcome, verdict.summary) == (
        Outcome.PASS,
        "2 were refused, and none of 1 rows is of them",
    )


@pytest.mark.parametrize("there", ["bad", "ugly"])
def test_what_was_refused_and_is_there_all_the_same_fails(there: str) -> None:
    story = told()
    story.rows("good", there)
    verdict = judge(CHECKER, story.history())
    assert verdict.outcome is Outcome.FAIL
    assert f"1 were refused and are there: {there}" in verdict.summary


def test_a_row_that_nobody_is_known_to_have_sent_fails() -> None:
    story = told()
    story.rows("good", "from nowhere")
    verdict = judge(CHECKER, story.history())
    assert (verdict.outcome, verdict.summary) == (Outcome.FAIL, "1 are there and nobody sent them: from nowhere")


@pytest.mark.parametrize("kind", [Kind.OK, Kind.INFO, None])
def test_what_was_refused_once_and_not_another_time_may_be_there(kind: Kind | None) -> None:
    """Accepted later, or of unknown outcome, or still under way."""
    story = told()
    if kind is None:
        story.begin("bad")
    else:
        story.write("bad", kind=kind)
    story.rows("good", "bad")
    assert judge(CHECKER, story.history()).outcome is Outcome.PASS


def test_without_a_snapshot_or_a_refusal_it_is_unknown() -> None:
    assert judge(CHECKER, told().history()).outcome is Outcome.UNKNOWN
    story = Story()
    story.write("good")
    story.rows("good")
    assert judge(CHECKER, story.history()).outcome is Outcome.UNKNOWN
