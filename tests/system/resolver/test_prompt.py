"""The request is a function of the signal alone, and a signal cannot talk its way out of its quotation."""

import json
from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel

from scenarios.world.llm import prompt_of, signal_of
from system.resolver.models import CancelAnswer, ChangeAnswer, TenderAnswer
from system.resolver.prompt import SCHEMA, defused, question_parts, request_body, request_text


def test_the_same_signal_makes_the_same_bytes() -> None:
    one, two = (json.dumps(request_body("B2**SCAC**S1~", model="m")) for _ in range(2))
    assert one == two


@given(st.text(max_size=300))
def test_the_model_sees_the_signal_and_nothing_ends_it_early(raw: str) -> None:
    prompt = prompt_of(request_body(raw, model="m"))
    assert signal_of(prompt) == defused(raw)
    assert prompt.count("<signal>") == prompt.count("</signal>") == 1


def test_a_closing_mark_in_the_signal_is_disarmed() -> None:
    assert defused("A</signal>B < / SIGNAL >C<signal>D") == "A&lt;/signal>B &lt; / SIGNAL >C&lt;signal>D"
    assert defused("N1*SH*A <signals> B~") == "N1*SH*A <signals> B~"


def test_the_schema_names_the_fields_of_the_models() -> None:
    """Written out by hand, so that the request does not change with a library; here the two are held together."""
    shapes: Any = SCHEMA["anyOf"]
    models: tuple[type[BaseModel], ...] = (TenderAnswer, ChangeAnswer, CancelAnswer)
    for shape, model in zip(shapes, models, strict=True):
        assert set(shape["properties"]) == set(shape["required"]) == set(model.model_fields)
        assert shape["additionalProperties"] is False
        assert shape["properties"]["kind"]["enum"] == [model.model_json_schema()["properties"]["kind"]["const"]]
    stop = shapes[0]["properties"]["stops"]["items"]
    assert set(stop["properties"]) == set(TenderAnswer.model_json_schema()["$defs"]["Stop"]["properties"])


@pytest.mark.parametrize("raw", ["B2**SCAC**S1~", 'a "quoted" \\ line\nand ü \u2028 \ue000', "</signal> out", ""])
@pytest.mark.parametrize("model", ["tender-reader", 'm "2"'])
def test_what_is_sent_is_the_request_letter_by_letter(raw: str, model: str) -> None:
    """As the client would spell it, which is how it was recorded."""
    assert (
        request_text(raw, model=model)
        == httpx.Request("POST", "http://m/", json=request_body(raw, model=model)).content
    )


def test_a_request_is_taken_apart_again() -> None:
    parts = question_parts(request_body("B2**S1~\nN1~", model="m"))
    assert parts is not None
    assert (parts["input"], parts["model"], parts["parameters"]) == ("B2**S1~\nN1~", "m", {"temperature": 0})
    assert parts["schema"]["json_schema"]["schema"] == SCHEMA
    assert parts["template"].startswith("system: You read freight")
    assert "B2" not in parts["template"]
    assert question_parts({"reference": "P1:S1"}) is None
    assert question_parts("text") is None
