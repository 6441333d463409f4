"""What in freight messages says who somebody is: contacts, names, streets and credentials of X12, names of stops.

X12 is found wherever in a text it stands: whole interchanges by the delimiters that they declare, and single segments,
as an error message quotes them, by the usual ones. Company names are taken out like people's: a one-man haulier is
both. City, state and postal code stay, because loads are decided by them.
"""

import re
from collections.abc import Iterator
from typing import Any

from harness.traces import RedactionRules, Sensitive

ISA_LENGTH, _ISA_ELEMENTS = 106, 16
_ISA = re.compile(r"ISA(?P<element>[^A-Za-z0-9\s])")
_LOOSE = re.compile(
    r"(?<![A-Za-z0-9])(?:G61|PER|NM1|N1|N2|N3)(?P<element>[*|^])"
    r"[^~\r\n]{1,500}?(?=[~\r\n]|'\s*[A-Z][A-Z0-9]{1,2}(?P=element)|\Z)"
)
_NAMES = {"N1": (2,), "N2": (1, 2), "N3": (1, 2), "NM1": (3, 4, 5)}
_CONTACTS = {"G61": (2, (3, 5)), "PER": (2, (3, 5, 7))}
"""Where the contact's name stands, and where the qualifiers of its numbers do."""
_CREDENTIALS = {"ISA": ((1, 2), (3, 4))}
"""ISA01 and ISA03 say whether ISA02 and ISA04 hold anything."""
_NOTHING = "00"
_EMAIL = "EM"
_UNRINGABLE = frozenset({"UR", "IE"})
ON_CALL = frozenset({"+1-555-0100", "+1-555-0101", "+1-555-0102", "+1-555-0103"})
"""The numbers that the incident playbook names, which alerts say: nobody's but this company's, and no secret."""


def sensitive_x12(text: str) -> Iterator[Sensitive]:
    """The elements in `text` that say who somebody is, or let somebody in."""
    upto = 0
    for isa in _ISA.finditer(text):
        if isa.start() < upto:
            continue
        end = _end_of(text, isa.start())
        if end is None:
            continue
        yield from _loose(text, upto, isa.start())
        terminator = text[isa.start() + ISA_LENGTH - 1]
        upto = end
        for start, segment in _segments(text, isa.start(), end, terminator):
            yield from _in_segment(segment, start, isa["element"])
    yield from _loose(text, upto, len(text))


def _end_of(text: str, start: int) -> int | None:
    """Where the interchange ends, as far as it goes; None where its head is none."""
    head = text[start : start + ISA_LENGTH]
    if len(head) < ISA_LENGTH or head.count(head[3]) != _ISA_ELEMENTS or head[-1].isalnum():
        return None
    element, terminator = re.escape(head[3]), re.escape(head[-1])
    last = re.compile(rf"{terminator}\s*IEA{element}[^{terminator}]*").search(text, start)
    return last.end() if last else len(text)


def _segments(text: str, start: int, end: int, terminator: str) -> Iterator[tuple[int, str]]:
    while start < end:
        stop = text.find(terminator, start, end)
        stop = end if stop < 0 else stop
        yield start, text[start:stop]
        start = stop + 1


def _loose(text: str, start: int, end: int) -> Iterator[Sensitive]:
    for found in _LOOSE.finditer(text, start, end):
        yield from _in_segment(found[0], found.start(), found["element"])


def _in_segment(segment: str, start: int, element: str) -> Iterator[Sensitive]:
    bare = segment.lstrip()
    start += len(segment) - len(bare)
    elements: list[tuple[int, str]] = []
    for one in bare.split(element):
        elements.append((start, one))
        start += len(one) + 1
    tag = elements[0][1]

    def value(number: int) -> str:
        return elements[number][1] if number < len(elements) else ""

    def there(number: int, sort: Any) -> Iterator[Sensitive]:
        if text := value(number).strip():
            at = elements[number][0] + value(number).index(text)
            yield Sensitive(at, at + len(text), sort)

    for number in _NAMES.get(tag, ()):
        yield from there(number, "person" if tag == "NM1" else "name")
    if tag in _CONTACTS:
        name, qualifiers = _CONTACTS[tag]
        yield from there(name, "person")
        for qualifier in qualifiers:
            sort = "email" if value(qualifier) == _EMAIL else "name" if value(qualifier) in _UNRINGABLE else "phone"
            yield from there(qualifier + 1, sort)
    for qualifier, credential in _CREDENTIALS.get(tag, ()):
        if value(qualifier) != _NOTHING:
            yield from there(credential, "secret")


def decided(output: Any) -> Any:
    """What the system decided: answers, states and side effects, without what anything is called."""

    def of(part: str) -> list[dict[str, Any]]:
        return list(output.get(part) or ())

    return {
        "answers": [
            {"status": answer.get("status"), "results": [one.get("status") for one in answer.get("results") or ()]}
            for answer in of("answers")
        ],
        "intents": [
            {
                "state": intent.get("state"),
                "missing": intent.get("missing"),
                "failed": (intent.get("error_reason") or "").partition(":")[0],
                "transitions": [step.get("to") for step in intent.get("transitions") or ()],
            }
            for intent in of("intents")
        ],
        "writes": [{"action": write.get("action"), "status": write.get("status")} for write in of("writes")],
        "alerts": [{name: alert.get(name) for name in ("status", "sent_to")} for alert in of("alerts")],
        "notices": [{name: notice.get(name) for name in ("partner", "kind")} for notice in of("notices")],
        "rows": {table: len(rows) for table, rows in (output.get("rows") or {}).items()},
    }


RULES = RedactionRules(
    fields={
        "stops[*].name": "name",
        "contact.name": "person",
        "driver.name": "person",
        "contact_email": "email",
        "contact_phone": "phone",
    },
    spans=sensitive_x12,
    public=ON_CALL,
    decision=decided,
)
"""What is taken out of recorded traces, and what may not change thereby."""
