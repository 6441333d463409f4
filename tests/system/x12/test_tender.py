"""The tender model: every field is bounded, nothing extra gets in, nothing changes afterwards."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from system.x12 import Stop, Tender

PLAIN = {"shipment_id": "SHP1", "purpose": "original", "version": "1"}


def test_only_the_identity_is_required() -> None:
    tender = Tender.model_validate(PLAIN)
    assert (tender.weight_lb, tender.pickup_at, tender.stops) == (None, None, ())
    assert tender.identity("P1") == "P1:SHP1:original:1"


@given(st.floats())
def test_a_weight_is_finite_positive_and_bounded(weight: float) -> None:
    fits = math.isfinite(weight) and 0 < weight <= 1_000_000
    try:
        assert Tender.model_validate({**PLAIN, "weight_lb": weight}).weight_lb == weight
        assert fits
    except ValidationError:
        assert not fits


@given(st.text(max_size=40))
def test_an_identity_has_no_colon_and_no_blank(text: str) -> None:
    fits = 1 <= len(text) <= 30 and all("!" <= character <= "~" and character != ":" for character in text)
    try:
        assert Tender.model_validate({**PLAIN, "shipment_id": text}).shipment_id == text
        assert fits
    except ValidationError:
        assert not fits


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("purpose", "replace"),
        ("version", "v" * 41),
        ("version", "a:b"),
        ("weight_lb", "42000"),
        ("weight_lb", True),
        ("rate_usd", 0),
        ("rate_usd", 10_000_001),
        ("commodity", "PAPER\nAND MORE"),
        ("commodity", " "),
        ("equipment", "E" * 41),
        ("pickup_at", 1_800_000_000),
        ("stops", [{"sequence": 0, "type": "pickup"}]),
        ("stops", [{"sequence": 1, "type": "visit"}]),
        ("stops", [{"sequence": 1, "type": "pickup"}] * 1000),
        ("other", 1),
    ],
)
def test_what_does_not_fit_is_refused(name: str, value: object) -> None:
    with pytest.raises(ValidationError) as caught:
        Tender.model_validate({**PLAIN, name: value})
    assert caught.value.errors()[0]["loc"][0] == name


@pytest.mark.parametrize("text", ["1899-01-01T00:00:00", "2100-01-01T00:00:00", "1800000000", "2027-13-01T00:00:00"])
def test_a_time_is_a_real_one_of_our_days(text: str) -> None:
    with pytest.raises(ValidationError):
        Tender.model_validate_json(f'{{"shipment_id":"S","purpose":"original","version":"1","pickup_at":"{text}"}}')


def test_it_is_frozen() -> None:
    with pytest.raises(ValidationError):
        Stop(sequence=1, type="pickup").name = "X"
