"""The worst outcome counts, and nothing at all is unknown."""

from hypothesis import given
from hypothesis import strategies as st

from harness.verdict import Outcome, Verdict, compose, worst

outcomes = st.lists(st.sampled_from(Outcome))


@given(outcomes)
def test_a_fail_is_worse_than_unknown_and_unknown_worse_than_a_pass(found: list[Outcome]) -> None:
    expected = Outcome.PASS
    if Outcome.FAIL in found:
        expected = Outcome.FAIL
    elif Outcome.UNKNOWN in found or not found:
        expected = Outcome.UNKNOWN
    assert worst(found) is expected


@given(outcomes)
def test_a_composed_verdict_is_as_bad_as_its_worst_part(found: list[Outcome]) -> None:
    parts = [
        Verdict(checker=f"c{n}", outcome=outcome, summary=f"s{n}", evidence=(n, 0), claims=(f"{n}",))
        for n, outcome in enumerate(found)
    ]
    verdict = compose("all", parts)
    assert verdict.outcome is worst(found)
    assert verdict.parts == tuple(parts)
    assert verdict.evidence == tuple(range(len(found)))
    assert set(verdict.claims) == {part.claims[0] for part in parts}
    telling = [part.summary for part in parts if part.outcome is verdict.outcome]
    assert verdict.summary == (telling[0] if telling else "nothing was judged")


@given(outcomes)
def test_one_more_part_never_makes_it_better(found: list[Outcome]) -> None:
    badness = [Outcome.PASS, Outcome.UNKNOWN, Outcome.FAIL]
    for end in range(1, len(found)):
        assert badness.index(worst(found[: end + 1])) >= badness.index(worst(found[:end]))
