"""From the bytes of an interchange to typed tenders: the one call that a receiver of 204s makes.

An interchange is taken whole or not at all, so a reading has either tenders or defects, never both. The raw text of
each tender is kept as a small interchange of its own, which reads by itself: it says its own delimiters.
"""

from dataclasses import dataclass

from system.x12.defects import Defect, Defects, Level, quoted
from system.x12.envelope import Group, Interchange, TransactionSet, read_envelope
from system.x12.load_tender import read_load_tender
from system.x12.tender import Tender
from system.x12.tokens import Tokens, Unreadable, tokenize

LOAD_TENDER = "204"
LOAD_TENDER_GROUP = "SM"


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadTender:
    """One tender with what it was read from: `raw` is its transaction set inside the envelope it came in."""

    tender: Tender
    control_number: str
    set_control_number: str
    raw: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """What an interchange holds; `interchange` is None when not even its envelope could be read."""

    interchange: Interchange | None
    tenders: tuple[ReadTender, ...]
    defects: Defects


def read_interchange(body: bytes | str, *, sets_max: int = 1000, defects_max: int = 100) -> Reading:
    """Reads an interchange of 204s; never raises for bad input.

    More than `sets_max` transaction sets are a defect; reading stops at `defects_max` defects.
    """
    defects = Defects(limit=defects_max)
    try:
        tokens = tokenize(body if isinstance(body, str) else _decoded(body))
    except Unreadable as error:
        defects.add(error.defect)
        return Reading(interchange=None, tenders=(), defects=defects)
    interchange = read_envelope(tokens, defects, sets_max=sets_max)
    tenders: list[ReadTender] = []
    for group in interchange.groups:
        _check_group(group, defects)
        for transaction in group.sets:
            if defects.full:
                break
            tender = _read_set(transaction, defects)
            if tender is not None and not defects:
                tenders.append(
                    ReadTender(
                        tender=tender,
                        control_number=interchange.control_number,
                        set_control_number=transaction.control_number,
                        raw=_raw(tokens, group, transaction),
                    )
                )
    if not tenders and not defects:
        message = "the interchange holds no transaction set"
        defects.add(Defect(level=Level.INTERCHANGE, segment="ISA", position=1, code="024", message=message))
    return Reading(interchange=interchange, tenders=() if defects else tuple(tenders), defects=defects)


def _decoded(body: bytes) -> str:
    try:
        return body.decode("utf-8")
    except UnicodeDecodeError as error:
        message = f"expected text in UTF-8, seen the byte 0x{body[error.start]:02x} at {error.start}"
        raise Unreadable(Defect(level=Level.INTERCHANGE, segment="", position=1, code="024", message=message)) from None


def _check_group(group: Group, defects: Defects) -> None:
    if group.code != LOAD_TENDER_GROUP:
        message = f"expected a group of load tenders (SM) in GS01, seen {quoted(group.code)}"
        position = group.index + 1
        defects.add(Defect(level=Level.GROUP, segment="GS", element=1, position=position, code="1", message=message))


def _read_set(transaction: TransactionSet, defects: Defects) -> Tender | None:
    if transaction.code == LOAD_TENDER:
        return read_load_tender(transaction, defects)
    defects.add(
        Defect(
            level=Level.SET,
            segment="ST",
            element=1,
            position=transaction.first + 1,
            set_position=1,
            control_number=transaction.control_number[:9],
            code="1",
            message=f"expected a 204 in ST01, seen {quoted(transaction.code)}",
        )
    )
    return None


def _raw(tokens: Tokens, group: Group, transaction: TransactionSet) -> str:
    separator, terminator = tokens.delimiters.element, tokens.delimiters.segment
    lines, first = tokens.lines, transaction.first
    group_number, interchange_number = tokens.segments[group.index][6], tokens.segments[0][13]
    kept = (
        lines[0],
        lines[group.index],
        *lines[first : first + len(transaction.segments)],
        separator.join(("GE", "1", group_number)),
        separator.join(("IEA", "1", interchange_number)),
    )
    return terminator.join(kept) + terminator
