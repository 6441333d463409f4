"""Reads a 204 (motor carrier load tender) into a Tender.

Real 204s differ in where they say the same thing: the weight stands in L3, AT8, S5, OID or PLD, the pickup time in
G62 with one of five qualifiers, at a stop or in the heading. All of these are read, in a fixed order of preference.
Only what breaks the syntax or the signal's identity is a defect. A missing pickup time or weight is not: it is None.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from pydantic import ValidationError

from system.x12.defects import Defect, Defects, ElementCode, Level, SegmentCode, quoted
from system.x12.envelope import TransactionSet
from system.x12.measures import Misstated, dollars_implied, moment, number, pounds
from system.x12.tender import RATE_USD_MAX, WEIGHT_LB_MAX, Tender, version_of_content
from system.x12.tokens import Segment

PURPOSES = {"00": "original", "04": "change", "05": "change", "01": "cancel"}
"""B2A01. A replacement (05) counts as a change: as an original it would pass for a repeat of the first sending."""

PICKUP_QUALIFIERS = ("69", "10", "37", "38", "64")
DELIVERY_QUALIFIERS = ("70", "68", "02", "53", "54", "17")
"""G6201, the most binding first: scheduled, requested, not before, not after; 64 and 17 are the weakest."""
_RESPOND_BY = ("64", "1")
"""Qualifier and time qualifier of a deadline for the carrier's answer, which is no pickup time."""

PICKUP_REASONS = frozenset({"CL", "LD", "PL", "AL", "LE", "SL"})
DELIVERY_REASONS = frozenset({"CU", "UL", "PU", "DR", "SU", "UE"})
"""S502: complete or part load and unload, drop, spot, ..."""

WEIGHT_SOURCES = ("AT8", "S5", "OID", "PLD")
"""Where the weight is looked for when the totals (L3) do not state it."""

_SEGMENT_ID = re.compile(r"[A-Z][A-Z0-9]{1,2}")
_HEADING = 0


@dataclass(slots=True)
class _Place:
    """The heading, or one stop, while its segments go by."""

    sequence: int
    type: str | None
    position: int
    moments: dict[str, datetime] = field(default_factory=dict)
    weights: dict[str, dict[str, float]] = field(default_factory=dict)
    orders: int = 0
    name: str | None = None
    city: str | None = None
    state: str | None = None
    postal_code: str | None = None


@dataclass(slots=True)
class _Draft:
    """What has been read of one set so far, and the places that each field came from."""

    transaction: TransactionSet
    defects: Defects
    fields: dict[str, Any] = field(default_factory=dict)
    origins: dict[str, tuple[str, int, int]] = field(default_factory=dict)
    places: list[_Place] = field(default_factory=lambda: [_Place(sequence=0, type=None, position=1)])
    unit: str = "L"
    currency: str = "USD"
    seen: set[str] = field(default_factory=set)

    def wrong(
        self, segment: str, set_position: int, code: str, message: str, element: int | None = None, value: str = ""
    ) -> None:
        self.defects.add(
            Defect(
                level=Level.SEGMENT if element is None else Level.ELEMENT,
                segment=segment[:3],
                element=element,
                position=self.transaction.first + set_position,
                set_position=set_position,
                control_number=self.transaction.control_number[:9],
                code=code,
                message=message,
                value=value[:99] or None,
            )
        )

    def state(self, name: str, value: object, segment: str, element: int, set_position: int) -> None:
        """Sets a field, unless it is empty or an earlier segment has stated it."""
        if value not in (None, "") and name not in self.fields:
            self.fields[name] = value
            self.origins[name] = (segment, element, set_position)


def read_load_tender(transaction: TransactionSet, defects: Defects) -> Tender | None:
    """The tender of one 204, or None when it has defects, which go to `defects`."""
    draft = _Draft(transaction=transaction, defects=defects)
    before = len(defects.found)
    _check_heading(draft)
    readers = _READERS
    for set_position, segment in enumerate(transaction.segments, 1):
        if defects.full:
            return None
        read = readers.get(segment[0])
        if read is None:
            if not _SEGMENT_ID.fullmatch(segment[0]):
                message = f"expected a segment id, seen {quoted(segment[0])}"
                draft.wrong(segment[0], set_position, SegmentCode.UNRECOGNIZED, message)
            continue
        try:
            read(draft, segment, set_position)
        except Misstated as error:
            element = error.element or 1
            draft.wrong(segment[0], set_position, error.code, str(error), element, _element(segment, element))
    if len(defects.found) > before:
        return None
    _conclude(draft)
    return _validated(draft)


