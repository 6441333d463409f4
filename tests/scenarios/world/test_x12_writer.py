"""The writer makes interchanges that a reader which is not ours takes, and refuses what X12 cannot say."""

import io
from datetime import datetime

import pytest
import pyx12.x12file
from hypothesis import given
from hypothesis import strategies as st

from scenarios.world.alterations import without_pickup_time
from scenarios.world.tenders import TenderSource
from scenarios.world.x12_writer import (
    Delimiters,
    Layout,
    Segment,
    interchange,
    number_text,
    transaction_set,
    with_control_number,
)

AT = datetime(2027, 2, 27, 13, 5)


@given(seed=st.integers(0, 10_000))
def test_the_reader_of_pyx12_finds_nothing_wrong(seed: int) -> None:
    source = TenderSource(seed, "P1001")
    for _ in range(4):
        batch = source.next()
        if batch.content_type == "application/json":
            continue
        # A text stream of the reader's own would turn CR LF into LF; the terminator may be either.
        reader = pyx12.x12file.X12Reader(io.StringIO(batch.body.decode("ascii"), newline=""))
        sets = [segment for segment in reader if segment.get_seg_id() == "ST"]
        reader.cleanup()
        assert reader.pop_errors() == []
        assert len(sets) == len(batch.tenders)


def test_the_isa_segment_has_its_fixed_length_and_names_the_delimiters() -> None:
    marks = Delimiters(element="|", component=":", terminator="'")
    body = interchange([[[("B2", "", "FXCA")]]], sender="P1", control_number=7, at=AT, delimiters=marks)
    isa = body[:106].decode()
    assert (isa[3], isa[104], isa[105]) == ("|", ":", "'")
    assert isa[90:99] == "000000007"
    assert isa.split("|")[6] == "P1".ljust(15)


def test_counts_and_control_numbers_agree() -> None:
    sets: list[list[Segment]] = [[("B2", "", "FXCA"), ("B2A", "00")], [("B2", "", "FXCA")]]
    body = interchange([sets, sets[:1]], sender="P1", control_number=12, at=AT).decode()
    lines = [line.split("*") for line in body.split("~")]
    assert [line[1:] for line in lines if line[0] == "SE"] == [["4", "0001"], ["3", "0002"], ["4", "0001"]]
    assert [line[1:] for line in lines if line[0] == "GE"] == [["2", "1"], ["1", "2"]]
    assert [line[1:] for line in lines if line[0] == "IEA"] == [["2", "000000012"]]


@pytest.mark.parametrize("value", ["A*B", "A~B", "A>B", "A\nB"])
def test_a_value_that_holds_a_delimiter_is_refused(value: str) -> None:
    with pytest.raises(ValueError, match="delimiter"):
        interchange([[[("NTE", "", value)]]], sender="P1", control_number=1, at=AT)


@pytest.mark.parametrize(
    "marks",
    [
        {"element": "~"},
        {"element": "A"},
        {"component": "::"},
        {"line_end": "x"},
        {"terminator": "\n", "line_end": "\n"},
    ],
)
def test_delimiters_that_cannot_cut_are_refused(marks: dict[str, str]) -> None:
    with pytest.raises(ValueError, match=r"delimiters|line_end"):
        Delimiters(**marks)


def test_a_sender_that_is_too_long_is_refused() -> None:
    with pytest.raises(ValueError, match="15 characters"):
        interchange([], sender="P" * 16, control_number=1, at=AT)


def test_a_resend_differs_in_the_control_number_alone() -> None:
    body = interchange([[[("B2", "", "FXCA")]]], sender="P1", control_number=41, at=AT)
    again = with_control_number(body, 42)
    assert again == body.replace(b"000000041", b"000000042")
    with pytest.raises(ValueError, match="whole interchange"):
        with_control_number(body[:80], 42)


@pytest.mark.parametrize(("value", "text"), [(42000.0, "42000"), (0.5, "0.5"), (1850.25, "1850.25"), (100.0, "100")])
def test_numbers_have_no_needless_zeros(value: float, text: str) -> None:
    assert number_text(value) == text


def test_a_time_that_was_left_out_stands_nowhere() -> None:
    source = TenderSource(5, "P1001", originals_only=True)
    tender = next(tender for batch in iter(source.next, None) for tender in batch.tenders if len(tender.stops) == 3)
    timed, untimed = (transaction_set(one, Layout()) for one in (tender, without_pickup_time(tender)))
    dates = [segment for segment in timed if segment[0] == "G62"]
    pickups = sum(stop.type == "pickup" for stop in tender.stops)
    assert len(dates) == 3
    assert [segment for segment in untimed if segment[0] == "G62"] == [date for date in dates if date[3] == "Z"]
    assert len(timed) - len(untimed) == pickups
