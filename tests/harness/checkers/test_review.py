"""What a review is written from has to be on record: proof, an owner, what mended it, and the end."""

import pytest

from harness.checkers import LeavesAReview
from harness.verdict import Outcome
from tests.histories import Story


def incident(*, without: str = "") -> Story:
    story = Story()
    story.step("promoted", actor="cluster")
    story.alert("from before", labels={"contact": "somebody"})
    story.fault()
    if without != "proof of what was wrong":
        story.step("evidence", of="kill", target="server", proof=True)
    story.alert("closed", labels={} if without == "an alert with a contact" else {"contact": "people on call"})
    story.step("notice", actor="inbox")
    if without != "what mended it":
        story.step("operator", actor="operator", command=["open"], exit_code=0)
    story.heal()
    story.step("steady_again", held=without != "its end")
    return story


def test_all_of_it_is_there() -> None:
    verdict = LeavesAReview(claims=("8.2",)).check(incident().history())
    assert verdict.outcome is Outcome.PASS
    assert verdict.claims == ("8.2",)
    assert verdict.evidence == (2, 3, 4, 6, 8)


@pytest.mark.parametrize(
    "part", ["proof of what was wrong", "an alert with a contact", "what mended it", "its end"], ids=str
)
def test_one_part_is_missing(part: str) -> None:
    verdict = LeavesAReview().check(incident(without=part).history())
    assert verdict.outcome is Outcome.FAIL
    assert verdict.summary == f"a review would lack {part}"


def test_what_mends_itself_is_mended_too() -> None:
    story = incident(without="what mended it")
    story.step("promoted", actor="cluster")
    assert LeavesAReview().check(story.history()).outcome is Outcome.PASS


def test_proof_is_proof() -> None:
    story = incident(without="proof of what was wrong")
    story.step("evidence", of="kill", target="server", proof=False)
    assert LeavesAReview().check(story.history()).outcome is Outcome.FAIL


def test_without_a_fault_there_was_no_incident() -> None:
    assert LeavesAReview().check(Story().history()).outcome is Outcome.UNKNOWN
