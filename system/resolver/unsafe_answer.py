"""What the resolver reads when UNSAFE_ALLOW_INFINITE is on: the weight bounded by `gt=0` and by nothing else.

For negative controls alone. Infinity is greater than zero; JSON has no word for it, so what comes out of it further on
is a null, and a load without a weight.
"""

import json
from typing import Any

from system.resolver.models import ANSWER, Answer
from system.x12.tender import WEIGHT_LB_MAX

_PLACEHOLDER = 1.0


def bounded_below_alone(content: str) -> Answer:
    """The answer as `ANSWER` reads it, but for a weight past every bound, which passes; ValidationError."""
    try:
        document: Any = json.loads(content)
        weight = document["weight_lb"]
        passes = isinstance(weight, int | float) and weight > WEIGHT_LB_MAX
    except (ValueError, LookupError, TypeError, RecursionError):
        passes = False
    if not passes:
        return ANSWER.validate_json(content)
    answer = ANSWER.validate_json(json.dumps({**document, "weight_lb": _PLACEHOLDER}))
    return answer.model_copy(update={"weight_lb": None if weight == float("inf") else weight})
