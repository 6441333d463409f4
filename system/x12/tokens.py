"""Cuts an interchange into segments and elements.

The ISA segment has a fixed length, so its own characters say how the rest is cut: element separator, component
separator, segment terminator and, from version 00402 on, the repetition separator. Nothing is interpreted here beyond
that: `str.split` does the work, because a flood of bad input must be cheap to look at.
"""

import re
from dataclasses import dataclass

from system.x12.defects import Defect, Level, quoted

ISA_LENGTH = 106
_ISA_SEPARATORS = (3, 6, 17, 20, 31, 34, 50, 53, 69, 76, 81, 83, 89, 99, 101, 103)
_REPETITION_SINCE = "00402"
_LINE_ENDS = "\r\n"
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
_BLANKS = " \t\r\n"

SEGMENTS_MAX = 100_000
ELEMENTS_MAX = 500_000
"""Far more than an interchange has; what is only delimiters would cost the most to cut."""

Segment = list[str]
"""A segment's elements as text; the first is the segment's id, so that element n stands at index n."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Delimiters:
    """The characters that cut one interchange; `repetition` is None for versions that have none."""

    element: str
    component: str
    segment: str
    repetition: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Tokens:
    """An interchange, cut: `lines` are the segments as they came, `segments` the same, cut into elements."""

    delimiters: Delimiters
    lines: list[str]
    segments: list[Segment]


class Unreadable(Exception):
    """The text cannot even be cut into segments; `defect` says why."""

    def __init__(self, defect: Defect) -> None:
        super().__init__(defect.message)
        self.defect = defect


def read_delimiters(text: str) -> Delimiters:
    """The delimiters that the ISA segment declares; raises Unreadable when it is no ISA segment."""
    if not text.startswith("ISA"):
        raise _unreadable("024", f"expected an interchange that begins with ISA, seen {quoted(text[:12])}")
    if len(text) < ISA_LENGTH:
        raise _unreadable("023", f"expected {ISA_LENGTH} characters of ISA segment, seen {len(text)}")
    element, component, segment = text[3], text[104], text[105]
    if any(text[at] != element for at in _ISA_SEPARATORS) or text.count(element, 0, ISA_LENGTH) != len(_ISA_SEPARATORS):
        raise _unreadable("026", f"the ISA segment is not cut by {element!r} at its fixed places")
    version, repetition = text[84:89], text[82]
    has_repetition = version >= _REPETITION_SINCE and not repetition.isalnum() and repetition != " "
    characters = [element, component, segment, *([repetition] if has_repetition else [])]
    if len(set(characters)) != len(characters):
        raise _unreadable("022", f"expected delimiters that differ from each other, seen {characters}")
    if any(character.isalnum() or character == " " or ord(character) > 127 for character in characters):
        raise _unreadable("022", f"expected delimiters that are neither letters, digits nor spaces, seen {characters}")
    return Delimiters(
        element=element, component=component, segment=segment, repetition=repetition if has_repetition else None
    )


def tokenize(text: str, *, segments_max: int = SEGMENTS_MAX, elements_max: int = ELEMENTS_MAX) -> Tokens:
    """Cuts `text` into segments and elements; raises Unreadable when it cannot be cut, or into more than allowed.

    Line breaks after a segment terminator and white space after the last one are not data. The last terminator may be
    missing only where it is a line break, which transports like to trim.
    """
    delimiters = read_delimiters(text)
    terminator, separator = delimiters.segment, delimiters.element
    forbidden = _CONTROL.search(_without_delimiters(text, delimiters))
    if forbidden:
        position = text.count(terminator, 0, forbidden.start()) + 1
        raise _unreadable("024", f"segment {position} holds the control character {forbidden[0]!r}", position)
    for mark, limit, parts in ((terminator, segments_max, "segments"), (separator, elements_max, "elements")):
        if text.count(mark) > limit:
            raise _unreadable("024", f"expected at most {limit} {parts}, counted more")
    lines = text.split(terminator)
    if terminator not in _LINE_ENDS or "\r" in text:
        lines = [line.lstrip(_LINE_ENDS) for line in lines]
    if not lines[-1].strip(_BLANKS):
        lines.pop()
    elif terminator not in _LINE_ENDS:
        raise _unreadable("023", "the interchange ends inside a segment", len(lines))
    while terminator in _LINE_ENDS and not lines[-1].strip(_BLANKS):
        lines.pop()
    return Tokens(delimiters=delimiters, lines=lines, segments=[line.split(separator) for line in lines])


def _without_delimiters(text: str, delimiters: Delimiters) -> str:
    """The text with those delimiters blanked that are control characters themselves, as some partners use them."""
    for mark in (delimiters.element, delimiters.component, delimiters.segment, delimiters.repetition):
        if mark is not None and mark < " ":
            text = text.replace(mark, " ")
    return text


def _unreadable(code: str, message: str, position: int = 1) -> Unreadable:
    segment = "ISA" if position == 1 else ""
    return Unreadable(Defect(level=Level.INTERCHANGE, segment=segment, position=position, code=code, message=message))
