"""The typed load tender: what a partner asks for, whichever form it came in.

Every field is bounded on both sides, because what passes here reaches a carrier: no infinite weight, no endless name,
no control character. A field that a partner may leave out is None, never a guess; whether a tender without it can be
booked is for the resolver to decide, not for this model.
"""

import hashlib
import re
from datetime import datetime
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints

SHIPMENT_ID_LENGTH_MAX = 30
VERSION_LENGTH_MAX = 40
WEIGHT_LB_MAX = 1_000_000.0
RATE_USD_MAX = 10_000_000.0
STOPS_MAX = 999
YEARS = (2000, 2099)

Purpose = Literal["original", "change", "cancel"]
StopType = Literal["pickup", "delivery"]

_ISO = re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d", re.ASCII)


def _iso_text(at: object) -> object:
    if not isinstance(at, datetime) and not (isinstance(at, str) and _ISO.match(at)):
        raise ValueError("expected a date and a time as in 2027-03-01T08:00:00")
    return at


def _in_years(at: datetime) -> datetime:
    if not YEARS[0] <= at.year <= YEARS[1]:
        raise ValueError(f"expected a year from {YEARS[0]} to {YEARS[1]}, seen {at.year}")
    return at


_ONE_LINE = r"^[^\x00-\x1f\x7f]*$"
_NAME = r"^[!-9;-~]+$"
"""Visible ASCII without the colon, which parts the fields of a signal's identity."""

ShipmentId = Annotated[str, StringConstraints(min_length=1, max_length=SHIPMENT_ID_LENGTH_MAX, pattern=_NAME)]
Version = Annotated[str, StringConstraints(min_length=1, max_length=VERSION_LENGTH_MAX, pattern=_NAME)]
Text = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=120, pattern=_ONE_LINE)]
ShortText = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=40, pattern=_ONE_LINE)]
At = Annotated[datetime, BeforeValidator(_iso_text), AfterValidator(_in_years)]
"""Local time of the stop when naive, else aware; a whole date with a time, never a number."""
WeightLb = Annotated[float, Field(gt=0, le=WEIGHT_LB_MAX, allow_inf_nan=False, strict=True)]
RateUsd = Annotated[float, Field(gt=0, le=RATE_USD_MAX, allow_inf_nan=False, strict=True)]


class Stop(BaseModel):
    """One place the truck goes to, in the order of `sequence`."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    sequence: Annotated[int, Field(ge=1, le=STOPS_MAX, strict=True)]
    type: StopType
    name: Text | None = None
    city: Text | None = None
    state: ShortText | None = None
    postal_code: ShortText | None = None
    at: At | None = None


class Tender(BaseModel):
    """One load tender, its change or its cancellation; weight in pounds, rate in US dollars for the whole load."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    shipment_id: ShipmentId
    purpose: Purpose
    version: Version
    weight_lb: WeightLb | None = None
    pickup_at: At | None = None
    delivery_at: At | None = None
    equipment: ShortText | None = None
    commodity: Text | None = None
    rate_usd: RateUsd | None = None
    stops: Annotated[tuple[Stop, ...], Field(max_length=STOPS_MAX)] = ()

    def identity(self, partner_id: str) -> str:
        """The text that names the signal everywhere: `partner:shipment:purpose:version`."""
        return f"{partner_id}:{self.shipment_id}:{self.purpose}:{self.version}"


def version_of_content(content: str) -> str:
    """The version of a change that states none: 12 hex digits of what it says, so that a repeat has the same."""
    return hashlib.sha256(content.encode("utf-8", "surrogatepass")).hexdigest()[:12]
