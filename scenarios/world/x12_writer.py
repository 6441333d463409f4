"""Writes real X12: load tenders (204, version 004010) inside their envelopes, in the variants that partners send.

X12 has no escape, so a value that holds one of the delimiters is refused, never mended. It reads nothing: the system
and the LLM of the world each have a reader of their own, and sharing code with either would hide their mistakes.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from scenarios.world.sent_tender import SentStop, SentTender

Segment = tuple[str, ...]

_PURPOSE_CODES = {"original": "00", "cancel": "01", "change": "04"}
_STOP_REASONS = {
    "pickup": {"complete": "CL", "part": "PL", "plain": "LD"},
    "delivery": {"complete": "CU", "part": "PU", "plain": "UL"},
}
_ISA13 = slice(90, 99)
"""Where the control number stands: the ISA segment is the only one of fixed width."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Delimiters:
    """The characters that an interchange states in its ISA segment; `line_end` may follow each terminator."""

    element: str = "*"
    component: str = ">"
    terminator: str = "~"
    line_end: str = ""

    def __post_init__(self) -> None:
        marks = (self.element, self.component, self.terminator)
        if len(set(marks)) != 3 or any(len(mark) != 1 or mark.isalnum() for mark in marks):
            raise ValueError(f"expected three different single marks as delimiters, seen {marks!r}")
        if self.line_end not in ("", "\n", "\r\n") or (self.line_end and self.terminator == "\n"):
            raise ValueError(f"line_end may be '', newline or CR and newline after another terminator: {self!r}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """Where one partner puts what the standard leaves open, in one transaction set.

    `pickup_qualifier` and `delivery_qualifier` are those of the date in G62; `local_code` is how a local time is told
    (`LT` or nothing; a time in UTC always says `UT`); `reasons` picks the S5 codes; `version_shown` puts L11 with V0
    also where it could be left out; `remark` becomes a note, which is where a cancel says why.
    """

    weight_in: Literal["L3", "AT8", "S5", "OID", "PLD"] = "L3"
    pickup_qualifier: Literal["10", "37", "38", "64", "69"] = "37"
    delivery_qualifier: Literal["02", "53", "54", "68", "70"] = "70"
    local_code: Literal["", "LT"] = ""
    reasons: Literal["complete", "part", "plain"] = "plain"
    version_shown: bool = False
    remark: str = ""


def transaction_set(tender: SentTender, layout: Layout) -> list[Segment]:
    """The segments of one 204 between its ST and SE, which `interchange` adds."""
    segments: list[Segment] = [
        ("B2", "", "FXCA", "", tender.shipment_id, "", "PP"),
        ("B2A", _PURPOSE_CODES[tender.purpose], "LT"),
    ]
    if tender.purpose == "change" or layout.version_shown:
        segments.append(("L11", tender.version, "V0"))
    segments.append(("L11", f"PO{tender.shipment_id[-6:]}", "PO"))
    if layout.remark:
        segments.append(("NTE", "", layout.remark))
    segments.append(("N7", "", "53001", *[""] * 8, tender.equipment))
    pickups = [stop for stop in tender.stops if stop.type == "pickup"]
    shares = _shares(tender.weight_lb, len(pickups))
    for stop in tender.stops:
        share = shares[pickups.index(stop)] if stop.type == "pickup" else None
        first = bool(pickups) and stop is pickups[0]
        segments += _stop(stop, layout, share, tender.commodity if first else "")
    total = number_text(tender.weight_lb) if layout.weight_in == "L3" else ""
    if total or tender.rate is not None:
        offered = ("", "") if tender.rate is None else (number_text(tender.rate), "FR")
        # The charge has two implied decimals: it is written in cents.
        cents = "" if tender.rate is None else str(round(tender.rate * 100))
        segments.append(("L3", total, "G" if total else "", *offered, cents))
    return segments


def interchange(
    groups: Sequence[Sequence[Sequence[Segment]]],
    *,
    sender: str,
    control_number: int,
    at: datetime,
    receiver: str = "FREIGHT",
    delimiters: Delimiters | None = None,
) -> bytes:
    """One interchange with `groups` of transaction sets, with right counts and control numbers, as ASCII bytes.

    `control_number` (1 to 999999999) is ISA13; groups count on from 1, and so do the sets in each of them.
    """
    if not 1 <= control_number <= 999_999_999:
        raise ValueError(f"a control number has nine digits: {control_number}")
    marks = delimiters or Delimiters()
    number = f"{control_number:09d}"
    isa = (
        *("ISA", "00", " " * 10, "00", " " * 10, "ZZ", f"{sender:<15}", "ZZ", f"{receiver:<15}"),
        *(f"{at:%y%m%d}", f"{at:%H%M}", "U", "00401", number, "0", "T", marks.component),
    )
    lines = [marks.element.join(isa)]
    for group_number, group in enumerate(groups, start=1):
        stamp = (f"{at:%Y%m%d}", f"{at:%H%M}", str(group_number))
        lines.append(_line(("GS", "SM", sender, receiver, *stamp, "X", "004010"), marks))
        for set_number, segments in enumerate(group, start=1):
            lines.append(_line(("ST", "204", f"{set_number:04d}"), marks))
            lines += [_line(segment, marks) for segment in segments]
            lines.append(_line(("SE", str(len(segments) + 2), f"{set_number:04d}"), marks))
        lines.append(_line(("GE", str(len(group)), str(group_number)), marks))
    lines.append(_line(("IEA", str(len(groups)), number), marks))
    text = "".join(line + marks.terminator + marks.line_end for line in lines)
    if text[105] != marks.terminator:
        raise ValueError(f"sender and receiver have 15 characters at most: {sender!r}, {receiver!r}")
    return text.encode("ascii")


def with_control_number(body: bytes, control_number: int) -> bytes:
    """The same interchange under another ISA control number: what a partner's resend looks like."""
    number = f"{control_number:09d}".encode("ascii")
    old = body[_ISA13]
    head, iea, tail = body.rpartition(b"IEA")
    if not (body.startswith(b"ISA") and iea and old.isdigit() and old in tail):
        raise ValueError("expected one whole interchange from ISA to IEA")
    return head[: _ISA13.start] + number + head[_ISA13.stop :] + iea + tail.replace(old, number)


def number_text(value: float) -> str:
    """A number as X12 writes it: no exponent, no needless zeros."""
    return f"{value:.4f}".rstrip("0").rstrip(".")


def _shares(weight_lb: float, count: int) -> list[float]:
    """The weight of each of `count` pickups, in quarters of a pound, so that their sum is exactly the weight."""
    quarters = round(weight_lb * 4)
    each = quarters // max(count, 1)
    return [(each if number else quarters - each * (count - 1)) / 4 for number in range(count)]


def _stop(stop: SentStop, layout: Layout, share_lb: float | None, commodity: str) -> list[Segment]:
    """The segments of one stop; `share_lb` is what is loaded there, None where nothing is."""
    weight = "" if share_lb is None else number_text(share_lb)
    inside = layout.weight_in if weight else "L3"
    loaded = (weight, "L", "12", "PL") if inside == "S5" else ()
    pickup = stop.type == "pickup"
    date_qualifier, time_qualifier = (layout.pickup_qualifier, "Y") if pickup else (layout.delivery_qualifier, "Z")
    segments: list[Segment] = [("S5", str(stop.sequence), _STOP_REASONS[stop.type][layout.reasons], *loaded)]
    if stop.at is not None:
        date, time = stop.at[:10].replace("-", ""), stop.at[11:16].replace(":", "")
        time_code = "UT" if stop.at.endswith("Z") else layout.local_code
        segments.append(("G62", date_qualifier, date, time_qualifier, time, time_code))
    if inside == "AT8":
        segments.append(("AT8", "G", "L", weight, "12"))
    if inside == "PLD":
        segments.append(("PLD", "12", "", "L", weight))
    segments += [
        ("N1", "SF" if pickup else "ST", stop.name),
        ("N3", f"{100 + stop.sequence} DOCK ROAD"),
        ("N4", stop.city, stop.state, stop.postal_code, "US"),
    ]
    if commodity:
        segments.append(("L5", "1", commodity))
    if inside == "OID":
        segments.append(("OID", f"OR{stop.sequence}", f"PO{stop.sequence}", "", "PL", "12", "L", weight))
    return segments


def _line(segment: Segment, marks: Delimiters) -> str:
    elements = list(segment)
    while len(elements) > 1 and not elements[-1]:
        elements.pop()
    for element in elements:
        if any(mark in element for mark in (marks.element, marks.component, marks.terminator)) or "\n" in element:
            raise ValueError(f"{segment[0]}: the value {element!r} holds a delimiter of this interchange")
    return marks.element.join(elements)
