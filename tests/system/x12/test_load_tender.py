"""The 204 reader: the places a partner may say something, what is left open, and what is refused with which code."""

import re
from collections.abc import Callable
from datetime import UTC, datetime

import pytest

from scenarios.world.sent_tender import SentStop, SentTender, expected_content, normal_content
from scenarios.world.x12_writer import Layout, interchange, transaction_set
from system.x12 import Defect, Tender, read_interchange

Segments = list[tuple[str, ...]]
Write = Callable[..., str]


def tender_of(text: str) -> Tender:
    reading = read_interchange(text)
    assert reading.defects.found == []
    (read,) = reading.tenders
    return read.tender


def only_defect(text: str) -> Defect:
    (found,) = read_interchange(text).defects.found
    return found


def without(segments: Segments, *names: str) -> Segments:
    return [segment for segment in segments if segment[0] not in names]


def changed(segments: Segments, name: str, *elements: str, number: int = 0) -> Segments:
    """`segments` with the one called `name` (the `number`th of them) replaced by these elements."""
    index = [index for index, segment in enumerate(segments) if segment[0] == name][number]
    return [*segments[:index], (name, *elements), *segments[index + 1 :]]


def test_a_complete_tender(plain_segments: Segments, write_tender: Write) -> None:
    tender = tender_of(write_tender(plain_segments))
    assert tender.model_dump(mode="json") == {
        "shipment_id": "SHP1",
        "purpose": "original",
        "version": "1",
        "weight_lb": 42000.0,
        "pickup_at": "2027-03-01T08:00:00",
        "delivery_at": "2027-03-02T14:30:00",
        "equipment": "TL",
        "commodity": "PAPER",
        "rate_usd": 1850.5,
        "stops": [
            {
                "sequence": 1,
                "type": "pickup",
                "name": "ACME PAPER",
                "city": "DALLAS",
                "state": "TX",
                "postal_code": "75001",
                "at": "2027-03-01T08:00:00",
            },
            {
                "sequence": 2,
                "type": "delivery",
                "name": "BETA STORES",
                "city": "MEMPHIS",
                "state": "TN",
                "postal_code": "38101",
                "at": "2027-03-02T14:30:00",
            },
        ],
    }
    assert tender.identity("P1001") == "P1001:SHP1:original:1"


@pytest.mark.parametrize(
    ("code", "purpose"), [("00", "original"), ("04", "change"), ("05", "change"), ("01", "cancel")]
)
def test_purposes(code: str, purpose: str, plain_segments: Segments, write_tender: Write) -> None:
    assert tender_of(write_tender(changed(plain_segments, "B2A", code))).purpose == purpose


@pytest.mark.parametrize(
    ("weighing", "expected"),
    [
        ([("L3", "1000", "G", *[""] * 9, "K")], 2204.623),
        ([("S5", "1", "LD", "900", "L"), ("S5", "2", "UL", "900", "L")], 900.0),
        ([("S5", "1", "LD", "900", "L"), ("S5", "2", "LD", "100", "L"), ("S5", "3", "UL")], 1000.0),
        ([("S5", "1", "LD"), ("AT8", "G", "L", "700"), ("AT8", "N", "L", "650"), ("S5", "2", "UL")], 700.0),
        ([("S5", "1", "LD"), ("AT8", "N", "K", "1000"), ("S5", "2", "UL")], 2204.623),
        ([("S5", "1", "LD"), ("OID", "", "", "", "", "", "L", "40"), ("OID", "", "", "", "", "", "L", "2")], 42.0),
        ([("S5", "1", "LD"), ("OID", "A"), ("L5", "1", "X"), ("AT8", "G", "L", "40")], 40.0),
        ([("S5", "1", "LD"), ("AT8", "G", "L", "42"), ("OID", "A"), ("AT8", "G", "L", "40")], 42.0),
        ([("PLD", "10", "", "L", "500"), ("S5", "1", "LD")], 500.0),
        ([("S5", "1", "LD"), ("S5", "2", "UL"), ("PLD", "10", "", "K", "1000")], 2204.623),
        ([("S5", "1", "LD"), ("AT8", "G", "L", "42"), ("L3", "43", "G")], 43.0),
        ([("S5", "1", "LD")], None),
        ([("S5", "1", "LD"), ("L3", "0", "G")], None),
    ],
)
def test_the_weight_wherever_it_stands(
    weighing: Segments, expected: float | None, plain_segments: Segments, write_tender: Write
) -> None:
    assert tender_of(write_tender(plain_segments[:3] + weighing)).weight_lb == expected


def test_the_unit_of_the_heading_holds_where_none_is_stated(plain_segments: Segments, write_tender: Write) -> None:
    segments = changed(plain_segments, "B2", "", "FXCA", "", "SHP1", "K", "PP")
    assert tender_of(write_tender(changed(segments, "L3", "1000", "G"))).weight_lb == 2204.623


