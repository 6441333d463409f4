"""Reads a tender out of a text, as the world's language model does: X12 in the variants partners send, or JSON.

It is forgiving where the system is strict, and it answers what it finds: a value that is not there is None. It shares
no code with the system's parser nor with the world's writer, because agreement of two readers is worth something only
if they are two.
"""

import json
import re
from collections.abc import Mapping
from datetime import datetime, timedelta, timezone
from typing import Any

Segment = list[str]
Answer = dict[str, Any]

_KINDS = {"00": "tender", "01": "cancel", "03": "cancel", "04": "change", "05": "change"}
_PURPOSES = {"original": "tender", "change": "change", "cancel": "cancel"}
_PICKUP_REASONS = {"LD", "CL", "PL", "RT"}
_PICKUP_DATES = ("69", "10", "37", "38", "64")
_DELIVERY_DATES = ("70", "68", "53", "54", "02", "17")
_ZONES_H = {"ES": -5, "ED": -4, "CS": -6, "CD": -5, "MS": -7, "MD": -6, "PS": -8, "PD": -7}
_KILOGRAMS = {"K", "KG"}
_POUNDS_PER_KILOGRAM = 2.20462262
_WANTED = ("shipment_id", "weight_lb", "pickup_at", "delivery_at", "equipment", "commodity")
_BARE_SET = re.compile(r"ST([^A-Za-z0-9])204\1[A-Za-z0-9]{1,9}(?:\1[A-Za-z0-9]*)?([^A-Za-z0-9])")


def read_signal(text: str) -> Answer:
    """The answer to a signal, in the shape that the system asks its model for.

    A text that is neither X12 nor JSON gives a tender with every value None and next to no confidence.
    """
    text = text.strip()
    found = _read_json(text) if text[:1] in ("{", "[") else _read_x12(text)
    answer = found if found is not None else {"kind": "tender", **dict.fromkeys((*_WANTED, "rate_usd")), "stops": []}
    answer["confidence"] = _confidence(answer)
    return answer


def _confidence(answer: Mapping[str, Any]) -> float:
    """How sure the model says it is: by how much of what is wanted was there."""
    if answer["kind"] == "cancel":
        return 0.97 if answer["shipment_id"] else 0.05
    missing = sum(answer[name] is None for name in _WANTED) + (len(answer["stops"]) < 2)
    blanks = sum(value is None for stop in answer["stops"] for value in stop.values())
    return max(0.05, round(0.97 - 0.14 * missing - 0.02 * blanks, 2))


def _read_json(text: str) -> Answer | None:
    try:
        document = json.loads(text)
    except (ValueError, RecursionError):
        return None
    if isinstance(document, dict) and isinstance(document.get("tenders"), list):
        document = document["tenders"]
    if isinstance(document, list):
        document = document[0] if document else None
    if not isinstance(document, dict):
        return None
    kind = _PURPOSES.get(str(document.get("purpose")), "tender")
    if kind == "cancel":
        return {"kind": kind, "shipment_id": document.get("shipment_id"), "reason": document.get("reason")}
    stops = document.get("stops")
    answer: Answer = {"kind": kind, **{name: document.get(name) for name in (*_WANTED, "rate_usd")}}
    answer["stops"] = [
        {name: stop.get(name) for name in ("sequence", "type", "name", "city", "state", "postal_code", "at")}
        for stop in (stops if isinstance(stops, list) else [])
        if isinstance(stop, dict)
    ]
    return answer


def _cut(text: str) -> list[Segment]:
    """The segments of an X12 text, of a whole interchange or of a set that lost its envelope."""
    if text.startswith("ISA") and len(text) > 106:
        element, terminator = text[3], text[105]
    else:
        start = _BARE_SET.search(text)
        if start is None:
            return []
        element, terminator = start[1], start[2]
    return [line.strip("\r\n ").split(element) for line in text.split(terminator) if line.strip()]


def _read_x12(text: str) -> Answer | None:
    segments = _cut(text)
    begin = next((number for number, segment in enumerate(segments) if segment[0] == "ST"), None)
    if begin is None:
        return None
    end = next((n for n in range(begin, len(segments)) if segments[n][0] == "SE"), len(segments))
    segments = segments[begin + 1 : end]
    first_stop = next((n for n, segment in enumerate(segments) if segment[0] == "S5"), len(segments))
    header = segments[:first_stop]
    shipment_id = _value(segments, "B2", 4)
    kind = _KINDS.get(_value(segments, "B2A", 1) or "00", "tender")
    if kind == "cancel":
        return {"kind": kind, "shipment_id": shipment_id, "reason": _value(segments, "NTE", 2)}
    loops = _stop_loops(segments[first_stop:])
    stops = [_read_stop(loop) for loop in loops]
    pickups = [stop["at"] for stop in stops if stop["type"] == "pickup"]
    deliveries = [stop["at"] for stop in stops if stop["type"] == "delivery"]
    return {
        "kind": kind,
        "shipment_id": shipment_id,
        "weight_lb": _weight_lb(segments, loops),
        "pickup_at": (pickups[0] if pickups else None) or _date(header, _PICKUP_DATES),
        "delivery_at": (deliveries[-1] if deliveries else None) or _date(header, _DELIVERY_DATES),
        "equipment": _value(segments, "N7", 11),
        "commodity": _value(segments, "L5", 2),
        "rate_usd": _rate_usd(segments),
        "stops": stops,
    }


