"""All cases, in one tuple: a new module is one line here."""

from tests.curated import (
    breakers,
    changes,
    duplicates,
    hallucinations,
    malformed,
    model_errors,
    motion_errors,
    originals,
    partials,
    pickups,
    redis_memory,
    reviews,
    trust,
    weights,
)
from tests.curated.case import Case

CASES: tuple[Case, ...] = tuple(
    case
    for module in (
        originals,
        changes,
        weights,
        pickups,
        partials,
        reviews,
        hallucinations,
        duplicates,
        malformed,
        breakers,
        trust,
        model_errors,
        motion_errors,
        redis_memory,
    )
    for case in module.CASES
)