def _element(segment: Segment, element: int) -> str:
    return segment[element].strip() if len(segment) > element else ""


def _check_heading(draft: _Draft) -> None:
    """B2 and B2A are mandatory, in this order, right behind ST."""
    segments = draft.transaction.segments
    for index, name in ((1, "B2"), (2, "B2A")):
        if len(segments) > index and segments[index][0] == name:
            continue
        elsewhere = any(segment[0] == name for segment in segments)
        code = SegmentCode.NOT_IN_SEQUENCE if elsewhere else SegmentCode.MANDATORY_MISSING
        draft.wrong(name, index + 1, code, f"expected {name} as segment {index + 1} of the transaction set")


def _read_b2(draft: _Draft, segment: Segment, set_position: int) -> None:
    if _used_before(draft, "B2", set_position):
        return
    shipment_id = _element(segment, 4)
    if not shipment_id:
        raise Misstated(ElementCode.MANDATORY_MISSING, "expected a shipment id in B204", 4)
    draft.state("shipment_id", shipment_id, "B2", 4, set_position)
    draft.unit = _element(segment, 5) or "L"


def _read_b2a(draft: _Draft, segment: Segment, set_position: int) -> None:
    if _used_before(draft, "B2A", set_position):
        return
    code = _element(segment, 1)
    if not code:
        raise Misstated(ElementCode.MANDATORY_MISSING, "expected a purpose in B2A01", 1)
    if code not in PURPOSES:
        message = f"expected 00 (original), 04 or 05 (change) or 01 (cancel) in B2A01, seen {quoted(code)}"
        raise Misstated(ElementCode.INVALID_CODE, message, 1)
    draft.state("purpose", PURPOSES[code], "B2A", 1, set_position)


def _used_before(draft: _Draft, name: str, set_position: int) -> bool:
    if name in draft.seen:
        draft.wrong(name, set_position, SegmentCode.EXCEEDS_MAXIMUM_USE, f"{name} stands twice in one transaction set")
        return True
    draft.seen.add(name)
    return False


def _read_l11(draft: _Draft, segment: Segment, set_position: int) -> None:
    if _element(segment, 2) == "V0":
        draft.state("version", _element(segment, 1), "L11", 1, set_position)


def _read_c3(draft: _Draft, segment: Segment, set_position: int) -> None:
    draft.currency = _element(segment, 1) or draft.currency


def _read_g62(draft: _Draft, segment: Segment, set_position: int) -> None:
    qualifier, date = _element(segment, 1), _element(segment, 2)
    if not qualifier and not date:
        return
    if not date:
        raise Misstated(ElementCode.CONDITIONAL_MISSING, "expected a date in G6202 beside the qualifier", 2)
    at = moment(date, _element(segment, 4), _element(segment, 5))
    if at is not None and (qualifier, _element(segment, 3)) != _RESPOND_BY:
        draft.places[-1].moments.setdefault(qualifier, at)


def _read_s5(draft: _Draft, segment: Segment, set_position: int) -> None:
    sequence, reason = _element(segment, 1), _element(segment, 2)
    if not (sequence.isascii() and sequence.isdigit() and 1 <= len(sequence) <= 3 and int(sequence) > 0):
        code = ElementCode.INVALID_CHARACTER if sequence else ElementCode.MANDATORY_MISSING
        raise Misstated(code, f"expected a stop number from 1 to 999 in S501, seen {quoted(sequence)}", 1)
    if reason not in PICKUP_REASONS and reason not in DELIVERY_REASONS:
        code = ElementCode.INVALID_CODE if reason else ElementCode.MANDATORY_MISSING
        raise Misstated(code, f"expected a reason such as LD or UL in S502, seen {quoted(reason)}", 2)
    kind = "pickup" if reason in PICKUP_REASONS else "delivery"
    draft.places.append(_Place(sequence=int(sequence), type=kind, position=set_position))
    _weigh(draft, segment, set_position, "S5", weight=3, unit=4)


