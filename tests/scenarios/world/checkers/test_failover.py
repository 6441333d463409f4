"""A failover is judged from its course: who did it, how clients were refused meanwhile, and what waited for what."""

import pytest

from harness.history import Kind
from harness.verdict import Outcome
from scenarios.world.checkers import PromotedByItself, QuickRefusals, WasSemiSynchronous
from tests.histories import Story


def failover(*, promoted_at_s: float = 2.0, moved_at_s: float | None = 2.1, works: bool = True) -> Story:
    story = Story()
    story.fault(at_s=1.0)
    story.step("promoted", told_at_s=2.2, actor="managed-database", at_s=promoted_at_s)
    if moved_at_s is not None:
        story.step("endpoint moved", told_at_s=2.3, actor="managed-database", at_s=moved_at_s)
    if works:
        story.write("a", action="send_signal", at_s=2.4)
    return story


def test_promoted_by_itself() -> None:
    verdict = PromotedByItself(claims=("4.2",)).check(failover().history())
    assert verdict.outcome is Outcome.PASS
    assert "1.10 s after the fault" in verdict.summary
    assert verdict.evidence == (0, 1, 2, 4)
    assert verdict.claims == ("4.2",)


def test_no_promotion_and_no_move_are_failures() -> None:
    story = Story()
    story.fault()
    assert PromotedByItself().check(story.history()).outcome is Outcome.FAIL
    verdict = PromotedByItself().check(failover(moved_at_s=None).history())
    assert verdict.outcome is Outcome.FAIL
    assert "endpoint moved" in verdict.summary


def test_an_endpoint_that_moves_before_the_promotion_is_a_failure() -> None:
    """The moments count that the managed database itself wrote down, not those at which a probe read of them."""
    assert PromotedByItself().check(failover(moved_at_s=1.9).history()).outcome is Outcome.FAIL


def test_a_failover_after_which_nothing_is_accepted_is_a_failure() -> None:
    assert PromotedByItself().check(failover(works=False).history()).outcome is Outcome.FAIL


def test_a_promotion_that_a_person_had_to_begin_is_a_failure() -> None:
    story = Story()
    story.fault(at_s=1.0)
    story.step("operator", told_at_s=1.5, command=["promote", "it"], exit_code=0)
    story.step("promoted", at_s=2.0)
    story.step("endpoint moved", at_s=2.1)
    verdict = PromotedByItself().check(story.history())
    assert verdict.outcome is Outcome.FAIL
    assert "promote it" in verdict.summary


def test_a_failover_before_the_fault_is_none() -> None:
    story = Story()
    story.step("promoted")
    story.step("endpoint moved")
    assert PromotedByItself().check(story.history()).outcome is Outcome.UNKNOWN
    story.fault()
    assert PromotedByItself().check(story.history()).outcome is Outcome.FAIL


def refused(*durations_s: float, status: int | None = 503) -> Story:
    story = Story()
    story.fault()
    for duration_s in durations_s:
        story.write("a", action="send_signal", kind=Kind.INFO, status=status, duration_s=duration_s)
    return story


def test_refusals_are_quick_or_not() -> None:
    assert QuickRefusals().check(refused(0.01, 1.9).history()).outcome is Outcome.PASS
    slow = QuickRefusals().check(refused(0.01, 2.1).history())
    assert slow.outcome is Outcome.FAIL
    assert "1 of 2 took over 2 s" in slow.summary


def test_a_client_that_gave_up_waiting_was_not_refused_quickly() -> None:
    story = refused(0.01)
    story.write("b", action="send_signal", kind=Kind.INFO, status=None, duration_s=5.0, error="ReadTimeout: ")
    verdict = QuickRefusals().check(story.history())
    assert verdict.outcome is Outcome.FAIL
    assert "no answer (ReadTimeout: )" in verdict.summary


@pytest.mark.parametrize("story", [Story(), refused(), refused(0.1, status=None)])
def test_where_nobody_was_refused_nothing_is_known(story: Story) -> None:
    assert QuickRefusals().check(story.history()).outcome is Outcome.UNKNOWN


def test_refusals_before_the_fault_do_not_count() -> None:
    story = Story()
    story.write("a", action="send_signal", kind=Kind.INFO, status=503, duration_s=9.0)
    story.fault()
    story.write("b", action="send_signal", kind=Kind.INFO, status=503, duration_s=0.1)
    assert QuickRefusals().check(story.history()).outcome is Outcome.PASS


def semi_sync(*looks: tuple[str, int, int], fault_after_s: float = 0.1, side: str = "master") -> Story:
    """Looks of (status, waited, did not wait), and then the fault."""
    story = Story()
    for status, waited, alone in looks:
        values = {"status": status, "yes_tx": str(waited), "no_tx": str(alone)}
        rows = [{"Variable_name": f"Rpl_semi_sync_{side}_{name}", "Value": value} for name, value in values.items()]
        story.probe("semi_sync", rows=rows)
    story.fault(at_s=0.01 * len(looks) + fault_after_s)
    return story


def test_semi_synchronous_at_the_fault() -> None:
    """What did not wait before the drill looked, such as the making of the schema, is not held against it."""
    verdict = WasSemiSynchronous().check(semi_sync(("ON", 0, 7), ("ON", 40, 7)).history())
    assert verdict.outcome is Outcome.PASS
    assert "40 commits had waited" in verdict.summary


def test_mysql_says_the_same_in_other_words() -> None:
    waited, alone = ((("ON", 0, 7), ("ON", 40, last)) for last in (7, 8))
    assert WasSemiSynchronous().check(semi_sync(*waited, side="source").history()).outcome is Outcome.PASS
    assert WasSemiSynchronous().check(semi_sync(*alone, side="source").history()).outcome is Outcome.FAIL


@pytest.mark.parametrize(
    "story",
    [semi_sync(("ON", 0, 7), ("OFF", 40, 7)), semi_sync(("ON", 0, 7), ("ON", 40, 8)), semi_sync(("OFF", 0, 0))],
    ids=["fell back", "one did not wait", "never on"],
)
def test_not_semi_synchronous_at_the_fault(story: Story) -> None:
    assert WasSemiSynchronous().check(story.history()).outcome is Outcome.FAIL


@pytest.mark.parametrize(
    "story",
    [semi_sync(), semi_sync(("ON", 40, 0), fault_after_s=3.0), semi_sync(("ON", 0, 0)), Story()],
    ids=["no look", "a stale look", "no commit", "no fault"],
)
def test_without_evidence_semi_synchrony_is_unknown(story: Story) -> None:
    assert WasSemiSynchronous().check(story.history()).outcome is Outcome.UNKNOWN
