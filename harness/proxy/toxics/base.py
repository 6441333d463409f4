"""What a toxic is: validated attributes, and a pure function from one piece of a stream to the pieces that go on.

A toxic holds no state and touches no socket. What it must remember from piece to piece is one number, its `memory`,
which the stream keeps and passes back in; chance is passed in as well. So a toxic can be removed at any time without
anything having to be agreed with it.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass, fields
from enum import StrEnum
from random import Random
from typing import Any, ClassVar, NamedTuple, Self

MS_PER_S = 1000.0
MAX_WHOLE = 2**53


class BadAttribute(ValueError):
    """An attribute that the toxic does not have, or a value it cannot have; the message names it."""


class Ending(StrEnum):
    """How a stream, or its whole connection, ends."""

    EOF = "eof"
    """The sender has finished; the other direction may go on (half-close)."""
    LOST = "lost"
    """The sender has reset the connection, or cannot be reached any more: the receiver gets a reset (RST)."""
    CLOSE = "close"
    """A toxic closes the connection in both directions."""
    RESET = "reset"
    """A toxic resets the connection (RST) in both directions."""


class Chunk(NamedTuple):
    """One piece of a stream: bytes, or an ending, and when it may go on, in seconds of the monotonic clock.

    `due_s` of a piece that no toxic has touched is the moment of its arrival. Of one that is not to go on until the
    toxic is changed or removed, it is infinite.
    """

    data: bytes
    due_s: float
    ending: Ending | None = None


class Shaped(NamedTuple):
    """What becomes of one chunk, in order, and what the toxic remembers. Bytes that are missing are withheld.

    `rest` is the part of it that is still to be shaped, by another call: what would become too many pieces for one.
    """

    chunks: tuple[Chunk, ...]
    memory: float
    rest: Chunk | None = None


class EndOfLife(NamedTuple):
    """A connection ends `after_s` seconds after the toxic got hold of it."""

    after_s: float
    ending: Ending


@dataclass(frozen=True, slots=True, kw_only=True)
class Toxic:
    """Attributes are the fields of the subclass, under the names that Toxiproxy gives them."""

    kind: ClassVar[str]
    only_delays: ClassVar[bool] = False
    """It changes only when a chunk is due, and leaves no rest: what waits can be timed again when it changes. Its
    memory, if it has one, is a moment.
    """
    closes_when_removed: ClassVar[bool] = False

    def shape(self, chunk: Chunk, memory: float, chance: Random) -> Shaped:
        """What becomes of a chunk. `memory` is 0.0 at first, later what the last call returned."""
        raise NotImplementedError

    def end_of_life(self) -> EndOfLife | None:
        """When this toxic ends a connection by itself, if it does."""
        return None

    @classmethod
    def of(cls, attributes: Mapping[str, Any]) -> Self:
        """A toxic with these attributes; raises BadAttribute, naming it, for one that is unknown or wrong."""
        known = {field.name: field.type for field in fields(cls)}
        for name, value in attributes.items():
            if name not in known:
                has = ", ".join(known) or "none"
                raise BadAttribute(f"{cls.kind} has no attribute {name!r}; it has {has}")
            wanted = known[name]
            if isinstance(value, bool) or not isinstance(value, int if wanted is int else int | float):
                kind = "a whole number" if wanted is int else "a number"
                raise BadAttribute(f"attribute {name!r} of {cls.kind} must be {kind}, not {value!r}")
            if not math.isfinite(value) or not 0 <= value <= MAX_WHOLE:
                raise BadAttribute(f"attribute {name!r} of {cls.kind} must be 0 or more, and finite, not {value!r}")
        return cls(**attributes)

    def attributes(self) -> dict[str, int | float]:
        """The attributes by name, as the API shows them."""
        return {field.name: getattr(self, field.name) for field in fields(self)}