def _read_at8(draft: _Draft, segment: Segment, set_position: int) -> None:
    _weigh(draft, segment, set_position, "AT8", weight=3, unit=2, qualifier=_element(segment, 1))


def _read_oid(draft: _Draft, segment: Segment, set_position: int) -> None:
    draft.places[-1].orders += 1
    _weigh(draft, segment, set_position, "OID", weight=7, unit=6)


def _read_pld(draft: _Draft, segment: Segment, set_position: int) -> None:
    _weigh(draft, segment, set_position, "PLD", weight=4, unit=3)


def _weigh(
    draft: _Draft, segment: Segment, set_position: int, source: str, *, weight: int, unit: int, qualifier: str = "G"
) -> None:
    """Adds one weight to the place it stands at; what the orders of a stop weigh is kept apart from the stop's own."""
    stated = _pounds(draft, segment, weight=weight, unit=unit)
    if stated is None:
        return
    place = draft.places[-1]
    within_orders = source == "AT8" and place.orders > 0
    by_qualifier = place.weights.setdefault("AT8 of orders" if within_orders else source, {})
    by_qualifier[qualifier] = by_qualifier.get(qualifier, 0.0) + stated
    draft.origins.setdefault(source, (segment[0], weight, set_position))


def _pounds(draft: _Draft, segment: Segment, *, weight: int, unit: int) -> float | None:
    try:
        stated = pounds(_element(segment, weight), _element(segment, unit) or draft.unit)
    except Misstated as error:
        raise Misstated(error.code, str(error), unit if error.code == ElementCode.INVALID_CODE else weight) from None
    if stated is not None and not 0 < stated <= WEIGHT_LB_MAX:
        code = ElementCode.INVALID_CHARACTER if stated < 0 else ElementCode.TOO_LONG
        raise Misstated(code, f"expected a weight from 0 to {WEIGHT_LB_MAX:.0f} lb, seen {stated:g} lb", weight)
    return stated


def _read_l3(draft: _Draft, segment: Segment, set_position: int) -> None:
    draft.state("weight_lb", _pounds(draft, segment, weight=1, unit=12), "L3", 1, set_position)
    for element, implied in ((5, True), (3, False)):
        text = _element(segment, element)
        if not text or (element == 3 and _element(segment, 4) != "FR"):
            continue
        try:
            amount = dollars_implied(text) if implied else number(text)
        except Misstated as error:
            raise Misstated(error.code, str(error), element) from None
        if amount is not None and not 0 <= amount <= RATE_USD_MAX:
            code = ElementCode.INVALID_CHARACTER if amount < 0 else ElementCode.TOO_LONG
            raise Misstated(code, f"expected an amount up to {RATE_USD_MAX:.0f}, seen {quoted(text)}", element)
        if draft.currency == "USD":
            draft.state("rate_usd", amount or None, "L3", element, set_position)


def _read_l5(draft: _Draft, segment: Segment, set_position: int) -> None:
    draft.state("commodity", _element(segment, 2), "L5", 2, set_position)


def _read_n7(draft: _Draft, segment: Segment, set_position: int) -> None:
    draft.state("equipment", _element(segment, 11) or _element(segment, 22), "N7", 11, set_position)


def _read_n1(draft: _Draft, segment: Segment, set_position: int) -> None:
    place = draft.places[-1]
    place.name = place.name or _element(segment, 2) or None


def _read_n4(draft: _Draft, segment: Segment, set_position: int) -> None:
    place = draft.places[-1]
    if place.city is None and place.state is None and place.postal_code is None:
        place.city, place.state, place.postal_code = (_element(segment, element) or None for element in (1, 2, 3))


