"""Nothing passes, and after `timeout` ms the connection is closed; with 0 it stays open until the toxic is removed.

The sender sees its bytes accepted, the receiver sees silence. What was withheld never arrives, so removing the toxic
closes the connection: nothing may follow out of order. An end that the sender itself makes still passes.
"""

from dataclasses import dataclass
from random import Random
from typing import ClassVar

from harness.proxy.toxics.base import MS_PER_S, Chunk, Ending, EndOfLife, Shaped, Toxic


@dataclass(frozen=True, slots=True, kw_only=True)
class Timeout(Toxic):
    """Milliseconds."""

    kind: ClassVar[str] = "timeout"
    closes_when_removed: ClassVar[bool] = True

    timeout: int = 0

    def shape(self, chunk: Chunk, memory: float, chance: Random) -> Shaped:
        return Shaped(() if chunk.ending is None else (chunk,), memory)

    def end_of_life(self) -> EndOfLife | None:
        return EndOfLife(self.timeout / MS_PER_S, Ending.CLOSE) if self.timeout else None
