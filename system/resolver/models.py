"""What the model may answer, as types that hold no impossible value.

Each field is bounded on both sides and finite; nothing beyond the named fields is taken. A field that the signal does
not state is null, never a guess. The bounds are those of the typed tender, so that what passes here is comparable with
it.
Whether a possible value is the right one is `grounding`'s question.
"""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter

from system.x12.tender import STOPS_MAX, At, RateUsd, ShipmentId, ShortText, Stop, Text, WeightLb

Confidence = Annotated[float, Field(ge=0, le=1, allow_inf_nan=False, strict=True)]


class _Answer(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    shipment_id: ShipmentId
    confidence: Confidence


class _LoadAnswer(_Answer):
    weight_lb: WeightLb | None
    pickup_at: At | None
    delivery_at: At | None
    equipment: ShortText | None
    commodity: Text | None
    rate_usd: RateUsd | None
    stops: Annotated[tuple[Stop, ...], Field(max_length=STOPS_MAX)]


class TenderAnswer(_LoadAnswer):
    """A new load is offered."""

    kind: Literal["tender"]


class ChangeAnswer(_LoadAnswer):
    """A load that was offered before is to be as stated now, in every field."""

    kind: Literal["change"]


class CancelAnswer(_Answer):
    """A load that was offered before is withdrawn."""

    kind: Literal["cancel"]
    reason: Text | None


Answer = TenderAnswer | ChangeAnswer | CancelAnswer
ANSWER: TypeAdapter[Answer] = TypeAdapter(Annotated[Answer, Field(discriminator="kind")])
"""Reads the JSON text of an answer; raises pydantic's ValidationError."""