_READERS: dict[str, Callable[[_Draft, Segment, int], None]] = {
    "B2": _read_b2,
    "B2A": _read_b2a,
    "L11": _read_l11,
    "C3": _read_c3,
    "G62": _read_g62,
    "S5": _read_s5,
    "AT8": _read_at8,
    "OID": _read_oid,
    "PLD": _read_pld,
    "L3": _read_l3,
    "L5": _read_l5,
    "N7": _read_n7,
    "N1": _read_n1,
    "N4": _read_n4,
}


def _conclude(draft: _Draft) -> None:
    """What only the whole set tells: stops, times and weight by preference, and the version."""
    fields, stops = draft.fields, draft.places[1:]
    for name, kind, qualifiers in (
        ("pickup_at", "pickup", PICKUP_QUALIFIERS),
        ("delivery_at", "delivery", DELIVERY_QUALIFIERS),
    ):
        places = sorted((stop for stop in stops if stop.type == kind), key=lambda stop: stop.sequence)
        if kind == "delivery":
            places.reverse()
        found = (_first(place.moments, qualifiers) for place in (*places, draft.places[_HEADING]))
        fields[name] = next((at for at in found if at is not None), None)
    if "weight_lb" not in fields:
        fields["weight_lb"] = _weight_of_places(draft)
    fields["stops"] = [
        {
            "sequence": stop.sequence,
            "type": stop.type,
            "name": stop.name,
            "city": stop.city,
            "state": stop.state,
            "postal_code": stop.postal_code,
            "at": _first(stop.moments, PICKUP_QUALIFIERS if stop.type == "pickup" else DELIVERY_QUALIFIERS),
        }
        for stop in stops
    ]
    if "version" not in fields:
        fields["version"] = _content_version(draft) if fields["purpose"] == "change" else "1"


def _content_version(draft: _Draft) -> str:
    inner = draft.transaction.segments[1:-1]
    return version_of_content("~".join("*".join(segment).rstrip("*") for segment in inner))


def _first(moments: dict[str, datetime], qualifiers: tuple[str, ...]) -> datetime | None:
    return next((moments[qualifier] for qualifier in qualifiers if qualifier in moments), None)


def _weight_of_places(draft: _Draft) -> float | None:
    """The sum over the pickup stops and the heading; over the deliveries only where no pickup states a weight."""
    loaded = [place for place in draft.places if place.type != "delivery"]
    unloaded = [place for place in draft.places if place.type == "delivery"]
    for source in WEIGHT_SOURCES:
        for places in (loaded, unloaded):
            stated = [weight for place in places if (weight := _weight_of(place, source)) is not None]
            if stated:
                if source in draft.origins:
                    draft.origins["weight_lb"] = draft.origins[source]
                return round(sum(stated), 3)
    return None


def _weight_of(place: _Place, source: str) -> float | None:
    by_qualifier = place.weights.get(source) or (place.weights.get("AT8 of orders") if source == "AT8" else None)
    if not by_qualifier:
        return None
    return by_qualifier["G"] if "G" in by_qualifier else next(iter(by_qualifier.values()))


_CODES = {
    "missing": ElementCode.MANDATORY_MISSING,
    "string_too_short": ElementCode.TOO_SHORT,
    "string_too_long": ElementCode.TOO_LONG,
    "less_than_equal": ElementCode.TOO_LONG,
    "too_long": ElementCode.TOO_MANY,
}
_STOP_ELEMENTS = {"name": ("N1", 2), "city": ("N4", 1), "state": ("N4", 2), "postal_code": ("N4", 3), "at": ("G62", 2)}


def _validated(draft: _Draft) -> Tender | None:
    try:
        return Tender.model_validate(draft.fields)
    except ValidationError as error:
        for wrong in error.errors(include_url=False, include_context=False):
            name = str(wrong["loc"][0])
            segment, element, set_position = draft.origins.get(name, ("S5" if name == "stops" else "G62", 2, 1))
            if name == "stops" and len(wrong["loc"]) > 2:
                segment, element = _STOP_ELEMENTS.get(str(wrong["loc"][2]), ("S5", 1))
                set_position = draft.places[1 + int(wrong["loc"][1])].position
            code = _CODES.get(wrong["type"], ElementCode.INVALID_CHARACTER)
            draft.wrong(segment, set_position, code, f"{name}: {wrong['msg']}", element, str(wrong["input"]))
        return None
