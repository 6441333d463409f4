"""Rules of comparison: a mask names one value, says why, and cannot hide what tells items apart."""

import copy
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.traces import Comparison, Mask, difference
from tests.harness.traces.documents import DOCUMENTS

TOOK = Mask(path="answers[*].took_ms", why="the machine decides")


@pytest.mark.parametrize(
    "path",
    ["", "*", "a.*", "a.**", "a[*]*", "[*]", "[*].a", "a..b", ".a", "a.", "a[1]", "a[x].b", "a b", "a*", "a.b*.c"],
)
def test_a_mask_that_is_general_anywhere_but_in_a_list_is_refused(path: str) -> None:
    with pytest.raises(ValueError, match="a name itself is never general"):
        Mask(path=path, why="because")


def test_a_mask_says_why() -> None:
    with pytest.raises(ValueError, match="say why"):
        Mask(path="a", why="  ")


@pytest.mark.parametrize(
    ("path", "said"),
    [
        ("writes[*].booking_key", "tells the items of 'writes' apart"),
        ("days[*].writes[*].booking_key.part", "tells the items of 'writes' apart"),
        ("writes[*]", "covers the side effects"),
        ("writes", "covers the side effects"),
        ("writes[*][*]", "covers the side effects"),
    ],
)
def test_a_mask_that_could_hide_a_side_effect_is_refused(path: str, said: str) -> None:
    with pytest.raises(ValueError, match="mask ") as refused:
        Comparison(keys={"writes": ("booking_key",)}, effects=("writes",), masks=(Mask(path=path, why="because"),))
    assert said in str(refused.value)


@pytest.mark.parametrize("rules", [{"keys": {"writes": "key"}}, {"keys": {"writes": ()}}, {"effects": "writes"}])
def test_a_text_is_no_tuple_of_names(rules: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="expected a tuple"):
        Comparison(**rules)


def test_what_is_masked_keeps_its_type_and_its_place() -> None:
    rules = Comparison(masks=(TOOK,))

    def told(after: Any) -> list[str]:
        return [f"{one.path} {one.kind}" for one in difference({"answers": [{"took_ms": 5}]}, after, rules)]

    assert told({"answers": [{"took_ms": 7}]}) == []
    assert told({"answers": [{"took_ms": "7"}]}) == ["answers[0].took_ms type"]
    assert told({"answers": [{"took_ms": 7.0}]}) == ["answers[0].took_ms type"]
    assert told({"answers": [{"took_ms": None}]}) == ["answers[0].took_ms type"]
    assert told({"answers": [{"took_ms": [7]}]}) == ["answers[0].took_ms type"]
    assert told({"answers": [{}]}) == ["answers[0].took_ms gone"]
    assert told({"answers": [{"took_ms": 5}, {"took_ms": 6}]}) == ["answers[1] new"]


def test_masks_leave_pairs_together() -> None:
    """Items that differ in what is masked alone are still equal to the one who pairs them."""
    rules = Comparison(masks=(TOOK,))
    before = {"answers": [{"took_ms": number, "what": number} for number in range(50)]}
    after = {"answers": [{"took_ms": -1, "what": "new"}, *({**one, "took_ms": 9} for one in before["answers"])]}
    assert [f"{one.path} {one.kind}" for one in difference(before, after, rules)] == ["answers[0] new"]


def test_an_object_or_a_list_is_never_masked_whole() -> None:
    rules = Comparison(masks=(Mask(path="a.b", why="because"),))
    assert difference({"a": {"b": {"c": 1}}}, {"a": {"b": {"c": 2}}}, rules)
    assert difference({"a": {"b": [1]}}, {"a": {"b": [2]}}, rules)
    assert rules.met({"a": {"b": [1]}}) == frozenset()


def test_a_mask_that_is_met_by_nothing_is_named() -> None:
    gone = Mask(path="answers[*].no_longer_there", why="it was")
    rules = Comparison(masks=(TOOK, gone))
    met = rules.met({"answers": []}) | rules.met({"answers": [{"took_ms": 1}]})
    assert rules.unmet(met) == (gone,)


@given(DOCUMENTS, st.sampled_from(["a", "a.b", "a[*].b", "a[*][*]", "b[*].c.a"]))
def test_masking_changes_no_type_and_not_the_document_itself(document: Any, path: str) -> None:
    kept = copy.deepcopy(document)
    masked = Comparison(masks=(Mask(path=path, why="because"),)).masked(document)
    assert document == kept
    assert _shape(masked) == _shape(document)


def _shape(document: Any) -> Any:
    if isinstance(document, dict):
        return {key: _shape(value) for key, value in document.items()}
    return [_shape(item) for item in document] if isinstance(document, list) else type(document)
