"""A checker that fails has not answered, and evidence stays readable."""

from dataclasses import dataclass

from harness.checkers.base import Claim, judge
from harness.history import History
from harness.verdict import Outcome, Verdict
from tests.histories import Story


@dataclass(frozen=True, slots=True, kw_only=True)
class Broken(Claim):
    def check(self, history: History) -> Verdict:
        raise KeyError("rows")


@dataclass(frozen=True, slots=True, kw_only=True)
class EverythingIsEvidence(Claim):
    def check(self, history: History) -> Verdict:
        return self._pass("seen", [*history, *range(len(history))])


def test_a_checker_that_raises_gives_unknown_and_its_reason() -> None:
    verdict = judge(Broken(claims=("1.1",)), Story().history())
    assert verdict == Verdict(
        checker="Broken",
        outcome=Outcome.UNKNOWN,
        summary="the checker itself failed: KeyError: 'rows'",
        claims=("1.1",),
    )


def test_a_checker_is_called_by_its_class_unless_it_has_another_name() -> None:
    assert Broken().name == "Broken"
    assert judge(Broken(called="NothingWorks"), Story().history()).checker == "NothingWorks"


def test_evidence_is_in_order_and_without_doubles() -> None:
    story = Story()
    story.write("a", "b")
    assert judge(EverythingIsEvidence(), story.history()).evidence == (0, 1)


def test_much_evidence_is_cut_but_keeps_its_end() -> None:
    """The last event is usually the snapshot that the others are held against."""
    story = Story()
    for number in range(200):
        story.write(str(number))
    evidence = judge(EverythingIsEvidence(), story.history()).evidence
    assert len(evidence) == 100
    assert evidence[0] == 0
    assert evidence[-1] == 399