def _stop_loops(segments: list[Segment]) -> list[list[Segment]]:
    """The segments of each stop; what follows the last one (L3) stays with it and does no harm there."""
    loops: list[list[Segment]] = []
    for segment in segments:
        if segment[0] == "S5":
            loops.append([])
        if segment[0] != "L3":
            loops[-1].append(segment)
    return loops


def _read_stop(loop: list[Segment]) -> dict[str, Any]:
    pickup = _is_pickup(loop)
    sequence = _value(loop, "S5", 1)
    return {
        "sequence": int(sequence) if sequence and sequence.isdecimal() else None,
        "type": "pickup" if pickup else "delivery",
        "name": _value(loop, "N1", 2),
        "city": _value(loop, "N4", 1),
        "state": _value(loop, "N4", 2),
        "postal_code": _value(loop, "N4", 3),
        "at": _date(loop, _PICKUP_DATES if pickup else _DELIVERY_DATES),
    }


def _is_pickup(loop: list[Segment]) -> bool:
    return _value(loop, "S5", 2) in _PICKUP_REASONS


def _weight_lb(segments: list[Segment], loops: list[list[Segment]]) -> float | None:
    """The weight of the whole load: the total in L3 if there is one, else what is loaded at the pickups."""
    total = _number(_value(segments, "L3", 1))
    if total is not None:
        return _pounds(total, _value(segments, "L3", 12))
    for loaded in ([loop for loop in loops if _is_pickup(loop)], loops, [segments]):
        for name, unit, weight in (("AT8", 2, 3), ("S5", 4, 3), ("OID", 6, 7), ("PLD", 3, 4)):
            found = [
                _pounds(number, _element(segment, unit))
                for loop in loaded
                for segment in loop
                if segment[0] == name and (number := _number(_element(segment, weight))) is not None
            ]
            if found:
                return sum(found)
    return None


def _pounds(weight: float, unit: str | None) -> float:
    return round(weight * _POUNDS_PER_KILOGRAM, 2) if unit in _KILOGRAMS else weight


def _rate_usd(segments: list[Segment]) -> float | None:
    """The charge of L3 in dollars (it is written in cents), else its flat rate."""
    cents = _number(_value(segments, "L3", 5))
    if cents is not None:
        return cents / 100
    return _number(_value(segments, "L3", 3)) if _value(segments, "L3", 4) == "FR" else None


def _date(segments: list[Segment], qualifiers: tuple[str, ...]) -> str | None:
    """The moment of the first of `qualifiers` that a G62 with date and time has: ISO 8601, local or with its offset."""
    dates = {_element(segment, 1): segment for segment in reversed(segments) if segment[0] == "G62"}
    for qualifier in qualifiers:
        segment = dates.get(qualifier)
        day, time = (_element(segment, 2), _element(segment, 4)) if segment else (None, None)
        if not (segment and day and time):
            continue
        try:
            # Local time of the stop, unless a code says more.
            moment = datetime.strptime(day + time[:4], "%Y%m%d%H%M")
        except ValueError:
            continue
        code = _element(segment, 5)
        if code in ("UT", "GM"):
            return moment.isoformat() + "Z"
        if code in _ZONES_H:
            moment = moment.replace(tzinfo=timezone(timedelta(hours=_ZONES_H[code])))
        return moment.isoformat()
    return None


def _number(text: str | None) -> float | None:
    if text is None or not re.fullmatch(r"-?\d{0,15}(\.\d{0,6})?", text) or not re.search(r"\d", text):
        return None
    value = float(text)
    return int(value) if value.is_integer() else value


def _element(segment: Segment | None, number: int) -> str | None:
    return (segment[number].strip() or None) if segment and number < len(segment) else None


def _value(segments: list[Segment], name: str, number: int) -> str | None:
    """Element `number` of the first segment `name` that has it."""
    return next(
        (value for segment in segments if segment[0] == name and (value := _element(segment, number)) is not None), None
    )
