"""The world's reader takes what real partners send, beyond what our own writer makes, and never falls over."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scenarios.world.reading import read_signal

BASE = [
    "ST*204*0001",
    "B2**FXCA**SHP1**PP",
    "B2A*00",
    "N7**53001*********TF",
    "S5*1*LD",
    "G62*37*20270301*Y*0800*UT",
    "N1*SF*ACME",
    "N4*RENO*NV*89506*US",
    "L5*1*STEEL",
    "S5*2*UL",
    "G62*70*20270303*Z*1400*UT",
    "N1*ST*SHOP",
    "N4*DALLAS*TX*75212*US",
    "L3*42000*G***185050",
    "SE*15*0001",
]


def text(*changes: tuple[str, str | None], end: str = "~") -> str:
    """The base set with segments replaced: (start of a segment, new text or None to leave it out)."""
    lines = list(BASE)
    for start, new in changes:
        number = next(n for n, line in enumerate(lines) if line.startswith(start))
        lines[number : number + 1] = [] if new is None else [new]
    return end.join(lines) + end


def test_a_set_without_its_envelope_is_read() -> None:
    answer = read_signal(text())
    assert answer["shipment_id"] == "SHP1"
    assert (answer["weight_lb"], answer["rate_usd"]) == (42000, 1850.5)
    assert (answer["pickup_at"], answer["delivery_at"]) == ("2027-03-01T08:00:00Z", "2027-03-03T14:00:00Z")
    assert [stop["name"] for stop in answer["stops"]] == ["ACME", "SHOP"]
    assert answer["confidence"] == 0.97


@pytest.mark.parametrize("end", ["~", "\n", "'", "~\n", "~\r\n"])
def test_each_terminator_is_found(end: str) -> None:
    assert read_signal(text(end=end)) == read_signal(text())


@pytest.mark.parametrize(
    ("segment", "weight_lb"),
    [
        ("AT8*G*L*41000*12", 41000),
        ("AT8*G*K*1000*12", 2204.62),
        ("PLD*12**L*41000.5", 41000.5),
        ("OID*1*2**PL*12*L*41000", 41000),
    ],
)
def test_the_weight_is_found_where_it_stands(segment: str, weight_lb: float) -> None:
    answer = read_signal(text(("N4*RENO", f"N4*RENO*NV*89506~{segment}"), ("L3", None)))
    assert answer["weight_lb"] == weight_lb


def test_weight_is_what_is_loaded_not_what_is_loaded_and_unloaded() -> None:
    both = (("S5*1", "S5*1*LD*9000*L"), ("S5*2", "S5*2*UL*9000*L"), ("L3", None))
    assert read_signal(text(*both))["weight_lb"] == 9000


@pytest.mark.parametrize("qualifier", ["10", "37", "38", "64", "69"])
def test_each_pickup_qualifier_is_known(qualifier: str) -> None:
    assert read_signal(text(("G62*37", f"G62*{qualifier}*20270301*Y*0915")))["pickup_at"] == "2027-03-01T09:15:00"


def test_a_date_of_the_header_serves_when_the_stop_has_none() -> None:
    answer = read_signal(text(("B2A", "B2A*00~G62*10*20270228*Y*2200*ES"), ("G62*37", None)))
    assert answer["pickup_at"] == "2027-02-28T22:00:00-05:00"
    assert answer["stops"][0]["at"] is None


@pytest.mark.parametrize(
    ("start", "missing"),
    [("G62*37", "pickup_at"), ("G62*70", "delivery_at"), ("N7", "equipment"), ("L5", "commodity"), ("L3", "weight_lb")],
)
def test_what_is_missing_is_null_and_lowers_the_confidence(start: str, missing: str) -> None:
    answer = read_signal(text((start, None)))
    assert answer[missing] is None
    assert answer["confidence"] < 0.9


@pytest.mark.parametrize(("code", "kind"), [("00", "tender"), ("04", "change"), ("05", "change"), ("01", "cancel")])
def test_the_purpose_makes_the_kind(code: str, kind: str) -> None:
    assert read_signal(text(("B2A", f"B2A*{code}")))["kind"] == kind


def test_a_cancel_gives_its_reason() -> None:
    answer = read_signal(text(("B2A", "B2A*01~NTE**NOT READY")))
    assert answer == {"kind": "cancel", "shipment_id": "SHP1", "reason": "NOT READY", "confidence": 0.97}


def test_json_is_read_too() -> None:
    document = {"shipment_id": "J1", "purpose": "change", "weight_lb": 5, "stops": [{"sequence": 1, "type": "pickup"}]}
    answer = read_signal(json.dumps({"tenders": [document]}))
    assert (answer["kind"], answer["shipment_id"], answer["weight_lb"]) == ("change", "J1", 5)
    assert answer["stops"][0]["city"] is None


@given(st.text() | st.builds("ST*204*1~{}".format, st.text()) | st.builds("ISA*{}".format, st.text(min_size=110)))
def test_no_text_makes_it_fall_over(anything: str) -> None:
    assert 0.0 < read_signal(anything)["confidence"] < 1.0
