"""One toxic at work in one stream: what it has still to shape, and what it has shaped and holds until it is due."""

import asyncio
import math
from collections import deque
from collections.abc import Callable
from random import Random
from typing import NamedTuple

from harness.proxy.toxics.base import Chunk, Toxic


class Held(NamedTuple):
    """A piece that waits to be due, and when it came to the toxic: a changed toxic times it from then."""

    chunk: Chunk
    came_s: float


class Stage:
    """`make_chance` gives the toxic's own chance; it is asked when there is something to shape."""

    __slots__ = ("_chance", "_make_chance", "_memory", "backlog", "held", "life", "name", "toxic")

    def __init__(self, name: str, toxic: Toxic, make_chance: Callable[[], Random]) -> None:
        self.name = name
        self.toxic = toxic
        self.backlog: deque[Chunk] = deque()
        self.held: deque[Held] = deque()
        self.life: asyncio.TimerHandle | None = None
        self._memory = 0.0
        self._make_chance = make_chance
        self._chance: Random | None = None

    def __len__(self) -> int:
        return len(self.backlog) + len(self.held)

    @property
    def due_s(self) -> float:
        """When its next piece may go on; infinite when it holds none."""
        return self.held[0].chunk.due_s if self.held else math.inf

    def take(self) -> Chunk:
        """The piece that is due next."""
        return self.held.popleft().chunk

    def shape(self) -> tuple[int, int]:
        """Shape the oldest chunk of the backlog, or a part of it; returns how many pieces and how many bytes less."""
        chunk = self.backlog.popleft()
        made, rest = self._hold(chunk)
        left = len(chunk.data) - sum(len(piece.data) for piece in made)
        if rest is not None:
            self.backlog.appendleft(rest)
            left -= len(rest.data)
        return len(made), left

    def change(self, toxic: Toxic, now_s: float) -> None:
        """Go on with other attributes. What is held by a toxic that only delays is timed anew, but not into the past:
        a line on which 900 KB wait does not become free at once for having become faster.
        """
        self.toxic = toxic
        if toxic.only_delays:
            held, self.held = self.held, deque()
            self._memory = now_s
            for piece in held:
                self._hold(piece.chunk._replace(due_s=piece.came_s))

    def empty_into(self, queue: deque[Chunk]) -> None:
        """All that is in it goes to the end of a queue, in order, and as if it had never been held."""
        queue.extend(piece.chunk._replace(due_s=piece.came_s) for piece in self.held)
        queue.extend(self.backlog)

    def stop(self) -> None:
        """Its end of life is off."""
        if self.life is not None:
            self.life.cancel()
            self.life = None

    def _hold(self, chunk: Chunk) -> tuple[tuple[Chunk, ...], Chunk | None]:
        if self._chance is None:
            self._chance = self._make_chance()
        made, self._memory, rest = self.toxic.shape(chunk, self._memory, self._chance)
        self.held.extend(Held(piece, chunk.due_s) for piece in made)
        return made, rest
