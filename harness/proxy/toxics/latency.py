"""Everything arrives later: `latency` ms after it reached the proxy, give or take `jitter` ms.

Chunks keep their order whatever the jitter, because a stream has one. The end of the stream is not delayed by itself.
"""

from dataclasses import dataclass
from random import Random
from typing import ClassVar

from harness.proxy.toxics.base import MS_PER_S, Chunk, Shaped, Toxic


@dataclass(frozen=True, slots=True, kw_only=True)
class Latency(Toxic):
    """Milliseconds."""

    kind: ClassVar[str] = "latency"
    only_delays: ClassVar[bool] = True

    latency: int = 0
    jitter: int = 0

    def shape(self, chunk: Chunk, memory: float, chance: Random) -> Shaped:
        if chunk.ending is not None:
            return Shaped((chunk,), memory)
        delay_ms = self.latency + (chance.uniform(-self.jitter, self.jitter) if self.jitter else 0.0)
        return Shaped((chunk._replace(due_s=chunk.due_s + max(0.0, delay_ms) / MS_PER_S),), memory)
