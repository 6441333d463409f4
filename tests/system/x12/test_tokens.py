"""The tokenizer: delimiters come from the ISA segment, and pyx12's reader cuts the same text into the same elements."""

import io

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pyx12.x12file import X12Reader

from system.x12 import Unreadable, tokenize

ISA = "ISA*00*          *00*          *ZZ*P1001          *ZZ*FREIGHT        *270201*0000*{}*{}*000000077*0*P*>~"
PLAIN = ISA.format("U", "00401")


def with_delimiters(text: str, element: str, component: str, segment: str) -> str:
    return text.translate({ord("*"): element, ord(">"): component, ord("~"): segment})


@pytest.mark.parametrize("terminator", ["~", "\n", "'", "\x1d", "\r"])
@pytest.mark.parametrize("element", ["*", "|", "\x1c", "+"])
def test_any_declared_delimiters_cut_the_interchange(terminator: str, element: str) -> None:
    text = with_delimiters(PLAIN + "GS*SM~ST*204*0001~", element, ":", terminator)
    tokens = tokenize(text)
    assert [segment[0] for segment in tokens.segments] == ["ISA", "GS", "ST"]
    assert tokens.segments[2] == ["ST", "204", "0001"]
    assert (tokens.delimiters.element, tokens.delimiters.component) == (element, ":")
    assert tokens.delimiters.segment == terminator


@pytest.mark.parametrize("line_end", ["\n", "\r\n"])
def test_line_breaks_behind_the_terminator_are_no_data(line_end: str) -> None:
    lines = [PLAIN, "GS*SM~", "ST*204*0001~", ""]
    assert tokenize(line_end.join(lines)).segments[1:] == [["GS", "SM"], ["ST", "204", "0001"]]


def test_windows_line_ends_as_terminators() -> None:
    text = PLAIN.replace("~", "\r\n") + "GS*SM\r\nST*204*0001\r\n"
    assert tokenize(text).segments[1:] == [["GS", "SM"], ["ST", "204", "0001"]]


def test_a_last_terminator_may_be_missing_only_where_it_is_a_line_break() -> None:
    assert tokenize(PLAIN.replace("~", "\n") + "GS*SM").segments[1] == ["GS", "SM"]
    with pytest.raises(Unreadable) as caught:
        tokenize(PLAIN + "GS*SM")
    assert (caught.value.defect.code, caught.value.defect.position) == ("023", 2)


@pytest.mark.parametrize(
    ("declared", "version", "repetition"),
    [("U", "00401", None), ("^", "00401", None), ("^", "00501", "^"), ("U", "00501", None), ("!", "00402", "!")],
)
def test_the_repetition_separator_exists_from_version_00402_on(
    declared: str, version: str, repetition: str | None
) -> None:
    assert tokenize(ISA.format(declared, version)).delimiters.repetition == repetition


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("", "024"),
        ("GS*SM~", "024"),
        (PLAIN[:50], "023"),
        (PLAIN.replace("*", "A"), "026"),
        (PLAIN[:20] + "***" + PLAIN[23:], "026"),
        (PLAIN[:104] + "**", "026"),
        (PLAIN[:104] + "~~", "022"),
        (PLAIN[:105] + "Z", "022"),
        (PLAIN[:105] + " ", "022"),
        (PLAIN + "ST*\x00~", "024"),
    ],
)
def test_what_cannot_be_cut_is_named(text: str, code: str) -> None:
    with pytest.raises(Unreadable) as caught:
        tokenize(text)
    assert caught.value.defect.code == code
    assert caught.value.defect.message


def test_what_is_only_delimiters_is_not_cut() -> None:
    for text in (PLAIN + "~" * 100_001, PLAIN + "*" * 500_001 + "~"):
        with pytest.raises(Unreadable, match="at most"):
            tokenize(text)


_VALUE = st.text(alphabet="ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789 .-/&#", max_size=12)
_SEGMENT = st.tuples(
    st.sampled_from(["N1", "L11", "G62", "S5", "NTE", "B2A", "N7"]), st.lists(_VALUE, min_size=1, max_size=9)
)
_DELIMITERS = st.sampled_from([("*", ">", "~"), ("|", ":", "'"), ("*", "^", "\n"), ("+", "<", "!")])


@given(
    segments=st.lists(_SEGMENT, min_size=1, max_size=30),
    delimiters=_DELIMITERS,
    line_end=st.sampled_from(["", "\n", "\r\n"]),
    version=st.sampled_from(["00401", "00501"]),
)
def test_pyx12_reads_the_same_segments(
    segments: list[tuple[str, list[str]]], delimiters: tuple[str, str, str], line_end: str, version: str
) -> None:
    if delimiters[2] == "\n":
        line_end = ""
    head = with_delimiters(ISA.format("U", version), *delimiters)
    lines = [head, *(delimiters[0].join((name, *values)) + delimiters[2] for name, values in segments)]
    text = line_end.join(lines) + line_end
    theirs = [
        [segment.get_seg_id(), *(segment.get_value(f"{n:02d}") or "" for n in range(1, len(segment) + 1))]
        for segment in X12Reader(io.StringIO(text))
    ]
    ours = tokenize(text).segments
    assert len(ours) == len(theirs)
    for our, their in zip(ours[1:], theirs[1:], strict=True):
        # pyx12 drops empty elements at the end of a segment and composite ones are not generated here.
        assert _trimmed(our) == _trimmed(their)


def _trimmed(segment: list[str]) -> list[str]:
    kept = list(segment)
    while kept and not kept[-1]:
        kept.pop()
    return kept
