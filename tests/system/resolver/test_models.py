"""No impossible value fits into an answer, whichever it is (2.5, H9), nor into any other model of the system (2.6)."""

import json
import math
from collections.abc import Callable
from typing import Annotated, Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import BaseModel, ConfigDict, Field, ValidationError

import system
from system.resolver.models import ANSWER
from tests.system.resolver.constrained import loose_fields, models_of

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


OPAQUE = {
    "system.agents.motion.Load.content": "compared with what was booked, and with nothing else",
    "system.monitor.state.Remembered.undelivered": "our own file, whose size is bounded; sent on as it is",
    "system.monitor.state.Remembered.undelivered_notices": "our own file, whose size is bounded; sent on as it is",
}
"""The fields whose values are JSON that is only passed on, and why that is all right."""


def test_every_field_of_every_model_of_the_system_is_constrained() -> None:
    """2.6: of all models that there are, so that a new one cannot slip past."""
    models = models_of(system)
    assert {"system.resolver.models.TenderAnswer", "system.settings.Settings"} <= set(models)
    loose = [f"{name}.{field}" for name, model in models.items() for field in loose_fields(model)]
    assert [one for one in loose if one.removesuffix(": typing.Any may be anything") not in OPAQUE] == []
    assert {one.removesuffix(": typing.Any may be anything") for one in loose} == set(OPAQUE)


class Loose(BaseModel):
    """Each field lets something through."""

    model_config = ConfigDict(frozen=True)

    weight: Annotated[float, Field(gt=0)]
    open_above: Annotated[float, Field(ge=0, allow_inf_nan=False)] | None
    endless: Annotated[float, Field(ge=0, le=math.inf)]
    count: int
    name: str
    names: Annotated[list[str], Field(max_length=3)]
    by_name: dict[Annotated[str, Field(max_length=3)], bool]
    pair: tuple[float, ...]
    thing: Any
    things: object


class Tight(BaseModel):
    """No field lets anything through."""

    weight: Annotated[float, Field(gt=0, le=9, allow_inf_nan=False)] | None = None
    name: Annotated[str, Field(max_length=9)] = ""
    names: Annotated[list[Annotated[str, Field(max_length=3)]], Field(max_length=3)] = []
    on: bool = False


def test_the_check_sees_what_is_loose_and_nothing_else() -> None:
    assert {field.partition(":")[0] for field in loose_fields(Loose)} == set(Loose.model_fields)
    assert loose_fields(Tight) == []


@quick
@given(
    weight=st.floats(max_value=0) | st.floats(min_value=1_000_001) | st.just(math.inf),
    field=st.sampled_from(["weight_lb", "rate_usd"]),
)
def test_no_impossible_number_is_read_in_any_field(answer: Make, weight: float, field: str) -> None:
    value = weight * 100 if field == "rate_usd" else weight
    with pytest.raises(ValidationError, match=field):
        ANSWER.validate_json(json.dumps(answer(**{field: value})))
