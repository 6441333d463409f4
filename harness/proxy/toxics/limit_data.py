"""After `bytes` bytes the connection is closed; what is beyond them is withheld. Memory is how many have passed."""

from dataclasses import dataclass
from random import Random
from typing import ClassVar

from harness.proxy.toxics.base import Chunk, Ending, Shaped, Toxic


@dataclass(frozen=True, slots=True, kw_only=True)
class LimitData(Toxic):
    """Bytes, counted from when the toxic got hold of the connection."""

    kind: ClassVar[str] = "limit_data"

    bytes: int = 0

    def shape(self, chunk: Chunk, memory: float, chance: Random) -> Shaped:
        if chunk.ending is not None:
            return Shaped((chunk,), memory)
        left = max(0, self.bytes - int(memory))
        if len(chunk.data) < left:
            return Shaped((chunk,), memory + len(chunk.data))
        closing = Chunk(b"", chunk.due_s, Ending.CLOSE)
        passed = (chunk._replace(data=chunk.data[:left]),) if left else ()
        return Shaped((*passed, closing), memory + left)
