"""What all answers about one run come to."""

import pytest

from harness.judgement import Judgement
from harness.verdict import Outcome, Verdict

PASS, FAIL, UNKNOWN = Outcome.PASS, Outcome.FAIL, Outcome.UNKNOWN


def verdict(outcome: Outcome, *claims: str) -> Verdict:
    return Verdict(checker="c", outcome=outcome, summary="", claims=claims)


@pytest.mark.parametrize(
    ("invariant", "course", "outcome"),
    [(PASS, PASS, PASS), (PASS, UNKNOWN, UNKNOWN), (UNKNOWN, FAIL, FAIL), (FAIL, PASS, FAIL), (FAIL, UNKNOWN, FAIL)],
)
def test_the_worst_answer_counts(invariant: Outcome, course: Outcome, outcome: Outcome) -> None:
    assert Judgement(invariants=(verdict(invariant),), course=(verdict(course),)).outcome is outcome


def test_without_answers_nothing_is_known() -> None:
    assert Judgement().outcome is UNKNOWN
    assert Judgement().claims == {}


def test_a_claim_is_as_good_as_the_worst_of_what_carries_it() -> None:
    judgement = Judgement(
        invariants=(verdict(PASS, "4.2", "4.1"), verdict(PASS, "4.10")), course=(verdict(FAIL, "4.1"), verdict(UNKNOWN))
    )
    assert judgement.claims == {"4.1": FAIL, "4.10": PASS, "4.2": PASS}


@pytest.mark.parametrize("unseen", [UNKNOWN, FAIL])
def test_without_its_premises_nothing_is_known(unseen: Outcome) -> None:
    """A fault that was not seen to bite says nothing, neither of what held nor of what did not."""
    judgement = Judgement(
        premises=(verdict(PASS, "4.1"), verdict(unseen)), invariants=(verdict(FAIL, "4.2"), verdict(PASS, "4.3"))
    )
    assert not judgement.proved
    assert judgement.outcome is UNKNOWN
    assert set(judgement.claims.values()) == {UNKNOWN}
