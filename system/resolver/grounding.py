"""Whether what the model says stands in the signal: its answer against the typed tender that was read without it.

A confident, well-formed, possible value can still be made up (42,000 lb where the signal says 4,200). Numbers, times
and ids must agree within rounding; words and stops are held more loosely, because a model may spell them differently,
so a difference there is a question for a person. What the signal does not state cannot be confirmed by any confidence.
A time that is over is made up where the signal says another, and for a person where it says the same.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from pydantic import ValidationError

from system.resolver.models import Answer, CancelAnswer
from system.x12.tender import Tender

KINDS: Mapping[str, str] = {"original": "tender", "change": "change", "cancel": "cancel"}
_FACTS = ("weight_lb", "rate_usd", "pickup_at", "delivery_at")
_WORDS = ("equipment", "commodity")
_TIMES = ("pickup_at", "delivery_at")
_POUNDS_PER_KILOGRAM = 2.20462262
_NEARLY = 0.01
_RELATIVE, _ABSOLUTE = 0.001, 0.02
"""Two readers may round a converted unit differently."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Findings:
    """`false`: facts that contradict the signal; `unstated`: fields it does not have; `doubtful`: for a person."""

    false: list[str] = field(default_factory=list)
    unstated: list[str] = field(default_factory=list)
    doubtful: list[str] = field(default_factory=list)


def typed(tender: Mapping[str, Any]) -> Tender | None:
    """The typed tender as it was stored, or None when it is not one."""
    try:
        # Stored as JSON, so read as JSON: the strict types take a time as text only there.
        return Tender.model_validate_json(json.dumps(tender))
    except ValidationError:
        return None


def compare(answer: Answer, tender: Tender, *, earliest: datetime) -> Findings:
    """What in `answer` the signal does not bear out. A time before `earliest` (aware) is over."""
    found = Findings()
    if answer.kind != KINDS[tender.purpose]:
        found.false.append(f"kind {answer.kind} for {tender.purpose}")
    if answer.shipment_id != tender.shipment_id:
        found.false.append(f"shipment id {answer.shipment_id}, signal says {tender.shipment_id}")
    if isinstance(answer, CancelAnswer):
        return found
    for name in _FACTS:
        said, stands = getattr(answer, name), getattr(tender, name)
        if said is not None and stands is None:
            found.unstated.append(name)
        elif said is None and stands is not None:
            found.doubtful.append(f"{name} overlooked")
        elif said is not None and not _same(said, stands):
            hint = _hint(said, stands, earliest)
            found.false.append(f"{name} {_plain(said)}, signal says {_plain(stands)}{hint}")
        elif said is not None and name in _TIMES and _is_over(said, earliest):
            found.doubtful.append(f"{name} {_plain(said)} is in the past")
    for name in _WORDS:
        said, stands = getattr(answer, name), getattr(tender, name)
        if said is not None and stands is None:
            found.unstated.append(name)
        elif _folded(said) != _folded(stands):
            found.doubtful.append(f"{name} {said!r}, signal says {stands!r}")
    _compare_stops(answer.stops, tender.stops, found)
    return found


def _hint(said: float | datetime, stands: float | datetime, earliest: datetime) -> str:
    """How a wrong fact came about, where that can be seen."""
    if isinstance(said, datetime):
        return " (in the past)" if _is_over(said, earliest) else ""
    if isinstance(stands, datetime):
        return ""
    for factor, words in (
        (1 / _POUNDS_PER_KILOGRAM, "kilograms as pounds"),
        (_POUNDS_PER_KILOGRAM, "pounds converted twice"),
    ):
        if abs(said - stands * factor) <= _NEARLY * abs(stands * factor):
            return f" ({words})"
    return ""


def _is_over(at: datetime, earliest: datetime) -> bool:
    # A local time is taken for UTC: `earliest` leaves room for every zone.
    return (at if at.tzinfo else at.replace(tzinfo=UTC)) < earliest


def _compare_stops(said: tuple[Any, ...], stand: tuple[Any, ...], found: Findings) -> None:
    if len(said) != len(stand):
        found.doubtful.append(f"{len(said)} stops, signal says {len(stand)}")
        return
    for number, (one, other) in enumerate(zip(said, stand, strict=True), 1):
        different = [
            name
            for name in ("type", "postal_code", "at", "city", "state", "name")
            if not _same_words(getattr(one, name), getattr(other, name))
        ]
        if different:
            found.doubtful.append(f"stop {number}: {', '.join(different)}")


def _same_words(one: Any, other: Any) -> bool:
    if isinstance(one, datetime) and isinstance(other, datetime):
        return _same(one, other)
    return bool(_folded(one) == _folded(other))


def _same(one: float | datetime, other: float | datetime) -> bool:
    if isinstance(one, datetime) or isinstance(other, datetime):
        if not (isinstance(one, datetime) and isinstance(other, datetime)):
            return False
        if (one.tzinfo is None) != (other.tzinfo is None):
            # One reader kept the offset: the clock at the stop still has to be the same.
            return one.replace(tzinfo=None) == other.replace(tzinfo=None)
        return one == other
    return abs(one - other) <= max(_ABSOLUTE, _RELATIVE * abs(other))


def _folded(value: Any) -> Any:
    return " ".join(value.split()).casefold() if isinstance(value, str) else value


def _plain(value: Any) -> str:
    return value.isoformat() if isinstance(value, datetime) else f"{value:.10g}"
