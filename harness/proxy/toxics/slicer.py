"""Bytes arrive in small pieces of about `average_size`, each `delay` microseconds after the one before.

Memory is the moment at which the last piece was due, so that pieces of the next chunk keep their distance.
"""

from dataclasses import dataclass
from random import Random
from typing import ClassVar

from harness.proxy.toxics.base import BadAttribute, Chunk, Shaped, Toxic

US_PER_S = 1_000_000.0
PIECES_AT_ONCE = 256
"""Of one chunk; the rest has to wait until it is asked for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Slicer(Toxic):
    """Bytes, bytes, microseconds. Sizes vary by up to `size_variation` either way, which is less than the average."""

    kind: ClassVar[str] = "slicer"

    average_size: int = 0
    size_variation: int = 0
    delay: int = 0

    def __post_init__(self) -> None:
        if self.average_size < 1:
            raise BadAttribute("attribute 'average_size' of slicer must be 1 or more")
        if self.size_variation >= self.average_size:
            raise BadAttribute("attribute 'size_variation' of slicer must be less than 'average_size'")

    def shape(self, chunk: Chunk, memory: float, chance: Random) -> Shaped:
        if not chunk.data:
            return Shaped((chunk,), memory)
        pieces: list[Chunk] = []
        start, due_s = 0, max(memory, chunk.due_s)
        while start < len(chunk.data) and len(pieces) < PIECES_AT_ONCE:
            size = self.average_size
            if self.size_variation:
                size += chance.randint(-self.size_variation, self.size_variation)
            pieces.append(Chunk(chunk.data[start : start + size], due_s))
            start += size
            due_s += self.delay / US_PER_S
        rest = chunk._replace(data=chunk.data[start:]) if start < len(chunk.data) else None
        return Shaped(tuple(pieces), due_s, rest)
