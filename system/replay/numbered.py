"""Ids that are counted, one series for each kind: the same trace gives the same ids.

Only for replay: no two replays need to be told apart, and none outlives its process.
"""

import functools
import re
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

    @property
    def pattern(self) -> re.Pattern[str]:
        """Matches the ids that this one hands out."""
        return re.compile(rf"{self._seed:08x}-0000-4[0-9a-f]{{3}}-8000-[0-9a-f]{{12}}")

    def name_of(self, handed_out: str) -> str:
        """Kind and number of an id that this one has handed out, such as `intent 2`."""
        kinds = {_digits_of(kind): kind for kind in self._counted}
        return f"{kinds.get(handed_out[15:18], 'id')} {int(handed_out[-12:], 16)}"


@functools.cache
def _digits_of(kind: str) -> str:
    return uuid.uuid5(uuid.NAMESPACE_OID, kind).hex[:3]
