"""Effects outside are there once, as the rows say; an id stands for one thing."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.checkers import AppliedExactlyOnce, IdsNameOneThing, RepeatsAnsweredAlike
from harness.history import Kind
from harness.verdict import Outcome
from tests.histories import Story

ONCE = AppliedExactlyOnce(key="order", effects="ledger", field="entries", effect_key="of", effect_id="entry")
REPEATS = RepeatsAnsweredAlike(write="write", id_field="id")
IDS = IdsNameOneThing(write="write", id_field="id")


def applied(rows: dict[str, str | None], entries: list[tuple[str, str]]) -> Story:
    """Rows of order -> entry, and a ledger of (order, entry)."""
    story = Story()
    story.probe("rows", rows=[{"order": order, "entry": entry} for order, entry in rows.items()])
    story.probe("ledger", entries=[{"of": order, "entry": entry} for order, entry in entries])
    return story


def test_each_row_has_its_one_effect() -> None:
    verdict = ONCE.check(applied({"a": "1", "b": "2", "waiting": None}, [("a", "1"), ("b", "2")]).history())
    assert verdict.outcome is Outcome.PASS
    assert verdict.evidence == (0, 1)


@pytest.mark.parametrize(
    ("rows", "entries", "said"),
    [
        ({"a": "1"}, [("a", "1"), ("a", "2")], "1 were applied more than once: a"),
        ({"a": "1"}, [("a", "2")], "a says 1, there is 2"),
        ({"a": "1", "b": "2"}, [("b", "2")], "a says 1, there is none"),
    ],
    ids=["twice", "another one", "none"],
)
def test_twice_another_or_none_is_a_failure(
    rows: dict[str, str | None], entries: list[tuple[str, str]], said: str
) -> None:
    verdict = ONCE.check(applied(rows, entries).history())
    assert verdict.outcome is Outcome.FAIL
    assert said in verdict.summary


@pytest.mark.parametrize(
    "story",
    [Story(), applied({"a": "1"}, []), applied({"a": None}, [("a", "1")]), applied({}, [("a", "1")])],
    ids=["no snapshots", "no effects", "no row names one", "no rows"],
)
def test_where_nothing_had_an_effect_nothing_is_known(story: Story) -> None:
    assert ONCE.check(story.history()).outcome is Outcome.UNKNOWN


@given(st.sets(st.integers(0, 50), min_size=1), st.data())
def test_doubling_or_dropping_any_effect_of_a_passing_history_fails(orders: set[int], data: st.DataObject) -> None:
    rows: dict[str, str | None] = {f"order {one}": f"entry {one}" for one in orders}
    entries = [(f"order {one}", f"entry {one}") for one in orders]
    changed = data.draw(st.sampled_from(entries))
    assert ONCE.check(applied(rows, entries).history()).outcome is Outcome.PASS
    doubled = applied(rows, [*entries, (changed[0], "one more")])
    assert ONCE.check(doubled.history()).outcome is Outcome.FAIL
    dropped = [one for one in entries if one != changed]
    if dropped:
        assert ONCE.check(applied(rows, dropped).history()).outcome is Outcome.FAIL


def test_an_id_that_names_one_thing() -> None:
    """A repeat is answered with the same id, and a thing that was lost and sent again may get another."""
    story = Story()
    story.write("a", ids={"a": "1"})
    story.write("a", ids={"a": "1"})
    story.write("a", "b", ids={"a": "3", "b": "2"})
    verdict = IDS.check(story.history())
    assert verdict.outcome is Outcome.PASS
    assert verdict.summary == "3 ids, each one thing"


def test_an_id_that_was_given_out_again() -> None:
    story = Story()
    first = story.write("a", ids={"a": "41"})
    story.fault()
    second = story.write("b", ids={"b": "41"})
    verdict = IDS.check(story.history())
    assert verdict.outcome is Outcome.FAIL
    assert verdict.summary == "1 ids name more than one thing: 41 is a and b"
    assert verdict.evidence == (first.number, second.number)


def test_without_ids_nothing_is_known() -> None:
    assert IDS.check(Story().history()).outcome is Outcome.UNKNOWN


def answered(*answers: tuple[str, str, str]) -> Story:
    """Answers about things, one after the other: which, its id, and how it was called."""
    story = Story()
    for identity, given_id, status in answers:
        begun = story.begin(identity)
        story.end(begun, Kind.OK, results=[{"identity": identity, "id": given_id, "status": status}])
    return story


def test_a_repeat_that_is_answered_as_what_it_is() -> None:
    story = answered(("a", "1", "accepted"), ("b", "2", "accepted"), ("a", "1", "duplicate"), ("a", "1", "duplicate"))
    verdict = REPEATS.check(story.history())
    assert verdict.outcome is Outcome.PASS
    assert verdict.summary == "1 came again, 3 answers, each with the one id of its identity"


def test_a_first_answer_that_nobody_had_may_be_a_repeat_already() -> None:
    story = answered(("a", "1", "duplicate"), ("a", "1", "duplicate"))
    assert REPEATS.check(story.history()).outcome is Outcome.PASS


@pytest.mark.parametrize(
    ("answers", "said"),
    [
        ([("a", "1", "accepted"), ("a", "2", "accepted")], "1 of 1 that came again: a is 1, 2"),
        ([("a", "1", "accepted"), ("a", "2", "duplicate")], "a is 1, 2"),
        ([("a", "1", "accepted"), ("a", "1", "accepted")], "a was accepted 2 times"),
    ],
)
def test_a_repeat_that_is_taken_for_something_else(answers: list[tuple[str, str, str]], said: str) -> None:
    verdict = REPEATS.check(answered(*answers, ("b", "3", "accepted")).history())
    assert verdict.outcome is Outcome.FAIL
    assert said in verdict.summary
    assert len(verdict.evidence) == 2


def test_without_repeats_nothing_is_known() -> None:
    assert REPEATS.check(answered(("a", "1", "accepted"), ("b", "2", "accepted")).history()).outcome is Outcome.UNKNOWN
