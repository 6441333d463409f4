"""The end of the stream arrives `delay` ms late; the bytes before it do not."""

from dataclasses import dataclass
from random import Random
from typing import ClassVar

from harness.proxy.toxics.base import MS_PER_S, Chunk, Shaped, Toxic


@dataclass(frozen=True, slots=True, kw_only=True)
class SlowClose(Toxic):
    """Milliseconds."""

    kind: ClassVar[str] = "slow_close"
    only_delays: ClassVar[bool] = True

    delay: int = 0

    def shape(self, chunk: Chunk, memory: float, chance: Random) -> Shaped:
        if chunk.ending is None:
            return Shaped((chunk,), memory)
        return Shaped((chunk._replace(due_s=chunk.due_s + self.delay / MS_PER_S),), memory)
