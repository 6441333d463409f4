"""Effects outside are there once, as the rows say; an id stands for one thing."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.checkers import AppliedExactlyOnce, IdsNameOneThing
from harness.verdict import Outcome
from tests.histories import Story

ONCE = AppliedExactlyOnce(key="order", effects="ledger", field="entries", effect_key="of", effect_id="entry")
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
