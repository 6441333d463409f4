"""What a load must hold after several signals, and when two contents are the same."""

from dataclasses import replace
from itertools import permutations

import pytest

from scenarios.world.tenders import SentTender, TenderSource, desired_content, expected_content, normal_content

ORIGINAL = next(
    tender
    for source in [TenderSource(1, "P1001", originals_only=True)]
    for tender in source.next().tenders
    if tender.rate is not None
)
CHANGES = tuple(replace(ORIGINAL, purpose="change", version=str(n), weight_lb=1000.0 * n) for n in (2, 9, 10))
CANCEL = replace(ORIGINAL, purpose="cancel")


@pytest.mark.parametrize("order", list(permutations((ORIGINAL, *CHANGES[1:]))))
def test_the_highest_version_counts_whatever_the_order(order: tuple[SentTender, ...]) -> None:
    assert desired_content(order)["weight_lb"] == 10_000.0


@pytest.mark.parametrize("order", list(permutations((ORIGINAL, CHANGES[0], CANCEL))))
def test_a_cancel_ends_the_load_whatever_the_order(order: tuple[SentTender, ...]) -> None:
    assert desired_content(order) == {}


def test_tenders_of_two_shipments_are_refused() -> None:
    with pytest.raises(ValueError, match="one shipment"):
        desired_content([ORIGINAL, replace(ORIGINAL, shipment_id="OTHER")])


def test_identity_and_reference_read_as_the_system_writes_them() -> None:
    assert CHANGES[0].identity == f"P1001:{ORIGINAL.shipment_id}:change:2"
    assert CHANGES[0].reference == f"P1001:{ORIGINAL.shipment_id}"


def test_one_value_in_two_spellings_is_the_same_content() -> None:
    one = {"weight_lb": 42000, "pickup_at": "2027-03-01T08:00:00Z", "rate_usd": None, "confidence": 0.9}
    other = {"weight_lb": 42000.0, "pickup_at": "2027-03-01T03:00:00-05:00", "kind": "tender"}
    assert normal_content(one) == normal_content(other)


@pytest.mark.parametrize("value", ["2027-03-01T08:00:00", "2027-03-01T08:00:01Z", "soon", 7])
def test_another_time_is_another_content(value: object) -> None:
    assert normal_content({"at": value}) != normal_content({"at": "2027-03-01T08:00:00Z"})


def test_a_stop_that_differs_makes_another_content() -> None:
    content = expected_content(ORIGINAL)
    stops = [{**stop, "city": "ELSEWHERE"} for stop in content["stops"]]
    assert normal_content(content) != normal_content({**content, "stops": stops})
