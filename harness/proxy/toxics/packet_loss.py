"""Chunks get lost: each with the probability `loss_rate`, plus `correlation` when the one before it was lost.

There are no packets here, only what one read of the socket gave, and nobody sends it again: unlike on a real line the
stream has a hole. Memory is 1.0 after a loss.
"""

from dataclasses import dataclass
from random import Random
from typing import ClassVar

from harness.proxy.toxics.base import BadAttribute, Chunk, Shaped, Toxic


@dataclass(frozen=True, slots=True, kw_only=True)
class PacketLoss(Toxic):
    """Probabilities from 0 to 1."""

    kind: ClassVar[str] = "packet_loss"

    loss_rate: float = 0.1
    correlation: float = 0.0

    def __post_init__(self) -> None:
        for name in ("loss_rate", "correlation"):
            if getattr(self, name) > 1:
                raise BadAttribute(
                    f"attribute {name!r} of packet_loss must be from 0 to 1, not {getattr(self, name)!r}"
                )

    def shape(self, chunk: Chunk, memory: float, chance: Random) -> Shaped:
        if not chunk.data:
            return Shaped((chunk,), memory)
        lost = chance.random() < self.loss_rate + self.correlation * memory
        return Shaped(() if lost else (chunk,), 1.0 if lost else 0.0)