@pytest.mark.parametrize("qualifier", ["10", "37", "38", "64", "69"])
def test_the_pickup_time_under_each_qualifier(qualifier: str, plain_segments: Segments, write_tender: Write) -> None:
    at_stop = changed(plain_segments, "G62", qualifier, "20270305", "Y", "0915")
    assert tender_of(write_tender(at_stop)).pickup_at == datetime(2027, 3, 5, 9, 15)
    in_heading = [*plain_segments[:3], ("G62", qualifier, "20270305", "Y", "0915")]
    assert tender_of(write_tender(in_heading)).pickup_at == datetime(2027, 3, 5, 9, 15)


@pytest.mark.parametrize("qualifier", ["02", "17", "53", "54", "68", "70"])
def test_the_delivery_time_under_each_qualifier(qualifier: str, plain_segments: Segments, write_tender: Write) -> None:
    segments = changed(plain_segments, "G62", qualifier, "20270305", "Z", "0915", "UT", number=1)
    assert tender_of(write_tender(segments)).delivery_at == datetime(2027, 3, 5, 9, 15, tzinfo=UTC)


def test_the_most_binding_time_of_a_stop_counts(plain_segments: Segments, write_tender: Write) -> None:
    index = [segment[0] for segment in plain_segments].index("G62")
    more = [("G62", "38", "20270301", "Y", "1000"), *plain_segments[index : index + 1]]
    segments = plain_segments[:index] + more + plain_segments[index + 1 :]
    assert tender_of(write_tender(segments)).pickup_at == datetime(2027, 3, 1, 8)


def test_a_deadline_for_our_answer_is_no_pickup_time(plain_segments: Segments, write_tender: Write) -> None:
    segments = without(plain_segments, "G62")
    segments.insert(3, ("G62", "64", "20270201", "1", "1700"))
    assert tender_of(write_tender(segments)).pickup_at is None


@pytest.mark.parametrize("missing", ["G62", "L3", "N7", "L5", "N1", "N4", "S5"])
def test_what_is_missing_is_left_open_and_no_defect(
    missing: str, plain_segments: Segments, write_tender: Write
) -> None:
    tender = tender_of(write_tender(without(plain_segments, missing)))
    opened = {
        "G62": tender.pickup_at,
        "L3": tender.weight_lb,
        "N7": tender.equipment,
        "L5": tender.commodity,
        "N1": tender.stops and tender.stops[0].name,
        "N4": tender.stops and tender.stops[0].city,
        "S5": tender.stops or None,
    }
    assert opened[missing] is None


def test_a_date_without_a_time_is_no_pickup_time(plain_segments: Segments, write_tender: Write) -> None:
    assert tender_of(write_tender(changed(plain_segments, "G62", "69", "20270301"))).pickup_at is None


def test_foreign_money_is_no_rate_in_dollars(plain_segments: Segments, write_tender: Write) -> None:
    segments = [*plain_segments[:2], ("C3", "CAD"), *plain_segments[2:]]
    assert tender_of(write_tender(segments)).rate_usd is None


def test_segments_we_do_not_read_are_no_defect(plain_segments: Segments, write_tender: Write) -> None:
    segments = [*plain_segments, ("NTE", "", "CALL AHEAD"), ("LH6", "X"), ("ZZZ", "1")]
    assert tender_of(write_tender(segments)) == tender_of(write_tender(plain_segments))


@pytest.mark.parametrize(
    ("name", "elements", "place", "code"),
    [
        ("B2", ("", "FXCA", "", ""), ("B2", 4, 4), "1"),
        ("B2", ("", "FXCA", "", "A:B"), ("B2", 4, 4), "6"),
        ("B2", ("", "FXCA", "", "X" * 31), ("B2", 4, 4), "5"),
        ("B2A", ("",), ("B2A", 1, 5), "1"),
        ("B2A", ("99",), ("B2A", 1, 5), "7"),
        ("S5", ("", "LD"), ("S5", 1, 8), "1"),
        ("S5", ("1000", "LD"), ("S5", 1, 8), "6"),
        ("S5", ("1", ""), ("S5", 2, 8), "1"),
        ("S5", ("1", "QQ"), ("S5", 2, 8), "7"),
        ("S5", ("1", "LD", "heavy", "L"), ("S5", 3, 8), "6"),
        ("G62", ("69", "2027x301", "Y", "0800"), ("G62", 2, 9), "8"),
        ("G62", ("69", "20270301", "Y", "2460"), ("G62", 4, 9), "9"),
        ("G62", ("69", "20270301", "Y", "0800", "Q?"), ("G62", 5, 9), "7"),
        ("G62", ("69",), ("G62", 2, 9), "2"),
        ("G62", ("69", "18990301", "Y", "0800"), ("G62", 2, 1), "6"),
        ("L3", ("-50", "G"), ("L3", 1, 18), "6"),
        ("L3", ("99999999", "G"), ("L3", 1, 18), "5"),
        ("L3", ("forty", "G"), ("L3", 1, 18), "6"),
        ("L3", ("1", "G", "", "", "", "", "", "", "", "", "", "Q"), ("L3", 12, 18), "7"),
        ("L3", ("1", "G", "", "", "x"), ("L3", 5, 18), "6"),
        ("L5", ("1", "P" * 121), ("L5", 2, 13), "5"),
    ],
)
def test_a_bad_value_is_named_with_its_place_and_code(
    name: str,
    elements: tuple[str, ...],
    place: tuple[str, int, int],
    code: str,
    plain_segments: Segments,
    write_tender: Write,
) -> None:
    reading = read_interchange(write_tender(changed(plain_segments, name, *elements)))
    assert reading.tenders == ()
    found = reading.defects.found[0]
    assert (found.segment, found.element, found.code) == (*place[:2], code)
    if place[2] > 1:
        assert (found.position, found.set_position) == (place[2], place[2] - 2)
    assert re.search(r"\w", found.message)


