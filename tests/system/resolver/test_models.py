"""No impossible value fits into an answer, whichever it is (2.5, 2.6, H9)."""

import json
import math
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from system.resolver.models import ANSWER

Make = Callable[..., dict[str, Any]]
quick = settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
IMPOSSIBLE = st.one_of(
    st.floats(max_value=0), st.floats(min_value=1_000_000.1), st.just(math.inf), st.just(-math.inf), st.just(math.nan)
)


@pytest.mark.parametrize("kind", ["tender", "change", "cancel"])
def test_a_right_answer_is_read(answer: Make, kind: str) -> None:
    assert ANSWER.validate_json(json.dumps(answer(kind))).kind == kind


@quick
@given(weight=IMPOSSIBLE)
def test_every_impossible_weight_is_refused(answer: Make, weight: float) -> None:
    with pytest.raises(ValidationError, match="weight_lb"):
        ANSWER.validate_json(json.dumps(answer(weight_lb=weight)))


@quick
@given(weight=st.floats(min_value=0.001, max_value=1_000_000))
def test_every_possible_weight_is_read(answer: Make, weight: float) -> None:
    read = ANSWER.validate_json(json.dumps(answer(weight_lb=weight)))
    assert read.model_dump()["weight_lb"] == weight


@pytest.mark.parametrize(
    "changes",
    [
        {"rate_usd": -1},
        {"rate_usd": math.inf},
        {"weight_lb": "4200"},
        {"weight_lb": True},
        {"confidence": 1.01},
        {"confidence": -0.1},
        {"confidence": math.nan},
        {"confidence": "high"},
        {"pickup_at": "soon"},
        {"pickup_at": 1_800_000_000},
        {"pickup_at": "1900-01-01T00:00:00"},
        {"shipment_id": ""},
        {"shipment_id": "S" * 31},
        {"shipment_id": None},
        {"equipment": "x" * 1000},
        {"kind": "quote"},
        {"remark": "an extra field"},
        {"stops": [{"sequence": 0, "type": "pickup"}]},
        {"stops": [{"sequence": 1, "type": "coffee"}]},
        {"stops": [{"sequence": 1, "type": "pickup"}] * 1000},
    ],
)
def test_what_no_load_has_is_refused(answer: Make, changes: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        ANSWER.validate_json(json.dumps(answer(**changes)))


@pytest.mark.parametrize("left_out", ["confidence", "weight_lb", "stops", "kind"])
def test_every_field_has_to_be_said(answer: Make, left_out: str) -> None:
    said = answer()
    del said[left_out]
    with pytest.raises(ValidationError):
        ANSWER.validate_json(json.dumps(said))


@given(st.text(max_size=200))
def test_any_text_is_an_answer_or_refused(text: str) -> None:
    with pytest.raises(ValidationError):
        ANSWER.validate_json(text)
