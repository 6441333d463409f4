"""Some of the differences, and no others: none is the one output, all are the other, each stands for itself."""

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from harness.traces import Clusters, Comparison, Mask, difference, merged, same
from tests.harness.traces.documents import DOCUMENTS

RULES = Comparison(keys={"a": ("a",), "b": ("b",)}, effects=("b",))
KEYED = Comparison(keys={"items": ("id",)}, effects=("items",))
FIELDS = st.dictionaries(
    st.sampled_from(["x", "y", "z"]),
    st.recursive(st.integers(0, 3), lambda inner: st.dictionaries(st.sampled_from("pq"), inner, max_size=2)),
    max_size=3,
)
ITEMS = st.dictionaries(st.sampled_from("klmno"), FIELDS, max_size=5).map(
    lambda items: {"items": [{"id": name, **fields} for name, fields in sorted(items.items())]}
)


@given(before=DOCUMENTS, after=DOCUMENTS, rules=st.sampled_from([RULES, Comparison()]))
def test_none_and_all(before: Any, after: Any, rules: Comparison) -> None:
    found = difference(before, after, rules)
    assert same(merged(before, after, ()), before)
    assert same(merged(before, after, found), after)


@given(before=ITEMS, after=ITEMS, data=st.data())
def test_each_stands_for_itself(before: Any, after: Any, data: st.DataObject) -> None:
    found = difference(before, after, KEYED)
    taken = [one for one in found if data.draw(st.booleans())]
    both = merged(before, after, taken)
    assert sorted(difference(before, both, KEYED), key=str) == sorted(taken, key=str)
    left = [one for one in found if one not in taken]
    assert sorted(difference(both, after, KEYED), key=str) == sorted(left, key=str)


def test_neither_output_is_changed_nor_shared() -> None:
    before, after = {"a": [{"n": 1}], "b": 1}, {"a": [{"n": 2}, {"n": 3}], "b": 2}
    both = merged(before, after, difference(before, after))
    both["a"][0]["n"] = both["a"][1]["n"] = 9
    assert (before, after) == ({"a": [{"n": 1}], "b": 1}, {"a": [{"n": 2}, {"n": 3}], "b": 2})


def test_what_is_masked_stays_as_it_was() -> None:
    rules = Comparison(masks=(Mask(path="took_ms", why="time"),))
    before, after = {"took_ms": 1, "state": "A"}, {"took_ms": 2, "state": "B"}
    assert merged(before, after, difference(before, after, rules)) == {"took_ms": 1, "state": "B"}


def test_an_order_is_one_difference_as_any() -> None:
    before = {"items": [{"id": "k"}, {"id": "l"}, {"id": "m", "x": 1}]}
    after = {"items": [{"id": "m", "x": 2}, {"id": "l"}, {"id": "k"}]}
    value, order = difference(before, after, KEYED)
    assert merged(before, after, [value])["items"][2] == {"id": "m", "x": 2}
    assert [item["id"] for item in merged(before, after, [order])["items"]] == ["m", "l", "k"]


def test_one_cause_of_two_is_told_apart_and_taken_alone() -> None:
    """Two traces changed in one way, a third in that and in another."""
    causes = Clusters()
    outputs = {
        "one": ({"w": 1, "s": "A"}, {"w": 2, "s": "A"}),
        "two": ({"w": 3, "s": "A"}, {"w": 4, "s": "A"}),
        "three": ({"w": 5, "s": "A"}, {"w": 6, "s": "B"}),
    }
    found = {name: difference(*pair) for name, pair in outputs.items()}
    for name, differences in found.items():
        causes.add(name, differences)
    weight, both = causes.listed()
    assert (weight.count, both.count) == (2, 1)
    taken = {name: causes.of_cause(weight.number, differences) for name, differences in found.items()}
    assert {name: [one.path for one in some] for name, some in taken.items()} == {
        "one": ["w"],
        "two": ["w"],
        "three": ["w"],
    }
    assert merged(*outputs["three"], taken["three"]) == {"w": 6, "s": "A"}
    assert causes.of_cause(both.number, found["one"]) == ()
    assert [one.path for one in causes.of_cause(both.number, found["three"])] == ["s", "w"]
    assert causes.of_cause(7, found["one"]) == ()
