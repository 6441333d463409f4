"""What a tender lacks is named, each field by itself; a cancel lacks nothing."""

from typing import Any

import pytest

from system.x12.completeness import REQUIRED, SEGMENTS, missing_fields, words_for
from system.x12.tender import Stop, Tender

STOPS = (Stop(sequence=1, type="pickup"), Stop(sequence=2, type="delivery"))
WHOLE: dict[str, Any] = {
    "shipment_id": "S1",
    "purpose": "original",
    "version": "1",
    "weight_lb": 4200.0,
    "pickup_at": "2027-03-01T08:00:00",
    "delivery_at": "2027-03-02T08:00:00",
    "equipment": "TF",
    "commodity": "PAPER ROLLS",
    "stops": STOPS,
}


def test_nothing_is_missing_from_a_whole_tender() -> None:
    assert missing_fields(Tender(**WHOLE)) == []


@pytest.mark.parametrize("field", REQUIRED)
@pytest.mark.parametrize("purpose", ["original", "change"])
def test_each_field_is_named(field: str, purpose: str) -> None:
    lacking = {**WHOLE, "purpose": purpose, field: () if field == "stops" else None}
    assert missing_fields(Tender(**lacking)) == [field]


def test_a_pickup_alone_is_no_route() -> None:
    assert missing_fields(Tender(**{**WHOLE, "stops": STOPS[:1]})) == ["stops"]


def test_all_of_them_in_their_order_and_none_for_a_cancel() -> None:
    bare: dict[str, Any] = {"shipment_id": "S1", "version": "1"}
    assert missing_fields(Tender(purpose="original", **bare)) == list(REQUIRED)
    assert missing_fields(Tender(purpose="cancel", **bare)) == []


def test_a_partner_can_be_told_where_each_of_them_stands() -> None:
    assert set(SEGMENTS) == set(REQUIRED)
    assert [words_for(field) for field in ("pickup_at", "equipment")] == ["pickup_time", "equipment"]
