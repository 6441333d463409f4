"""A narrow line: `rate` KB (1,000 bytes) a second, in pieces of at most a tenth of a second. 0 limits nothing.

Memory is the moment at which the line is free again.
"""

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
        if self.rate == 0 or not chunk.data:
            return Shaped((chunk,), memory)
        bytes_per_s = self.rate * BYTES_PER_KB
        size = max(1, bytes_per_s // PIECES_PER_S)
        free_s = max(memory, chunk.due_s)
        pieces = []
        for start in range(0, len(chunk.data), size):
            data = chunk.data[start : start + size]
            free_s += len(data) / bytes_per_s
            pieces.append(Chunk(data, free_s))
        return Shaped(tuple(pieces), free_s)
