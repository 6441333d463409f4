"""What a load cannot be booked without, and what of it a tender does not state.

It is read from the tender alone, so it says what the partner sent, whatever a model makes of it. What becomes of an
incomplete signal is not decided here.
"""

from system.x12.tender import Tender

REQUIRED = ("weight_lb", "pickup_at", "delivery_at", "equipment", "commodity", "stops")
"""`stops` means a pickup and a delivery at least."""

WORDS = {
    "weight_lb": "weight",
    "pickup_at": "pickup_time",
    "delivery_at": "delivery_time",
}
"""What people call a field where they do not call it by its name here."""

SEGMENTS = {
    "weight_lb": "L3",
    "pickup_at": "G62",
    "delivery_at": "G62",
    "equipment": "N7",
    "commodity": "L5",
    "stops": "S5",
}
"""The X12 segment in which a partner states each of them."""


def missing_fields(tender: Tender) -> list[str]:
    """The required fields that a tender does not state, in the order of REQUIRED; a cancel needs none."""
    if tender.purpose == "cancel":
        return []
    types = {stop.type for stop in tender.stops}
    return [
        name
        for name in REQUIRED
        if (types != {"pickup", "delivery"} if name == "stops" else getattr(tender, name) is None)
    ]


def words_for(field: str) -> str:
    """What people call a field: `pickup_time` for `pickup_at`."""
    return WORDS.get(field, field)
