"""Feeds chunks to a toxic, as a stream does, without any clock."""

from collections.abc import Iterable
from random import Random

from harness.proxy.toxics.base import Chunk, Ending, Toxic


def shaped(toxic: Toxic, chunks: Iterable[Chunk], seed: int = 0) -> list[Chunk]:
    """All that comes out, the memory being carried from chunk to chunk."""
    memory, chance = 0.0, Random(seed)
    out: list[Chunk] = []
    for chunk in chunks:
        rest: Chunk | None = chunk
        while rest is not None:
            some, memory, rest = toxic.shape(rest, memory, chance)
            out.extend(some)
    return out


def joined(chunks: Iterable[Chunk]) -> bytes:
    return b"".join(chunk.data for chunk in chunks)


EOF = Chunk(b"", 50.0, Ending.EOF)
