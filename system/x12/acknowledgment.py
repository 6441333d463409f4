"""Writes the 997 (functional acknowledgment) that answers an interchange, and a TA1 where its envelope is at fault.

It says what was found, set by set, in the codes that every EDI tool knows. Since an interchange is taken whole or not
at all, one rejected set rejects the others too; those carry no code of their own. The acknowledgment's number is that
of the interchange it answers: it travels in the reply to it, so there is nothing else to tell it apart from.
"""

from collections.abc import Iterable
from datetime import datetime
from itertools import groupby

from system.x12.defects import Defect, Level, SegmentCode
from system.x12.envelope import Group, Interchange, TransactionSet
from system.x12.reading import Reading
from system.x12.writing import Envelope, OutgoingSet, write_interchange

_CODES_MAX = 5
"""AK5 and AK9 have room for five codes."""


def write_acknowledgment(reading: Reading, *, at: datetime) -> str | None:
    """The acknowledgment of a reading, sent back under its own delimiters; None when there is no envelope to answer.

    Raises nothing: what cannot be quoted in X12 is left out.
    """
    interchange = reading.interchange
    if interchange is None or not _answerable(interchange):
        return None
    found = reading.defects.found
    groups = [group for group in interchange.groups if group.control_number]
    sets = [OutgoingSet(code="997", segments=_group_answer(group, found, bool(found))) for group in groups]
    notes = _interchange_note(interchange, found, at) if not sets or _of(found, Level.INTERCHANGE) else ()
    envelope = Envelope(
        sender=interchange.receiver,
        sender_qualifier=interchange.receiver_qualifier,
        receiver=interchange.sender,
        receiver_qualifier=interchange.sender_qualifier,
        control_number=interchange.control_number,
        at=at,
        version=interchange.version,
        group_version=groups[0].version if groups else "004010",
        usage=interchange.usage,
        delimiters=interchange.delimiters,
    )
    return write_interchange(envelope, "FA", sets, notes=notes)


def _answerable(interchange: Interchange) -> bool:
    numbers = (interchange.control_number, interchange.version)
    qualifiers = (interchange.sender_qualifier, interchange.receiver_qualifier, interchange.usage)
    lengths = tuple(len(text) for text in (*qualifiers, *numbers))
    return lengths == (2, 2, 1, 9, 5) and all(number.isdigit() for number in numbers)


def _interchange_note(interchange: Interchange, found: list[Defect], at: datetime) -> list[tuple[str, ...]]:
    own = _of(found, Level.INTERCHANGE)
    code = own[0].code if own else "000"
    return [("TA1", interchange.control_number, f"{at:%y%m%d}", f"{at:%H%M}", "R" if found else "A", code)]


def _group_answer(group: Group, found: list[Defect], rejected: bool) -> list[tuple[str, ...]]:
    segments: list[tuple[str, ...]] = [("AK1", group.code[:2], group.control_number)]
    for transaction in group.sets:
        segments.append(("AK2", transaction.code[:3], transaction.control_number[:9]))
        own = [defect for defect in found if _stands_in(defect, transaction)]
        segments.extend(_set_notes(own))
        codes = _codes(own, Level.SET)
        if any(defect.level in (Level.SEGMENT, Level.ELEMENT) for defect in own):
            codes.append("5")
        segments.append(("AK5", "R" if rejected else "A", *codes[:_CODES_MAX]))
    count = str(len(group.sets))
    trailer = [defect for defect in found if defect.level is Level.GROUP and _stands_in_group(defect, group)]
    codes = _codes(trailer, Level.GROUP)
    accepted = "0" if rejected else count
    segments.append(("AK9", "R" if rejected else "A", count, count, accepted, *codes[:_CODES_MAX]))
    return segments


def _set_notes(own: list[Defect]) -> Iterable[tuple[str, ...]]:
    details = [defect for defect in own if defect.level in (Level.SEGMENT, Level.ELEMENT)]
    details.sort(key=lambda defect: defect.set_position)
    for set_position, at_segment in groupby(details, key=lambda defect: defect.set_position):
        defects = list(at_segment)
        elements = [defect for defect in defects if defect.level is Level.ELEMENT]
        segment_codes = _codes(defects, Level.SEGMENT) or [SegmentCode.HAS_ELEMENT_ERRORS]
        yield ("AK3", _plain(defects[0].segment), str(set_position), "", *segment_codes[:_CODES_MAX])
        for defect in elements:
            yield ("AK4", str(defect.element), "", defect.code, _plain(defect.value or ""))


def _plain(text: str) -> str:
    """Data that can be quoted: it came out of the same delimiters, so only line breaks and the like are in the way."""
    return text if text.isprintable() else ""


def _stands_in(defect: Defect, transaction: TransactionSet) -> bool:
    first = transaction.first + 1
    inside = first <= defect.position < first + max(len(transaction.segments), 1)
    return defect.control_number == transaction.control_number[:9] and (inside or defect.level is Level.SET)


def _stands_in_group(defect: Defect, group: Group) -> bool:
    segments = sum(len(transaction.segments) for transaction in group.sets)
    return group.index + 1 <= defect.position <= group.index + segments + 2


def _of(found: list[Defect], level: Level) -> list[Defect]:
    return [defect for defect in found if defect.level is level]


def _codes(defects: list[Defect], level: Level) -> list[str]:
    return list(dict.fromkeys(defect.code for defect in _of(defects, level)))
