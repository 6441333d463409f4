"""An answer that breaks the model's types, put into words: a hallucination, or not an answer at all.

A value that no load can have (a negative weight), stated with high confidence, is a hallucination: the reason names
what is wrong, because people search for it. Anything else that does not fit is an invalid answer. Both fail the
intent.
"""

import json
import math
from collections.abc import Mapping
from typing import Any

from pydantic import ValidationError

_NOUNS = {
    "shipment_id": "shipment id",
    "weight_lb": "weight",
    "pickup_at": "pickup time",
    "delivery_at": "delivery time",
    "rate_usd": "rate",
    "at": "stop time",
    "sequence": "stop sequence",
}
_ADJECTIVES = {
    "less_than_equal": "excessive",
    "finite_number": "infinite",
    "too_long": "excessive",
    "string_too_long": "excessive",
}
_BELOW = frozenset({"greater_than", "greater_than_equal"})
_IMPOSSIBLE_TIMES = ("date", "value_error", "time")


def reason_of(error: ValidationError, content: str, *, hallucination_confidence: float) -> str:
    """Why the answer `content` fails, in at most 200 characters."""
    impossible = next((words for one in error.errors(include_url=False) if (words := _impossible(one))), None)
    if impossible is not None:
        sure = stated_confidence(content) > hallucination_confidence
        return f"{'Hallucination' if sure else 'Invalid answer'}: {impossible}"
    first = error.errors(include_url=False, include_context=False, include_input=False)[0]
    where = ".".join(str(part) for part in first["loc"]) or "answer"
    return f"Invalid answer: {where}: {first['msg']}"[:200]


def stated_confidence(content: str) -> float:
    """The confidence that a text claims, whatever else is wrong with it; 0 when it claims none."""
    try:
        document = json.loads(content)
    except (ValueError, RecursionError):
        return 0.0
    confidence = document.get("confidence") if isinstance(document, dict) else None
    if isinstance(confidence, bool) or not isinstance(confidence, int | float) or not math.isfinite(confidence):
        return 0.0
    return float(confidence)


def _impossible(error: Mapping[str, Any]) -> str | None:
    """What is impossible about one value, or None when the defect is one of form."""
    field = next((part for part in reversed(error["loc"]) if isinstance(part, str)), "")
    if field == "confidence":
        return None
    noun = _NOUNS.get(field, field.replace("_", " "))
    kind, value = str(error["type"]), error["input"]
    if kind in _BELOW:
        return f"{'negative' if isinstance(value, int | float) and value < 0 else 'zero'} {noun}"
    if kind == "finite_number" and isinstance(value, float) and math.isnan(value):
        return f"{noun} that is no number"
    if kind in _ADJECTIVES:
        return f"{_ADJECTIVES[kind]} {noun}"
    if field.endswith("at") and kind.startswith(_IMPOSSIBLE_TIMES):
        return f"impossible {noun}"
    return None
