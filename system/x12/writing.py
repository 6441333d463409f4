"""Writes interchanges: envelopes around transaction sets, counted and numbered.

X12 has no escape character, so a value that holds a delimiter cannot be written: it is refused, never changed silently.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from system.x12.tokens import Delimiters

DEFAULT_DELIMITERS = Delimiters(element="*", component=">", segment="~", repetition=None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Envelope:
    """Who writes to whom, when and under which number; `version` is that of ISA12, `group_version` of GS08."""

    sender: str
    receiver: str
    control_number: str
    at: datetime
    sender_qualifier: str = "ZZ"
    receiver_qualifier: str = "ZZ"
    version: str = "00401"
    group_version: str = "004010"
    usage: str = "P"
    delimiters: Delimiters = DEFAULT_DELIMITERS


@dataclass(frozen=True, slots=True, kw_only=True)
class OutgoingSet:
    """A transaction set to write: the segments between ST and SE."""

    code: str
    segments: Sequence[Sequence[str]]


def write_interchange(
    envelope: Envelope, group_code: str, sets: Sequence[OutgoingSet], *, notes: Sequence[Sequence[str]] = ()
) -> str:
    """One interchange with one group of `sets` (no group when there are none) after the `notes` (TA1 segments).

    Raises ValueError when a value holds a delimiter or does not fit the ISA segment.
    """
    number = f"{envelope.control_number:0>9}"
    segments: list[Sequence[str]] = [_isa(envelope), *notes]
    if sets:
        date, time, group_number = f"{envelope.at:%Y%m%d}", f"{envelope.at:%H%M}", number.lstrip("0") or "0"
        sender, receiver = envelope.sender, envelope.receiver
        segments.append(("GS", group_code, sender, receiver, date, time, group_number, "X", envelope.group_version))
        for index, outgoing in enumerate(sets, 1):
            set_number = f"{index:04d}"
            segments.append(("ST", outgoing.code, set_number))
            segments.extend(outgoing.segments)
            segments.append(("SE", str(len(outgoing.segments) + 2), set_number))
        segments.append(("GE", str(len(sets)), group_number))
    segments.append(("IEA", "1" if sets else "0", number))
    terminator = envelope.delimiters.segment
    return "".join(_line(segment, envelope.delimiters) + terminator for segment in segments)


def _isa(envelope: Envelope) -> Sequence[str]:
    fixed = ((envelope.sender, 15), (envelope.receiver, 15), (envelope.control_number, 9))
    for value, length in fixed:
        if len(value) > length:
            raise ValueError(f"expected at most {length} characters for the ISA segment, seen {value!r}")
    return (
        *("ISA", "00", " " * 10, "00", " " * 10),
        *(envelope.sender_qualifier, f"{envelope.sender:15}", envelope.receiver_qualifier, f"{envelope.receiver:15}"),
        *(f"{envelope.at:%y%m%d}", f"{envelope.at:%H%M}", envelope.delimiters.repetition or "U", envelope.version),
        *(f"{envelope.control_number:0>9}", "0", envelope.usage, envelope.delimiters.component),
    )


def _line(segment: Sequence[str], delimiters: Delimiters) -> str:
    cut = {delimiters.element, delimiters.segment}
    for element in segment:
        if not cut.isdisjoint(element):
            raise ValueError(f"{segment[0]}: {element!r} holds a delimiter; choose others or leave the value out")
    kept = list(segment)
    while len(kept) > 1 and not kept[-1]:
        kept.pop()
    return delimiters.element.join(kept)
