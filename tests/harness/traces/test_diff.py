"""Differences: none for what is equal, few for what is nearly so, and none that is hidden."""

import copy
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.traces.canonical import canonical_json
from harness.traces.diff import DIFFERENCES_MAX, differences

KEYS = {"writes": ("booking_key",), "stops": ("sequence",)}
DOCUMENTS = st.recursive(
    st.none() | st.booleans() | st.integers(0, 5) | st.sampled_from(["a", "b"]),
    lambda inner: st.lists(inner, max_size=5) | st.dictionaries(st.sampled_from("abc"), inner, max_size=3),
    max_leaves=15,
)


@given(DOCUMENTS, DOCUMENTS)
def test_a_difference_is_told_exactly_when_there_is_one(before: Any, after: Any) -> None:
    assert bool(differences(before, after)) == (canonical_json(before) != canonical_json(after))


@given(st.lists(st.fixed_dictionaries({"booking_key": st.sampled_from("abcd"), "n": st.integers(0, 2)}), max_size=6))
def test_with_keys_too_and_whatever_repeats(writes: list[dict[str, Any]]) -> None:
    after = copy.deepcopy(writes)
    assert differences({"writes": writes}, {"writes": after}, keys=KEYS) == ()
    for left_out in range(len(writes)):
        shorter = writes[:left_out] + writes[left_out + 1 :]
        assert differences({"writes": writes}, {"writes": shorter}, keys=KEYS)


@pytest.mark.parametrize("keys", [{}, {"actions": ("n",)}])
def test_one_item_put_at_the_head_of_a_thousand_is_one_difference(keys: dict[str, tuple[str, ...]]) -> None:
    before = {"actions": [{"n": number, "what": f"step {number}"} for number in range(1000)]}
    after = {"actions": [{"n": -1, "what": "new"}, *before["actions"]]}
    assert differences(before, after, keys=keys) == (f'actions[{"-1" if keys else "0"}]: new, {{"n":-1,"what":"new"}}',)


def test_a_lost_duplicate_is_seen() -> None:
    write = {"booking_key": "book:P:S", "content": {"weight": 1}}
    told = differences({"writes": [write, write]}, {"writes": [write]}, keys=KEYS)
    assert len(told) == 1
    assert told[0].startswith("writes[book:P:S #2]: gone")


def test_items_that_changed_places_are_seen() -> None:
    one, two = {"booking_key": "a"}, {"booking_key": "b"}
    assert differences({"writes": [one, two]}, {"writes": [two, one]}, keys=KEYS) == (
        "writes: the order was a, b; now b, a",
    )


def test_the_path_says_where() -> None:
    before = {"writes": [{"booking_key": "a", "content": {"stops": [{"sequence": 1, "city": "RENO"}]}}]}
    after = copy.deepcopy(before)
    after["writes"][0]["content"]["stops"][0]["city"] = "ELKO"  # type: ignore[index]
    assert differences(before, after, keys=KEYS) == ('writes[a].content.stops[1].city: was "RENO", now "ELKO"',)


def test_kinds_of_value_are_told_apart() -> None:
    assert differences({"a": 1}, {"a": True})
    assert differences({"a": 1}, {"a": 1.0})
    assert differences({"a": None}, {}) == ("a: gone, was null",)


def test_thousands_of_differences_are_cut_and_counted() -> None:
    before, after = [{"n": n} for n in range(3000)], [{"m": n} for n in range(3000)]
    told = differences(before, after)
    assert len(told) == DIFFERENCES_MAX + 1
    assert told[-1] == f"... and {6000 - DIFFERENCES_MAX} more"
