"""The envelopes of an interchange (ISA, GS, ST and their trailers): read, counted, control numbers compared.

Every level says twice how much it holds and which number it has. Whatever disagrees means that something was lost or
pasted together on the way, and then nothing of it can be trusted. What the transaction sets say is not read here.
"""

import re
from dataclasses import dataclass

from system.x12.defects import Defect, Defects, Level, quoted
from system.x12.tokens import Delimiters, Segment, Tokens

_ENVELOPE = frozenset({"ISA", "GS", "ST", "SE", "GE", "IEA"})
_CONTROL_NUMBER = re.compile(r"[A-Za-z0-9]{1,9}")


@dataclass(frozen=True, slots=True, kw_only=True)
class TransactionSet:
    """One set, from ST to SE; `first` is the index of its ST segment in the interchange."""

    code: str
    control_number: str
    first: int
    segments: list[Segment]


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """One functional group; `index` is that of its GS segment in the interchange."""

    code: str
    control_number: str
    version: str
    index: int
    sets: tuple[TransactionSet, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Interchange:
    """The envelope's own data, stripped of its padding, and the groups inside."""

    delimiters: Delimiters
    sender: str
    sender_qualifier: str
    receiver: str
    receiver_qualifier: str
    control_number: str
    version: str
    usage: str
    groups: tuple[Group, ...]


def read_envelope(tokens: Tokens, defects: Defects, *, sets_max: int = 1000) -> Interchange:
    """The structure of an interchange; what is wrong with it goes to `defects`, and reading goes on while it can.

    An interchange of more than `sets_max` transaction sets is not read beyond its header.
    """
    segments = tokens.segments
    header = [element.strip() for element in segments[0]]
    _check_header(header, defects)
    groups: list[Group] = []
    at, end = 1, len(segments)
    count = sum(1 for segment in segments if segment[0] == "ST")
    if count > sets_max:
        message = f"expected at most {sets_max} transaction sets in one interchange, counted {count}"
        _interchange(defects, "ISA", 1, "024", message)
        return _with_groups(tokens, header, [])
    while at < end and segments[at][0] == "TA1":
        at += 1
    while at < end and segments[at][0] == "GS" and not defects.full:
        group, at = _read_group(segments, at, defects)
        groups.append(group)
    if defects.full:
        pass
    elif at == end:
        _interchange(defects, "IEA", end, "023", "the interchange ends without an IEA segment")
    elif segments[at][0] != "IEA":
        message = f"expected GS or IEA, seen {quoted(segments[at][0])}"
        _interchange(defects, segments[at][0][:3], at + 1, "022", message)
    else:
        _check_trailer(segments[at], header, len(groups), at + 1, defects)
        if at + 1 < end:
            _interchange(defects, segments[at + 1][0][:3], at + 2, "022", "data follows the IEA segment")
    return _with_groups(tokens, header, groups)


def _with_groups(tokens: Tokens, header: Segment, groups: list[Group]) -> Interchange:
    return Interchange(
        delimiters=tokens.delimiters,
        sender_qualifier=header[5],
        sender=header[6],
        receiver_qualifier=header[7],
        receiver=header[8],
        control_number=header[13],
        version=header[12],
        usage=header[15],
        groups=tuple(groups),
    )


def _read_group(segments: list[Segment], start: int, defects: Defects) -> tuple[Group, int]:
    header = segments[start] + [""] * (9 - len(segments[start]))
    sets: list[TransactionSet] = []
    at, end = start + 1, len(segments)
    while at < end and segments[at][0] == "ST":
        found, at = _read_set(segments, at, defects)
        sets.append(found)
    position = min(at, end - 1) + 1
    if at == end or segments[at][0] != "GE":
        seen = "the end" if at == end else quoted(segments[at][0])
        _group(defects, "GE", position, "3", f"expected ST or GE, seen {seen}")
    else:
        trailer = segments[at] + ["", ""]
        if trailer[2].strip() != header[6].strip():
            message = f"GE02 is {quoted(trailer[2])} but GS06 is {quoted(header[6])}"
            _group(defects, "GE", position, "4", message, element=2)
        if (trailer[1].strip().lstrip("0") or "0") != str(len(sets)):
            message = f"GE01 says {quoted(trailer[1])} transaction sets, counted {len(sets)}"
            _group(defects, "GE", position, "5", message, element=1)
        at += 1
    if not _CONTROL_NUMBER.fullmatch(header[6].strip()):
        _group(defects, "GS", start + 1, "6", f"GS06 is no control number: {quoted(header[6])}", element=6)
    seen_numbers: set[str] = set()
    for found in sets:
        if found.control_number in seen_numbers:
            message = f"control number {quoted(found.control_number)} stands for more than one set of the group"
            _set(defects, found, "ST", found.first, "23", message, element=2)
        seen_numbers.add(found.control_number)
    group = Group(
        code=header[1].strip(),
        control_number=header[6].strip(),
        version=header[8].strip(),
        index=start,
        sets=tuple(sets),
    )
    return group, at


def _read_set(segments: list[Segment], start: int, defects: Defects) -> tuple[TransactionSet, int]:
    header = segments[start] + [""] * 3
    at, end = start + 1, len(segments)
    while at < end and segments[at][0] not in _ENVELOPE:
        at += 1
    closed = at < end and segments[at][0] == "SE"
    stop = at + 1 if closed else at
    found = TransactionSet(
        code=header[1].strip(), control_number=header[2].strip(), first=start, segments=segments[start:stop]
    )
    if not _CONTROL_NUMBER.fullmatch(found.control_number):
        message = f"ST02 is no control number: {quoted(found.control_number)}"
        _set(defects, found, "ST", start, "7", message, element=2)
    if not closed:
        seen = "the end" if at == end else quoted(segments[at][0])
        _set(defects, found, "SE", min(at, end - 1), "2", f"expected SE, seen {seen}")
        return found, stop
    trailer = segments[at] + ["", ""]
    if trailer[2].strip() != found.control_number:
        message = f"SE02 is {quoted(trailer[2])} but ST02 is {quoted(found.control_number)}"
        _set(defects, found, "SE", at, "3", message, element=2)
    if trailer[1].lstrip("0") != str(stop - start):
        message = f"SE01 says {quoted(trailer[1])} segments, counted {stop - start}"
        _set(defects, found, "SE", at, "4", message, element=1)
    return found, stop


def _check_header(header: Segment, defects: Defects) -> None:
    checks = (
        (6, "006", bool(header[6]), "a sender id"),
        (8, "008", bool(header[8]), "a receiver id"),
        (9, "014", _digits(header[9], 6), "a date as YYMMDD"),
        (10, "015", _digits(header[10], 4), "a time as HHMM"),
        (12, "017", _digits(header[12], 5), "a version such as 00401"),
        (13, "018", _digits(header[13], 9), "a control number of 9 digits"),
        (15, "020", header[15] in {"P", "T", "I"}, "P, T or I"),
    )
    for element, code, fine, wanted in checks:
        if not fine:
            message = f"expected {wanted}, seen {quoted(header[element])}"
            _interchange(defects, "ISA", 1, code, message, element=element)


def _check_trailer(trailer: Segment, header: Segment, groups: int, position: int, defects: Defects) -> None:
    count, number = [*trailer, "", ""][1:3]
    if number.strip() != header[13]:
        message = f"IEA02 is {quoted(number)} but ISA13 is {quoted(header[13])}"
        _interchange(defects, "IEA", position, "001", message, element=2)
    if (count.strip().lstrip("0") or "0") != str(groups):
        message = f"IEA01 says {quoted(count)} groups, counted {groups}"
        _interchange(defects, "IEA", position, "021", message, element=1)


def _digits(text: str, length: int) -> bool:
    return len(text) == length and text.isascii() and text.isdigit()


def _interchange(
    defects: Defects, segment: str, position: int, code: str, message: str, element: int | None = None
) -> None:
    defects.add(
        Defect(level=Level.INTERCHANGE, segment=segment, position=position, code=code, message=message, element=element)
    )


def _group(defects: Defects, segment: str, position: int, code: str, message: str, element: int | None = None) -> None:
    defects.add(
        Defect(level=Level.GROUP, segment=segment, position=position, code=code, message=message, element=element)
    )


def _set(
    defects: Defects,
    found: TransactionSet,
    segment: str,
    index: int,
    code: str,
    message: str,
    element: int | None = None,
) -> None:
    defects.add(
        Defect(
            level=Level.SET,
            segment=segment,
            position=index + 1,
            set_position=index - found.first + 1,
            code=code,
            message=message,
            element=element,
            control_number=found.control_number[:9],
        )
    )