@pytest.mark.parametrize(
    ("order", "segment", "code"),
    [
        (lambda s: s[1:], "B2", "3"),
        (lambda s: [s[0], *s[2:]], "B2A", "3"),
        (lambda s: [s[0], s[2], s[1], *s[3:]], "B2A", "7"),
        (lambda s: [*s, s[0]], "B2", "5"),
        (lambda s: [*s, s[1]], "B2A", "5"),
        (lambda s: [*s, ("b2", "x")], "b2", "1"),
        (lambda s: [*s, ("",)], "", "1"),
    ],
)
def test_mandatory_segments_stand_once_and_first(
    order: Callable[[Segments], Segments], segment: str, code: str, plain_segments: Segments, write_tender: Write
) -> None:
    found = read_interchange(write_tender(order(plain_segments))).defects.found
    assert (segment, None, code) in [(defect.segment, defect.element, defect.code) for defect in found]


def test_a_stop_that_does_not_fit_is_named_at_its_place(plain_segments: Segments, write_tender: Write) -> None:
    found = only_defect(write_tender(changed(plain_segments, "N4", "C" * 121, "TX", number=1)))
    assert (found.segment, found.element, found.code) == ("N4", 1, "5")


class TestVersion:
    """The version is stated in L11 with V0, or follows from the purpose and the content."""

    def test_it_is_what_l11_says(self, plain_segments: Segments, write_tender: Write) -> None:
        segments = [*plain_segments[:2], ("L11", "7", "V0"), *plain_segments[2:]]
        assert tender_of(write_tender(segments)).version == "7"

    def test_of_a_change_it_is_that_of_the_content(self, plain_segments: Segments, write_tender: Write) -> None:
        change = changed(plain_segments, "B2A", "04")
        heavier = changed(change, "L3", "43000", "G")
        version = tender_of(write_tender(change)).version
        assert re.fullmatch("[0-9a-f]{12}", version)
        assert tender_of(write_tender(heavier)).version != version

    def test_it_does_not_depend_on_the_envelope(self, plain_segments: Segments, write_tender: Write) -> None:
        change = write_tender(changed(plain_segments, "B2A", "04"))
        others = (
            change.replace("000000077", "000000078"),
            change.replace("0001", "0009"),
            change.replace("*", "|"),
            change.replace("~", "'\n"),
        )
        assert {tender_of(other).version for other in others} == {tender_of(change).version}


@pytest.mark.parametrize("weight_in", ["L3", "AT8", "S5", "OID", "PLD"])
@pytest.mark.parametrize("pickup_qualifier", ["10", "37", "38", "64", "69"])
@pytest.mark.parametrize("reasons", ["complete", "part", "plain"])
def test_what_the_world_writes_is_read_as_it_was_meant(weight_in: str, pickup_qualifier: str, reasons: str) -> None:
    """The partners' writer of the drills is somebody else's code: the two must agree about the standard."""
    stops = tuple(
        SentStop(
            sequence=number,
            type="delivery" if number == 3 else "pickup",
            name=f"DOCK {number}",
            city="DALLAS",
            state="TX",
            postal_code="75001",
            at=f"2027-03-0{number}T08:00:00Z",
        )
        for number in (1, 2, 3)
    )
    sent = SentTender(
        partner="P1001",
        shipment_id="SHP1",
        purpose="original",
        version="1",
        weight_lb=42000.25,
        pickup_at=stops[0].at,
        delivery_at=stops[2].at,
        equipment="TL",
        commodity="PAPER",
        rate=1850.55,
        stops=stops,
    )
    layout = Layout(weight_in=weight_in, pickup_qualifier=pickup_qualifier, reasons=reasons)  # type: ignore[arg-type]
    body = interchange([[transaction_set(sent, layout)]], sender="P1001", control_number=5, at=datetime(2027, 2, 1))
    content = tender_of(body.decode()).model_dump(mode="json", exclude={"purpose", "version"})
    assert normal_content(content) == normal_content(expected_content(sent))
