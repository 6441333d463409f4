"""Others are undisturbed when each succeeds and waits no longer than without the fault; shut out is who is told so."""

import pytest

from harness.checkers import NobodyShutOut, OthersUndisturbed, judge
from harness.history import Kind
from harness.verdict import Outcome, Verdict
from tests.histories import Story

CHECKER = OthersUndisturbed(action="write", apart_from="client bad", operations_at_least=10)


def work(story: Story, times: int, *, took_s: float = 0.01, actor: str = "client one", kind: Kind = Kind.OK) -> None:
    for _ in range(times):
        story.write("a", kind=kind, actor=actor, duration_s=took_s)


def flooded(
    *, took_s: float = 0.01, kind: Kind = Kind.OK, times: int = 20, before: int = 20, never: int = 0
) -> Verdict:
    """Two clients beside a bad one, of which one suffers what is said while the fault stands."""
    story = Story()
    work(story, before, actor="client two")
    work(story, before)
    work(story, 5, actor="client bad", took_s=0.001)
    story.fault("flood")
    work(story, times, actor="client two")
    work(story, times, took_s=took_s, kind=kind)
    for number in range(never):
        story.begin(str(number), actor="client two")
    work(story, 500, actor="client bad", took_s=30.0, kind=Kind.FAIL)
    story.heal("flood")
    work(story, 50, took_s=9.0, kind=Kind.FAIL)
    return judge(CHECKER, story.history())


def test_others_that_go_on_as_before_pass_whatever_the_bad_one_suffers_and_whatever_comes_later() -> None:
    verdict = flooded()
    assert verdict.outcome is Outcome.PASS
    assert "40 operations of others, all well; p95 10 ms, 1.0 times as without it" in verdict.summary


@pytest.mark.parametrize(("took_s", "outcome"), [(0.039, Outcome.PASS), (0.041, Outcome.FAIL)])
def test_they_may_wait_so_many_times_as_long_and_no_longer(took_s: float, outcome: Outcome) -> None:
    assert flooded(took_s=took_s).outcome is outcome


@pytest.mark.parametrize("kind", [Kind.FAIL, Kind.INFO])
def test_one_that_suffers_is_not_hidden_by_the_many_that_do_not(kind: Kind) -> None:
    verdict = flooded(kind=kind)
    assert verdict.outcome is Outcome.FAIL
    assert "client one: 0 of 20 ok" in verdict.summary
    assert "client two" not in verdict.summary


def test_what_never_ended_did_not_succeed() -> None:
    verdict = flooded(never=1)
    assert verdict.outcome is Outcome.FAIL
    assert "client two: 20 of 21 ok" in verdict.summary


def test_an_operation_belongs_to_the_time_at_which_it_began() -> None:
    """One that began in the flood and ended long after it waited in the flood."""
    story = Story()
    work(story, 20)
    story.fault("flood")
    late = [story.begin(str(number), actor="client one") for number in range(20)]
    story.heal("flood")
    for one in late:
        story.end(one, Kind.OK, duration_s=5.0)
    assert judge(CHECKER, story.history()).outcome is Outcome.FAIL


def test_a_machine_that_becomes_slow_and_stays_so_is_not_taken_for_the_fault() -> None:
    """What is slow with the fault alone is its doing."""

    def slow(*, afterwards: bool) -> Outcome:
        story = Story()
        work(story, 30)
        story.fault("flood")
        work(story, 30, took_s=0.3)
        story.heal("flood")
        work(story, 30, took_s=0.3 if afterwards else 0.01)
        return judge(CHECKER, story.history()).outcome

    assert slow(afterwards=True) is Outcome.PASS
    assert slow(afterwards=False) is Outcome.FAIL


@pytest.mark.parametrize(("before", "times"), [(4, 20), (20, 4), (0, 0)])
def test_too_few_on_either_side_is_unknown(before: int, times: int) -> None:
    assert flooded(before=before, times=times).outcome is Outcome.UNKNOWN


def test_without_a_fault_it_is_unknown() -> None:
    story = Story()
    work(story, 40)
    assert judge(CHECKER, story.history()).outcome is Outcome.UNKNOWN


def shut_out(*statuses: tuple[str, int | None], apart_from: str | None = None) -> Verdict:
    story = Story()
    for actor, status in statuses:
        story.write("a", kind=Kind.FAIL, actor=actor, status=status)
    return judge(NobodyShutOut(action="write", apart_from=apart_from), story.history())


def test_whoever_is_answered_429_is_shut_out() -> None:
    verdict = shut_out(("client one", 202), ("client two", 429), ("client two", 429))
    assert (verdict.outcome, verdict.summary) == (Outcome.FAIL, "2 answers were 429, to client two")
    assert shut_out(("client one", 202), ("client two", 400), ("client two", 503)).outcome is Outcome.PASS


def test_the_one_that_may_be_is_left_out() -> None:
    assert shut_out(("client bad", 429), ("client one", 202), apart_from="client bad").outcome is Outcome.PASS
    assert shut_out(("client bad", 429), apart_from="client bad").outcome is Outcome.UNKNOWN
    assert shut_out(("client one", None)).outcome is Outcome.UNKNOWN, "nobody was answered at all"
