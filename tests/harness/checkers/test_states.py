"""Things go through legal states only, come to rest, and keep what they had reached before a fault."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.checkers import LateWritesAreRefused, NoneStuck, OnlyLegalTransitions, StateHeld
from harness.verdict import Outcome
from tests.histories import Story

TABLE: frozenset[tuple[str | None, str]] = frozenset(
    {(None, "new"), ("new", "sure"), ("sure", "busy"), ("busy", "done"), ("busy", "sure")}
)
LEGAL = OnlyLegalTransitions(table=TABLE, subject="id")
STUCK = NoneStuck(resting=frozenset({"done", "refused"}))
HELD = StateHeld(reached="sure", after=frozenset({"busy", "done"}), before="seen")


def audit(*steps: tuple[str, str | None, str]) -> Story:
    story = Story()
    story.probe("transitions", transitions=[{"id": who, "from": old, "to": new} for who, old, new in steps])
    return story


def test_legal_steps() -> None:
    """Those of several things may stand in between each other, and a thing may go back where the table says so."""
    story = audit(("a", None, "new"), ("b", None, "new"), ("a", "new", "sure"), ("a", "sure", "busy"))
    assert LEGAL.check(story.history()).outcome is Outcome.PASS


@pytest.mark.parametrize(
    ("story", "said"),
    [
        (audit(("a", None, "new"), ("a", "new", "busy")), "a: new to busy is not legal"),
        (audit(("a", None, "sure")), "a: None to sure is not legal"),
        (audit(("a", "new", "sure")), "a: new to sure, but it was None"),
        (audit(("a", None, "new"), ("a", "new", "sure"), ("a", "new", "sure")), "a: new to sure, but it was sure"),
    ],
    ids=["no such step", "no such birth", "never born", "twice"],
)
def test_illegal_steps(story: Story, said: str) -> None:
    verdict = LEGAL.check(story.history())
    assert verdict.outcome is Outcome.FAIL
    assert said in verdict.summary


@pytest.mark.parametrize("story", [Story(), audit()], ids=["no audit", "an empty audit"])
def test_without_steps_nothing_is_known(story: Story) -> None:
    assert LEGAL.check(story.history()).outcome is Outcome.UNKNOWN


@given(st.integers(1, 12), st.data())
def test_a_walk_along_the_table_passes_and_one_with_a_step_left_out_fails(length: int, data: st.DataObject) -> None:
    states: list[str | None] = [None]
    for _ in range(length):
        following = sorted(new for old, new in TABLE if old == states[-1])
        if not following:
            break
        states.append(data.draw(st.sampled_from(following)))
    steps = [("a", old, str(new)) for old, new in pairwise(states)]
    assert LEGAL.check(audit(*steps).history()).outcome is Outcome.PASS
    if len(steps) > 1:
        missing = data.draw(st.integers(0, len(steps) - 2))
        broken = [step for number, step in enumerate(steps) if number != missing]
        assert LEGAL.check(audit(*broken).history()).outcome is Outcome.FAIL


def test_all_at_rest() -> None:
    story = Story()
    story.rows("a", "b", state="done")
    verdict = STUCK.check(story.history())
    assert verdict.outcome is Outcome.PASS
    assert verdict.summary == "2 done"


def test_one_is_stuck() -> None:
    story = Story()
    story.probe("rows", rows=[{"identity": "a", "state": "done"}, {"identity": "b", "state": "busy"}])
    verdict = STUCK.check(story.history())
    assert verdict.outcome is Outcome.FAIL
    assert verdict.summary == "1 of 2 are stuck: b in busy"


def test_where_there_is_nothing_it_is_unknown_whether_anything_is_stuck() -> None:
    story = Story()
    assert STUCK.check(story.history()).outcome is Outcome.UNKNOWN
    story.rows()
    assert STUCK.check(story.history()).outcome is Outcome.UNKNOWN


def states(name: str, **of: str) -> Story:
    story = Story()
    story.probe(name, rows=[{"identity": one, "state": state} for one, state in of.items()])
    return story


def over_a_fault(before: dict[str, str], after: dict[str, str]) -> Story:
    story = states("seen", **before)
    story.fault()
    story.probe("rows", rows=[{"identity": one, "state": state} for one, state in after.items()])
    return story


def test_what_was_reached_is_held_or_passed() -> None:
    story = over_a_fault({"a": "sure", "b": "busy", "c": "new"}, {"a": "done", "b": "sure", "d": "new"})
    verdict = HELD.check(story.history())
    assert verdict.outcome is Outcome.PASS
    assert verdict.summary == "all 2 that were sure or beyond still are"


@pytest.mark.parametrize(
    ("after", "said"), [({"a": "new"}, "a is new"), ({}, "a is gone"), ({"a": "refused"}, "a is refused")]
)
def test_what_was_reached_and_is_no_more(after: dict[str, str], said: str) -> None:
    verdict = HELD.check(over_a_fault({"a": "sure"}, after).history())
    assert verdict.outcome is Outcome.FAIL
    assert said in verdict.summary


def test_only_the_last_look_before_the_fault_counts() -> None:
    story = states("seen", a="busy")
    story.probe("seen", rows=[{"identity": "b", "state": "sure"}])
    story.fault()
    story.probe("seen", rows=[{"identity": "c", "state": "sure"}])
    story.probe("rows", rows=[{"identity": "b", "state": "sure"}])
    assert HELD.check(story.history()).outcome is Outcome.PASS


@pytest.mark.parametrize(
    "story",
    [Story(), states("seen", a="sure"), states("rows", a="sure"), over_a_fault({"a": "new"}, {"a": "done"})],
    ids=["nothing", "no fault", "no look before", "nothing had been reached"],
)
def test_without_a_state_to_hold_nothing_is_known(story: Story) -> None:
    assert HELD.check(story.history()).outcome is Outcome.UNKNOWN


REFUSED = LateWritesAreRefused(subject="id", fence=("epoch", "attempt"), refused="refused: *")


def written(*steps: tuple[str, int, int], refusals: tuple[str, ...] = ("a",)) -> Story:
    """Steps by their subject, epoch and attempt."""
    story = Story()
    for subject in refusals:
        story.probe("log", id=subject, says="refused: *", message="refused: it is too late")
    rows = [{"id": one, "epoch": epoch, "attempt": attempt, "from": "x", "to": "y"} for one, epoch, attempt in steps]
    story.probe("transitions", transitions=rows)
    return story


def test_no_late_write_got_through() -> None:
    """A new epoch counts for more than any attempt, and each subject has attempts of its own."""
    verdict = REFUSED.check(written(("a", 1, 1), ("b", 1, 9), ("a", 1, 1), ("a", 1, 2), ("a", 2, 1)).history())
    assert verdict.outcome is Outcome.PASS
    assert verdict.summary == "1 late writes were refused, none got through"


@pytest.mark.parametrize(
    "steps",
    [(("a", 1, 1), ("a", 1, 3), ("a", 1, 1)), (("a", 1, 5), ("a", 2, 1), ("a", 1, 6))],
    ids=["an older attempt", "an older epoch"],
)
def test_a_late_write_got_through(steps: tuple[tuple[str, int, int], ...]) -> None:
    verdict = REFUSED.check(written(*steps).history())
    assert verdict.outcome is Outcome.FAIL
    assert "a: x to y in attempt" in verdict.summary


@given(st.lists(st.tuples(st.integers(1, 3), st.integers(1, 4)), min_size=2, max_size=8))
def test_attempts_that_never_fall_pass_and_others_fail(attempts: list[tuple[int, int]]) -> None:
    verdict = REFUSED.check(written(*(("a", *one) for one in attempts)).history())
    assert (verdict.outcome is Outcome.PASS) == (attempts == sorted(attempts))


@pytest.mark.parametrize(
    "story",
    [Story(), written(), written(("a", 1, 1), refusals=()), written(("a", 1, 1), refusals=("of a replay",))],
    ids=["nothing", "no steps", "nobody tried", "somebody else tried"],
)
def test_where_nobody_tried_to_write_late_nothing_is_known(story: Story) -> None:
    assert REFUSED.check(story.history()).outcome is Outcome.UNKNOWN
