"""Differences: none for what is equal, few for what is nearly so, none that is hidden, and effects are never missed."""

import copy
import random
from collections import Counter
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from harness.traces.canonical import canonical_json
from harness.traces.diff import DIFFERENCES_MAX, Difference, difference, same
from harness.traces.rules import Comparison
from tests.harness.traces.documents import DOCUMENTS

RULES = Comparison(keys={"writes": ("booking_key",), "stops": ("sequence",)}, effects=("writes", "alerts"))
WRITES = st.lists(st.fixed_dictionaries({"booking_key": st.sampled_from("abcd"), "n": st.integers(0, 2)}), max_size=6)


def told(before: Any, after: Any, rules: Comparison | None = RULES) -> list[str]:
    return [str(one) for one in difference(before, after, rules)]


@given(DOCUMENTS, DOCUMENTS)
@example(-0.0, 0.0)
@example([1], [True])
@example({"a": 1}, {"a": 1.0})
@example({"a": 1, "b": 2}, {"b": 2, "a": 1})
def test_a_difference_is_told_exactly_when_there_is_one(before: Any, after: Any) -> None:
    equal = canonical_json(before) == canonical_json(after)
    assert same(before, after) == equal
    names = ("a", "b", "c")
    for rules in (
        Comparison(),
        Comparison(keys=dict.fromkeys(names, ("a",))),
        Comparison(effects=names),
        Comparison(keys=dict.fromkeys(names, ("a", "b")), effects=("a", "b")),
    ):
        assert bool(difference(before, after, rules)) != equal


@given(WRITES, WRITES)
def test_whatever_repeats_each_lost_and_each_new_one_is_an_effect(
    before: list[dict[str, Any]], after: list[dict[str, Any]]
) -> None:
    """Counted by key: as many gone and new as the multisets of keys say, and nothing else is called an effect."""
    old, new = (Counter(one["booking_key"] for one in writes) for writes in (before, after))
    found = difference({"writes": before}, {"writes": after}, RULES)
    effects = Counter((one.kind, (one.before or one.after)["booking_key"]) for one in found if one.effect)
    expected = Counter({("gone", key): number for key, number in (old - new).items()})
    expected += Counter({("new", key): number for key, number in (new - old).items()})
    assert effects == expected


@given(WRITES, st.randoms(use_true_random=False))
def test_another_order_is_a_difference_but_no_effect(writes: list[dict[str, Any]], chance: random.Random) -> None:
    shuffled = chance.sample(writes, len(writes))
    found = difference({"writes": writes}, {"writes": shuffled}, RULES)
    assert bool(found) == (writes != shuffled)
    assert {one.kind for one in found} <= {"order"}
    assert not any(one.effect for one in found)


@pytest.mark.parametrize(
    "rules", [Comparison(), Comparison(keys={"actions": ("n",)}), Comparison(effects=("actions",))]
)
def test_one_item_put_at_the_head_of_a_thousand_is_one_difference(rules: Comparison) -> None:
    before = {"actions": [{"n": number, "what": f"step {number}"} for number in range(1000)]}
    after = {"actions": [{"n": -1, "what": "new"}, *before["actions"]]}
    (found,) = difference(before, after, rules)
    assert (found.kind, found.after, found.pattern) == ("new", {"n": -1, "what": "new"}, "actions[*]")
    (back,) = difference(after, before, rules)
    assert (back.kind, back.before) == ("gone", {"n": -1, "what": "new"})


def test_one_item_put_at_the_head_and_one_changed_are_two() -> None:
    before = {"actions": [{"n": number, "what": f"step {number}"} for number in range(1000)]}
    after = {"actions": [{"n": -1, "what": "new"}, *copy.deepcopy(before["actions"])]}
    after["actions"][700]["what"] = "another"
    assert told(before, after, Comparison()) == [
        'actions[0]: new, {"n":-1,"what":"new"}',
        'actions[699].what: was "step 699", now "another"',
    ]


def test_a_lost_duplicate_is_seen() -> None:
    write = {"booking_key": "book:P:S", "content": {"weight": 1}}
    (found,) = difference({"writes": [write, write]}, {"writes": [write]}, RULES)
    assert str(found).startswith("writes[book:P:S #2]: gone")
    assert found.effect
    (found,) = difference({"alerts": ["x", "y", "x"]}, {"alerts": ["x", "y"]}, RULES)
    assert str(found) == 'alerts["x" #2]: gone, was "x"'
    assert found.effect


