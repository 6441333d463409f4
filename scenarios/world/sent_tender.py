"""What a partner has sent, as the partner knows it, and the load it expects from it.

Written into the history by the traffic, so that a checker can hold what stands in Motion against what was meant. It
knows nothing of X12: `x12_writer` makes a transaction set of it.
"""

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any, Literal

Purpose = Literal["original", "change", "cancel"]


@dataclass(frozen=True, slots=True, kw_only=True)
class SentStop:
    """One stop of a load: `sequence` counts from 1.

    `at` is the local time of the stop as `2027-03-01T08:00:00`, or UTC with a `Z` behind it; None: it was left out.
    """

    sequence: int
    type: Literal["pickup", "delivery"]
    name: str
    city: str
    state: str
    postal_code: str
    at: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class SentTender:
    """One signal: a tender, a change that carries the whole tender again, or a cancel.

    Weight in pounds, rate in US dollars (None: none was offered), times as in `SentStop`.
    """

    partner: str
    shipment_id: str
    purpose: Purpose
    version: str
    weight_lb: float
    pickup_at: str | None
    delivery_at: str | None
    equipment: str
    commodity: str
    rate: float | None
    stops: tuple[SentStop, ...]

    @property
    def identity(self) -> str:
        """The signal's identity as the system writes it: partner, shipment, purpose and version."""
        return f"{self.partner}:{self.shipment_id}:{self.purpose}:{self.version}"

    @property
    def reference(self) -> str:
        """The reference of the shipment's load in Motion."""
        return f"{self.partner}:{self.shipment_id}"


def expected_content(tender: SentTender) -> dict[str, Any]:
    """The content that Motion's load must have if `tender` is the one that counts; empty for a cancel."""
    if tender.purpose == "cancel":
        return {}
    return {
        "shipment_id": tender.shipment_id,
        "weight_lb": tender.weight_lb,
        "pickup_at": tender.pickup_at,
        "delivery_at": tender.delivery_at,
        "equipment": tender.equipment,
        "commodity": tender.commodity,
        "rate_usd": tender.rate,
        "stops": [asdict(stop) for stop in tender.stops],
    }


def desired_content(tenders: Iterable[SentTender]) -> dict[str, Any]:
    """The content of the one load of a shipment after all of `tenders`, in whatever order they arrived.

    A cancel ends the load whatever else was sent (empty answer); else the change of the highest version counts, else
    the original. Versions compare as numbers. Raises ValueError when `tenders` is empty or of several shipments.
    """
    sent = tuple(tenders)
    references = {tender.reference for tender in sent}
    if len(references) != 1:
        raise ValueError(f"expected the tenders of one shipment, seen {sorted(references)}; group them by reference")
    if any(tender.purpose == "cancel" for tender in sent):
        return {}
    changes = [tender for tender in sent if tender.purpose == "change"]
    return expected_content(max(changes, key=lambda tender: int(tender.version)) if changes else sent[0])


def normal_content(content: Mapping[str, Any]) -> dict[str, Any]:
    """`content` with one spelling for each value, for comparing: numbers as floats, aware times in UTC, None left out.

    A local time stays local: it is never equal to one in UTC. Keys of confidence and kind are dropped. Values that do
    not read as what they should be stay as they are, so they compare unequal instead of raising.
    """
    normal: dict[str, Any] = {}
    for key, value in content.items():
        if key in ("kind", "confidence") or value is None:
            continue
        if key == "stops" and isinstance(value, list | tuple):
            normal[key] = [normal_content(stop) if isinstance(stop, Mapping) else stop for stop in value]
        elif key in ("at", "pickup_at", "delivery_at"):
            normal[key] = _normal_time(value)
        elif isinstance(value, int | float) and not isinstance(value, bool):
            normal[key] = float(value)
        else:
            normal[key] = value
    return normal


def _normal_time(value: Any) -> Any:
    if not isinstance(value, str):
        return value
    try:
        moment = datetime.fromisoformat(value)
    except ValueError:
        return value
    if moment.tzinfo is None:
        return moment.isoformat(timespec="seconds")
    return moment.astimezone(UTC).replace(tzinfo=None).isoformat(timespec="seconds") + "Z"
