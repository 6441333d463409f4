"""A narrow line: `rate` KB (1,000 bytes) a second, in pieces of at most a tenth of a second.

With 0 nothing passes until the toxic is changed or removed, and then all of it does: a line that is down, and loses
nothing. Clients cut connections with it. Memory is the moment at which the line is free again.
"""

import math
from dataclasses import dataclass
from random import Random
from typing import ClassVar

from harness.proxy.toxics.base import Chunk, Shaped, Toxic

BYTES_PER_KB = 1000
PIECES_PER_S = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Bandwidth(Toxic):
    """KB a second."""

    kind: ClassVar[str] = "bandwidth"
    only_delays: ClassVar[bool] = True

    rate: int = 0

    def shape(self, chunk: Chunk, memory: float, chance: Random) -> Shaped:
        if not chunk.data:
            return Shaped((chunk,), memory)
        if self.rate == 0:
            return Shaped((chunk._replace(due_s=math.inf),), memory)
        bytes_per_s = self.rate * BYTES_PER_KB
        size = max(1, bytes_per_s // PIECES_PER_S)
        free_s = max(memory, chunk.due_s)
        pieces = []
        for start in range(0, len(chunk.data), size):
            data = chunk.data[start : start + size]
            free_s += len(data) / bytes_per_s
            pieces.append(Chunk(data, free_s))
        return Shaped(tuple(pieces), free_s)
