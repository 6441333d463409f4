"""The 997: what it says about each set, and that it is itself a right interchange."""

from collections.abc import Callable
from datetime import UTC, datetime

import pytest

from system.x12 import Delimiters, read_interchange, tokenize, write_acknowledgment
from system.x12.defects import Defects
from system.x12.envelope import read_envelope

Segments = list[tuple[str, ...]]
Write = Callable[..., str]
AT = datetime(2027, 2, 1, 12, 30, tzinfo=UTC)


def answer(text: str) -> list[list[str]]:
    """The acknowledgment's segments, once its own counts and numbers have been found right."""
    written = write_acknowledgment(read_interchange(text), at=AT)
    assert written is not None
    tokens = tokenize(written)
    defects = Defects()
    read_envelope(tokens, defects)
    assert defects.found == []
    return tokens.segments


def inner(text: str) -> list[str]:
    kept = ("AK", "TA1")
    return ["*".join(segment) for segment in answer(text) if segment[0].startswith(kept)]


def test_accepted(plain_segments: Segments, write_tender: Write) -> None:
    text = write_tender(plain_segments, plain_segments)
    assert inner(text) == ["AK1*SM*77", "AK2*204*0001", "AK5*A", "AK2*204*0002", "AK5*A", "AK9*A*2*2*2"]


def test_it_goes_back_to_the_sender(plain_segments: Segments, write_tender: Write) -> None:
    isa, gs = answer(write_tender(plain_segments))[:2]
    assert (isa[6].strip(), isa[8].strip(), isa[13]) == ("FREIGHT", "P1001", "000000077")
    assert gs[:4] == ["GS", "FA", "FREIGHT", "P1001"]
    assert gs[8] == "004010"


def test_each_bad_element_is_noted_in_its_set(plain_segments: Segments, write_tender: Write) -> None:
    bad = [("B2", "", "FXCA", "", ""), ("B2A", "99", "LT"), *plain_segments[2:]]
    assert inner(write_tender(plain_segments, bad)) == [
        "AK1*SM*77",
        "AK2*204*0001",
        "AK5*R",
        "AK2*204*0002",
        "AK3*B2*2**8",
        "AK4*4**1",
        "AK3*B2A*3**8",
        "AK4*1**7*99",
        "AK5*R*5",
        "AK9*R*2*2*0",
    ]


@pytest.mark.parametrize(
    ("before", "after", "line"),
    [
        ("SE*17*0001", "SE*16*0001", "AK5*R*4"),
        ("SE*17*0001", "SE*17*0002", "AK5*R*3"),
        ("GE*1*77", "GE*3*77", "AK9*R*1*1*0*5"),
        ("GS*SM", "GS*PO", "AK9*R*1*1*0*1"),
        ("IEA*1*", "IEA*2*", "TA1*000000077*270201*1230*R*021"),
    ],
)
def test_structural_defects_are_noted_at_their_level(
    before: str, after: str, line: str, plain_segments: Segments, write_tender: Write
) -> None:
    text = write_tender(plain_segments)
    assert before in text
    assert line in inner(text.replace(before, after))


def test_it_keeps_the_senders_delimiters(plain_segments: Segments, write_tender: Write) -> None:
    delimiters = Delimiters(element="|", component=":", segment="'", repetition="^")
    text = write_tender(plain_segments, delimiters=delimiters, version="00501")
    written = write_acknowledgment(read_interchange(text), at=AT)
    assert written is not None
    assert tokenize(written).delimiters == delimiters


def test_too_many_sets_get_a_note_on_the_interchange_alone(plain_segments: Segments, write_tender: Write) -> None:
    assert inner(write_tender(*[plain_segments[:2]] * 1001)) == ["TA1*000000077*270201*1230*R*024"]


@pytest.mark.parametrize("body", [b"", b"nonsense", b"ISA" * 50])
def test_without_an_envelope_there_is_nobody_to_answer(body: bytes) -> None:
    assert write_acknowledgment(read_interchange(body), at=AT) is None
