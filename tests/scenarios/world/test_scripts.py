"""Scripts answer what they were told to, those whom they are for, and as often as they were told."""

import json
import math
from typing import Any

import pytest

from scenarios.world.scripts import Scripted, Scripts
from scenarios.world.serving import BadRequest

READ = {"kind": "tender", "shipment_id": "S1", "weight_lb": 4200.0, "rate_usd": None, "confidence": 0.97}


def test_the_newest_script_that_fits_wins_until_it_is_used_up() -> None:
    scripts = Scripts()
    scripts.add({"contains": "APPLES", "content": "by text", "name": "apples"})
    scripts.add({"shipment_id": "S1", "content": "by shipment", "times": 1})
    assert scripts.answer_for(READ, "FRESH APPLES") == Scripted(content="by shipment")
    assert scripts.answer_for(READ, "FRESH APPLES") == Scripted(content="by text", name="apples")
    assert scripts.answer_for(READ, "PEARS") is None


def answered(**misread: Any) -> Scripted:
    scripts = Scripts()
    scripts.add({"contains": "", "misread": misread})
    found = scripts.answer_for(READ, "anything")
    assert found is not None
    return found


def said(**misread: Any) -> dict[str, Any]:
    content = answered(**misread).content
    assert content is not None
    document: dict[str, Any] = json.loads(content)
    return document


def test_a_misreading_changes_what_it_says_and_nothing_else() -> None:
    assert said(set={"weight_lb": -50, "remark": "x"}) == {**READ, "weight_lb": -50, "remark": "x"}
    assert said(scale={"weight_lb": 10, "rate_usd": 10, "length": 10}) == {**READ, "weight_lb": 42_000.0}
    assert said(literal={"weight_lb": "Infinity"}) == {**READ, "weight_lb": math.inf}
    assert answered(literal={"weight_lb": "1e999"}).content == json.dumps(READ).replace("4200.0", "1e999")


def test_an_answer_can_be_cut_off_refused_or_no_json_at_all() -> None:
    whole = json.dumps(READ)
    assert answered(keep=0.5).content == whole[: len(whole) // 2]
    assert answered(say="Sure! The weight is") == Scripted(content="Sure! The weight is")
    assert answered(refuse="I cannot help with that.") == Scripted(refusal="I cannot help with that.")


def test_a_script_may_be_for_some_kinds_only() -> None:
    scripts = Scripts()
    scripts.add({"contains": "", "content": "x", "kinds": ["change"]})
    assert scripts.answer_for(READ, "") is None
    assert scripts.answer_for({**READ, "kind": "change"}, "") == Scripted(content="x")


def test_scripts_can_be_forgotten() -> None:
    scripts = Scripts()
    scripts.add({"contains": "", "content": "x"})
    scripts.forget()
    assert scripts.answer_for(READ, "") is None


@pytest.mark.parametrize(
    "script",
    [
        {"content": "x"},
        {"shipment_id": "S1"},
        {"shipment_id": "S1", "contains": "a", "content": "x"},
        {"contains": 1, "content": "x"},
        {"contains": "", "content": "x", "misread": {}},
        {"contains": "", "content": "x", "kinds": "tender"},
        {"contains": "", "content": "x", "time": 1},
        {"contains": "", "misread": {"forget": "weight"}},
        {"contains": "", "misread": {"set": []}},
        {"contains": "", "misread": {"literal": {"weight_lb": 1}}},
        {"contains": "", "misread": {"scale": {"weight_lb": "ten"}}},
        {"contains": "", "misread": {"keep": 2}},
        {"contains": "", "misread": {"say": 1}},
    ],
)
def test_a_script_without_its_parts_is_refused(script: dict[str, Any]) -> None:
    with pytest.raises(BadRequest):
        Scripts().add(script)
