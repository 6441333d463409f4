"""The connection is reset (RST) `timeout` ms after the toxic got hold of it, at once with 0; until then nothing passes.

Toxiproxy counts from the first bytes; here an idle connection is reset as well, so that a pool cannot hide from it.
"""

from dataclasses import dataclass
from random import Random
from typing import ClassVar

from harness.proxy.toxics.base import MS_PER_S, Chunk, Ending, EndOfLife, Shaped, Toxic


@dataclass(frozen=True, slots=True, kw_only=True)
class ResetPeer(Toxic):
    """Milliseconds."""

    kind: ClassVar[str] = "reset_peer"
    closes_when_removed: ClassVar[bool] = True

    timeout: int = 0

    def shape(self, chunk: Chunk, memory: float, chance: Random) -> Shaped:
        return Shaped((), memory)

    def end_of_life(self) -> EndOfLife | None:
        return EndOfLife(self.timeout / MS_PER_S, Ending.RESET)