def test_of_two_with_one_key_the_equal_one_is_kept() -> None:
    one, two = {"booking_key": "a", "n": 1}, {"booking_key": "a", "n": 2}
    assert told({"writes": [one, two]}, {"writes": [two]}) == ['writes[a]: gone, was {"booking_key":"a","n":1}']


def test_items_that_changed_places_are_seen() -> None:
    items = [{"booking_key": key} for key in "abcdef"]
    moved = [items[0], items[2], items[3], items[1], *items[4:]]
    assert told({"writes": items}, {"writes": moved}) == ["writes: the order was b, c, d; now c, d, b"]


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ({"writes": [{"booking_key": "a"}]}, {}),
        ({"day": {"writes": [{"booking_key": "a"}]}}, {}),
        ({"days": [{"writes": [{"booking_key": "a"}]}]}, {"days": []}),
        ({"days": [{"writes": [{"booking_key": "a"}]}]}, {"days": [7]}),
        ({"writes": [{"booking_key": "a"}]}, {"writes": None}),
        ({"writes": [{"booking_key": "a"}]}, {"writes": [{"key": "a"}]}),
        ({"alerts": [{"text": "a"}]}, {"alerts": [{"text": "b"}]}),
        ({"days": {"one": [[{"alerts": ["x"]}]]}}, {"days": {"one": [[]]}}),
    ],
)
def test_effects_are_seen_wherever_they_stand(before: Any, after: Any) -> None:
    assert any(one.effect for one in difference(before, after, RULES))
    assert any(one.effect for one in difference(after, before, RULES))


def test_no_effects_are_none_however_that_is_written() -> None:
    (found,) = difference({}, {"writes": []}, RULES)
    assert (found.kind, found.effect) == ("new", False)


def test_the_path_says_where_and_the_pattern_for_any_item() -> None:
    before = {"writes": [{"booking_key": "a", "content": {"stops": [{"sequence": 1, "city": "RENO"}]}}]}
    after = copy.deepcopy(before)
    after["writes"][0]["content"]["stops"][0]["city"] = "ELKO"  # type: ignore[index]
    (found,) = difference(before, after, RULES)
    assert found == Difference(
        path="writes[a].content.stops[1].city",
        pattern="writes[*].content.stops[*].city",
        kind="changed",
        before="RENO",
        after="ELKO",
    )
    assert str(found) == 'writes[a].content.stops[1].city: was "RENO", now "ELKO"'
    assert found.to_json()["pattern"] == "writes[*].content.stops[*].city"


def test_kinds_of_value_are_told_apart() -> None:
    assert [one.kind for one in difference({"a": 1}, {"a": True})] == ["type"]
    assert [one.kind for one in difference({"a": 1}, {"a": 1.0})] == ["type"]
    assert [one.kind for one in difference({"a": 1}, {"a": 2})] == ["changed"]
    assert told({"a": None}, {}) == ["a: gone, was null"]


def test_long_texts_are_cut_around_the_place_in_which_they_differ() -> None:
    (line,) = told({"body": "x" * 5000 + "weight 1" + "y" * 5000}, {"body": "x" * 5000 + "weight 2" + "y" * 5000})
    assert "weight 1" in line
    assert "weight 2" in line
    assert len(line) < 800


def test_past_thousands_only_effects_are_still_listed() -> None:
    names = [f"a{number}" for number in range(DIFFERENCES_MAX + 5)]
    before = {**dict.fromkeys(names, 1), "writes": [{"booking_key": "late"}]}
    found = difference(before, {**dict.fromkeys(names, 2), "writes": []}, RULES)
    assert len([one for one in found if not one.effect]) == DIFFERENCES_MAX
    assert [one.path for one in found if one.effect] == ["writes[late]"]


def test_a_list_too_long_to_align_is_one_difference() -> None:
    before = [{"k": n} for n in range(9000)]
    (found,) = difference({"a": before}, {"a": [{"m": n} for n in range(9000)]})
    assert (found.path, found.kind) == ("a", "changed")
    assert len(str(found)) < 1000
