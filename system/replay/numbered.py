"""Ids that are counted, one series for each kind: the same trace gives the same ids.

Only for replay: no two replays need to be told apart, and none outlives its process.
"""

import functools
import uuid
from collections import Counter


class NumberedIds:
    """Hands out UUIDs that hold the seed, the kind and a number."""

    def __init__(self, seed: int) -> None:
        self._seed = seed
        self._counted: Counter[str] = Counter()

    def new(self, kind: str) -> str:
        """The next id of `kind`."""
        self._counted[kind] += 1
        # The number stands where it decides the order, since ids break ties between rows of one moment.
        return f"{self._seed:08x}-0000-4{_digits_of(kind)}-8000-{self._counted[kind]:012x}"


@functools.cache
def _digits_of(kind: str) -> str:
    return uuid.uuid5(uuid.NAMESPACE_OID, kind).hex[:3]
