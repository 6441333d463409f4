"""Says of what is gone which of the new things is most like it, and in what it differs.

A booking under another key reads as one lost and one new, and that is what it is judged as. Whoever looks for the cause
wants to know that it is the same booking under another key. deepdiff measures and describes; it decides nothing, and is
asked about a few small things only, because it takes its time.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Any

from harness.traces.canonical import canonical_json
from harness.traces.diff import Difference

GONE_MAX, NEW_MAX = 2, 4
_LENGTH_MAX = 20_000
_DISTANCE_MAX = 0.3
_SENTENCES_MAX = 3
_WITHIN: dict[str, Any] = {"threshold_to_diff_deeper": 0}
"""Two objects with few names in common are still told apart name by name."""


def likenesses(differences: Iterable[Difference]) -> tuple[str, ...]:
    """A line for each thing that is gone and has something like it among the new ones at the same place."""
    places: defaultdict[str, tuple[list[Difference], list[Difference]]] = defaultdict(lambda: ([], []))
    for one in differences:
        if one.kind in ("gone", "new") and _looked_at(one.before if one.kind == "gone" else one.after):
            places[one.pattern][one.kind == "new"].append(one)
    return tuple(line for gone, new in places.values() for line in _lines(gone[:GONE_MAX], new[:NEW_MAX]))


def _looked_at(value: Any) -> bool:
    return isinstance(value, dict) and len(canonical_json(value)) <= _LENGTH_MAX


def _lines(gone: Sequence[Difference], new: Sequence[Difference]) -> Iterable[str]:
    if not gone or not new:
        return
    from deepdiff import DeepDiff  # it takes longer to import than most traces to replay

    for one in gone:
        distances = [
            DeepDiff(one.before, other.after, get_deep_distance=True, **_WITHIN).get("deep_distance", 0.0)
            for other in new
        ]
        nearest = distances.index(min(distances))
        if distances[nearest] <= _DISTANCE_MAX:
            described = DeepDiff(one.before, new[nearest].after, verbose_level=2, **_WITHIN).pretty().splitlines()
            more = f" (and {len(described) - _SENTENCES_MAX} more)" if len(described) > _SENTENCES_MAX else ""
            said = " ".join(described[:_SENTENCES_MAX]).replace("root[", "its [")
            yield f"{new[nearest].path}: most like {one.path}, which is gone: {said}{more}"
