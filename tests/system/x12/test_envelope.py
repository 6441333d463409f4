"""The envelopes: whatever disagrees about counts or control numbers is named with its place and the X12 code for it."""

from collections.abc import Callable

import pytest

from system.x12 import Defect, Level, read_interchange

Segments = list[tuple[str, ...]]


@pytest.fixture
def two_sets(plain_segments: Segments, write_tender: Callable[..., str]) -> str:
    return write_tender(plain_segments, plain_segments)


def defects_of(text: str) -> list[Defect]:
    reading = read_interchange(text)
    assert bool(reading.defects) == (not reading.tenders)
    return reading.defects.found


@pytest.mark.parametrize(
    ("before", "after", "level", "segment", "code"),
    [
        ("SE*17*0001", "SE*18*0001", Level.SET, "SE", "4"),
        ("SE*17*0001", "SE*x*0001", Level.SET, "SE", "4"),
        ("SE*17*0001", "SE*17*0009", Level.SET, "SE", "3"),
        ("SE*17*0001~", "", Level.SET, "SE", "2"),
        ("ST*204*0002", "ST*204*0001", Level.SET, "ST", "23"),
        ("ST*204*0001", "ST*204*", Level.SET, "ST", "7"),
        ("ST*204*0001", "ST*210*0001", Level.SET, "ST", "1"),
        ("GE*2*77", "GE*1*77", Level.GROUP, "GE", "5"),
        ("GE*2*77", "GE*2*78", Level.GROUP, "GE", "4"),
        ("GE*2*77~", "", Level.GROUP, "GE", "3"),
        ("GS*SM", "GS*PO", Level.GROUP, "GS", "1"),
        ("*77*X*", "**X*", Level.GROUP, "GS", "6"),
        ("IEA*1*", "IEA*2*", Level.INTERCHANGE, "IEA", "021"),
        ("IEA*1*000000077", "IEA*1*000000078", Level.INTERCHANGE, "IEA", "001"),
        ("IEA*1*000000077~", "", Level.INTERCHANGE, "IEA", "023"),
        ("*270201*", "*2702AB*", Level.INTERCHANGE, "ISA", "014"),
        ("*00401*", "*ABCDE*", Level.INTERCHANGE, "ISA", "017"),
        ("*000000077*0*P*", "*00000007X*0*P*", Level.INTERCHANGE, "ISA", "018"),
        ("*0*P*", "*0*X*", Level.INTERCHANGE, "ISA", "020"),
        ("ZZ*P1001          *", "ZZ*               *", Level.INTERCHANGE, "ISA", "006"),
    ],
)
def test_a_disagreement_is_named(two_sets: str, before: str, after: str, level: Level, segment: str, code: str) -> None:
    assert before in two_sets
    assert (level, segment, code) in [
        (defect.level, defect.segment, defect.code) for defect in defects_of(two_sets.replace(before, after, 1))
    ]


def test_data_behind_the_end_is_refused(two_sets: str) -> None:
    assert defects_of(two_sets + two_sets)[0].code == "022"


def test_a_missing_end_of_everything_names_every_level(two_sets: str) -> None:
    cut = two_sets[: two_sets.index("L3*")]
    assert [defect.level for defect in defects_of(cut)][:3] == [Level.SET, Level.GROUP, Level.INTERCHANGE]


def test_positions_count_from_isa_and_from_st(two_sets: str) -> None:
    second = two_sets.rindex("SE*17")
    found = defects_of(two_sets[:second] + two_sets[second:].replace("SE*17", "SE*16", 1))
    assert [(defect.position, defect.set_position, defect.control_number) for defect in found] == [(36, 17, "0002")]


def test_an_envelope_without_a_tender_is_refused(write_tender: Callable[..., str]) -> None:
    assert {defect.code for defect in defects_of(write_tender())} == {"024"}
