"""The request is a function of the signal alone, and a signal cannot talk its way out of its quotation."""

import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel

from scenarios.world.llm import prompt_of, signal_of
from system.resolver.models import CancelAnswer, ChangeAnswer, TenderAnswer
from system.resolver.prompt import SCHEMA, defused, request_body


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
