"""Three outcomes, of which the worst counts, and nothing passes by accident."""

from itertools import permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.verdict import Outcome, Verdict, compose, worst

PASS, FAIL, UNKNOWN = Outcome.PASS, Outcome.FAIL, Outcome.UNKNOWN


@pytest.mark.parametrize("order", list(permutations((PASS, FAIL, UNKNOWN))))
def test_a_failure_outweighs_everything(order: tuple[Outcome, ...]) -> None:
    assert worst(order) is FAIL


def test_what_is_not_known_outweighs_a_pass() -> None:
    assert worst((PASS, UNKNOWN, PASS)) is UNKNOWN


def test_of_nothing_nothing_is_known() -> None:
    assert worst(()) is UNKNOWN
    assert compose("all of it", ()).outcome is UNKNOWN


def verdict(outcome: Outcome, *evidence: int, claims: tuple[str, ...] = ()) -> Verdict:
    return Verdict(checker="c", outcome=outcome, summary=f"it is a {outcome}", evidence=evidence, claims=claims)


def test_a_composed_verdict_speaks_with_the_words_of_its_worst_part() -> None:
    parts = (verdict(PASS, 3, claims=("1.1",)), verdict(FAIL, 1, 3), verdict(UNKNOWN, 2, claims=("1.2", "1.1")))
    composed = compose("both", parts)
    assert (composed.checker, composed.outcome, composed.summary) == ("both", FAIL, "it is a fail")
    assert composed.evidence == (1, 2, 3)
    assert composed.claims == ("1.1", "1.2")
    assert composed.parts == parts


@given(st.lists(st.sampled_from(Outcome)))
def test_adding_a_part_never_makes_it_better(outcomes: list[Outcome]) -> None:
    badness = [PASS, UNKNOWN, FAIL]
    for end in range(1, len(outcomes)):
        assert badness.index(worst(outcomes[: end + 1])) >= badness.index(worst(outcomes[:end]))
