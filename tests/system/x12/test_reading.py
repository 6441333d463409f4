"""Whole interchanges: all of it or none of it, whatever the bytes are."""

from collections.abc import Callable
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from system.x12 import Delimiters, read_interchange, write_acknowledgment

Segments = list[tuple[str, ...]]
Write = Callable[..., str]
_AT = datetime(2027, 2, 1, tzinfo=UTC)
ODD = Delimiters(element="|", component=":", segment="'", repetition=None)


def shipment(segments: Segments, shipment_id: str) -> Segments:
    return [("B2", "", "FXCA", "", shipment_id, "", "PP"), *segments[1:]]


def test_every_set_is_read(plain_segments: Segments, write_tender: Write) -> None:
    text = write_tender(*(shipment(plain_segments, f"S{n}") for n in range(5)))
    reading = read_interchange(text.encode())
    assert [read.tender.shipment_id for read in reading.tenders] == ["S0", "S1", "S2", "S3", "S4"]
    assert [read.set_control_number for read in reading.tenders][:2] == ["0001", "0002"]
    assert {read.control_number for read in reading.tenders} == {"000000077"}


def test_several_groups(plain_segments: Segments, write_tender: Write) -> None:
    text = write_tender(plain_segments)
    group = text[text.index("GS*") : text.index("IEA*")]
    both = text.replace(group, group + group.replace("SHP1", "SHP2").replace("*77", "*78")).replace("IEA*1", "IEA*2")
    assert [read.tender.shipment_id for read in read_interchange(both).tenders] == ["SHP1", "SHP2"]


@pytest.mark.parametrize("delimiters", [None, ODD])
def test_the_raw_text_of_each_set_reads_by_itself(
    delimiters: Delimiters | None, plain_segments: Segments, write_tender: Write
) -> None:
    sets = [shipment(plain_segments, f"S{n}") for n in range(3)]
    for read in read_interchange(write_tender(*sets, delimiters=delimiters)).tenders:
        (again,) = read_interchange(read.raw).tenders
        assert again == read


def test_one_bad_set_takes_the_others_with_it(plain_segments: Segments, write_tender: Write) -> None:
    text = write_tender(plain_segments, shipment(plain_segments, ""), plain_segments)
    reading = read_interchange(text)
    assert reading.tenders == ()
    assert [defect.control_number for defect in reading.defects.found] == ["0002"]


def test_too_many_sets_are_refused_before_they_are_read(plain_segments: Segments, write_tender: Write) -> None:
    text = write_tender(plain_segments, plain_segments, plain_segments)
    assert len(read_interchange(text, sets_max=3).tenders) == 3
    (defect,) = read_interchange(text, sets_max=2).defects.found
    assert "at most 2" in defect.message


def test_reading_stops_at_the_limit_of_defects(plain_segments: Segments, write_tender: Write) -> None:
    text = write_tender(*[shipment(plain_segments, "")] * 50)
    defects = read_interchange(text, defects_max=10).defects
    assert (len(defects.found), defects.full) == (10, True)
    assert not read_interchange(text).defects.full


def test_one_set_of_nothing_but_mistakes_is_not_read_to_its_end(write_tender: Write) -> None:
    reading = read_interchange(write_tender([("G62", "69", "never")] * 50_000))
    assert reading.defects.full


def test_a_byte_that_is_no_text_is_named(plain_segments: Segments, write_tender: Write) -> None:
    (defect,) = read_interchange(write_tender(plain_segments).encode().replace(b"ACME", b"AC\xffE")).defects.found
    assert "0xff" in defect.message


ISA = "ISA*00*          *00*          *ZZ*P1001          *ZZ*FREIGHT        *270201*0000*U*00401*000000077*0*P*>~"
_PIECES = st.sampled_from(
    [
        *("~", "*", "GS*SM*A*B*1*1*7*X*004010~", "ST*204*0001~", "B2**F**S~", "B2A*00~", "S5*1*LD~", "L3*1~"),
        *("SE*4*0001~", "GE*1*7~", "IEA*1*000000077~", "\n", "G62*69~", "ISA", "\x00", "é", ISA),
    ]
)


@given(st.one_of(st.binary(max_size=300), st.lists(_PIECES, max_size=20).map(lambda all_: "".join(all_).encode())))
def test_any_bytes_give_tenders_or_defects(body: bytes) -> None:
    for text in (body, ISA.encode() + body):
        reading = read_interchange(text)
        assert bool(reading.tenders) != bool(reading.defects)
        for defect in reading.defects.found:
            assert defect.code
            assert defect.position >= 1
        acknowledgment = write_acknowledgment(reading, at=_AT)
        assert acknowledgment is None or acknowledgment.startswith("ISA")
