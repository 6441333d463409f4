"""One direction of one connection: what arrives is shaped by toxics, waits until it is due, and is passed on.

There are no tasks here: everything happens in callbacks of the event loop, so toxics come and go in the middle of
a stream without anybody having to be waited for, and a receiver that no longer reads cannot block that. Without toxics
bytes are handed straight from socket to socket. Memory is bounded: past a limit of what waits, the source is not read.
"""

import asyncio
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from random import Random

from harness.clock import monotonic_s
from harness.proxy.toxics.base import Chunk, Ending, Toxic

WAITING_HIGH_BYTES = 4 * 1024 * 1024
WAITING_LOW_BYTES = 2 * 1024 * 1024
CHUNK_COST_BYTES = 200
"""What a waiting chunk takes besides its bytes, roughly: many small ones are to be bounded too."""


@dataclass(slots=True, eq=False)
class _Stage:
    """One toxic at work in this stream."""

    name: str
    toxic: Toxic
    memory: float = 0.0
    ends: asyncio.TimerHandle | None = None

    def stop(self) -> None:
        if self.ends is not None:
            self.ends.cancel()
            self.ends = None


@dataclass(slots=True, eq=False)
class _Waiting:
    """A chunk and how much later each toxic made it, so that one toxic's share can be taken back."""

    chunk: Chunk
    delays: tuple[tuple[str, float], ...] = ()

    @property
    def cost(self) -> int:
        return len(self.chunk.data) + CHUNK_COST_BYTES


class Stream:
    """From `source` to `sink`. `on_ending` is called when an ending's turn has come, behind all bytes before it."""

    def __init__(
        self,
        source: asyncio.Transport,
        sink: asyncio.WriteTransport,
        *,
        chance: Callable[[], Random],
        on_ending: Callable[[Ending], None],
    ) -> None:
        self.passed = 0
        self.withheld = 0
        self._source = source
        self._sink = sink
        self._make_chance = chance
        self._chance: Random | None = None
        self._on_ending = on_ending
        self._stages: list[_Stage] = []
        self._waiting: deque[_Waiting] = deque()
        self._waiting_cost = 0
        self._timer: asyncio.TimerHandle | None = None
        self._sink_full = False
        self._source_paused = False
        self._source_ended = False
        self._dead = False

    @property
    def waiting_bytes(self) -> int:
        """Bytes read and not passed on yet, those excepted that the sink's own buffer holds."""
        return sum(len(waiting.chunk.data) for waiting in self._waiting)

    def receive(self, data: bytes) -> None:
        """Bytes have arrived from the source."""
        if self._dead:
            self.withheld += len(data)
        elif not self._stages and not self._waiting:
            self.passed += len(data)
            self._sink.write(data)
        else:
            self._arrive(Chunk(data, monotonic_s()))

    def end(self, ending: Ending) -> None:
        """The source has ended; whatever waits goes first."""
        self._source_ended = True
        if not self._dead:
            self._arrive(Chunk(b"", monotonic_s(), ending))

    def sink_full(self, full: bool) -> None:
        """The sink's buffer has filled up, or has room again."""
        self._sink_full = full
        if not full:
            self._pump()
        self._control_source()

    def discard(self) -> None:
        """Nothing goes on any more: what waits, and whatever still arrives, is withheld."""
        self._dead = True
        for stage in self._stages:
            stage.stop()
        self._stages.clear()
        self._cancel_timer()
        self.withheld += self.waiting_bytes
        self._waiting.clear()
        self._waiting_cost = 0

    def unsend(self, count: int) -> None:
        """Bytes given to the sink were dropped from its buffer: they are withheld, not passed."""
        self.passed -= count
        self.withheld += count

    def add(self, name: str, toxic: Toxic, toxicity: float) -> None:
        """Put a toxic behind the others, if the draw against `toxicity` says so. It shapes what waits as well."""
        if not self._dead and self._drawn(toxicity):
            self._append(name, toxic)

    def remove(self, name: str) -> None:
        """Take a toxic away, and its share of every delay. A toxic that leaves a hole closes the connection."""
        stage = self._find(name)
        if stage is None:
            return
        stage.stop()
        self._stages.remove(stage)
        self._take_back(name)
        if stage.toxic.closes_when_removed:
            self._on_ending(Ending.CLOSE)
            return
        self._pump()
        self._control_source()

    def replace(self, name: str, toxic: Toxic, toxicity: float) -> None:
        """The attributes or the toxicity of a toxic have changed. It is drawn again and keeps its place and memory.

        What waits under a toxic that only delays is timed anew; what other toxics did to it stays done.
        """
        if self._dead:
            return
        if not self._drawn(toxicity):
            self.remove(name)
            return
        stage = self._find(name)
        if stage is None:
            self._append(name, toxic)
            return
        stage.stop()
        stage.toxic = toxic
        self._limit_life(stage)
        if toxic.only_delays:
            self._take_back(name)
            stage.memory = 0.0
            self._reshape(stage)

    def _append(self, name: str, toxic: Toxic) -> None:
        stage = _Stage(name, toxic)
        self._stages.append(stage)
        self._limit_life(stage)
        self._reshape(stage)

    def _find(self, name: str) -> _Stage | None:
        return next((stage for stage in self._stages if stage.name == name), None)

    def _limit_life(self, stage: _Stage) -> None:
        if (life := stage.toxic.end_of_life()) is not None:
            stage.ends = asyncio.get_running_loop().call_later(life.after_s, self._on_ending, life.ending)

    def _drawn(self, toxicity: float) -> bool:
        return toxicity >= 1 or self._random().random() < toxicity

    def _random(self) -> Random:
        if self._chance is None:
            self._chance = self._make_chance()
        return self._chance

    def _arrive(self, chunk: Chunk) -> None:
        shaped = [_Waiting(chunk)]
        for stage in self._stages:
            shaped = [after for before in shaped for after in self._through(stage, before)]
        self._waiting.extend(shaped)
        self._waiting_cost += sum(waiting.cost for waiting in shaped)
        self._pump()
        self._control_source()

    def _through(self, stage: _Stage, before: _Waiting) -> list[_Waiting]:
        chunks, stage.memory = stage.toxic.shape(before.chunk, stage.memory, self._random())
        self.withheld += len(before.chunk.data) - sum(len(chunk.data) for chunk in chunks)
        due_s = before.chunk.due_s
        return [_Waiting(chunk, (*before.delays, (stage.name, chunk.due_s - due_s))) for chunk in chunks]

    def _reshape(self, stage: _Stage) -> None:
        self._hold([after for before in self._waiting for after in self._through(stage, before)])
        self._pump()
        self._control_source()

    def _take_back(self, name: str) -> None:
        self._hold(
            [
                _Waiting(
                    waiting.chunk._replace(
                        due_s=waiting.chunk.due_s - sum(delay_s for by, delay_s in waiting.delays if by == name)
                    ),
                    tuple(delay for delay in waiting.delays if delay[0] != name),
                )
                for waiting in self._waiting
            ]
        )

    def _hold(self, waiting: list[_Waiting]) -> None:
        self._waiting = deque(waiting)
        self._waiting_cost = sum(one.cost for one in waiting)

    def _cancel_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _pump(self) -> None:
        """Pass on what is due, and come back for the next when it is."""
        self._cancel_timer()
        while self._waiting and not self._sink_full and not self._dead:
            wait_s = self._waiting[0].chunk.due_s - monotonic_s()
            if wait_s > 0:
                self._timer = asyncio.get_running_loop().call_later(wait_s, self._due)
                return
            waiting = self._waiting.popleft()
            self._waiting_cost -= waiting.cost
            if waiting.chunk.ending is not None:
                self._on_ending(waiting.chunk.ending)
            else:
                self.passed += len(waiting.chunk.data)
                self._sink.write(waiting.chunk.data)

    def _due(self) -> None:
        self._timer = None
        self._pump()
        self._control_source()

    def _control_source(self) -> None:
        """Read the source only while there is room. An ended source is left alone: it would report its end again."""
        if self._source_ended or self._dead:
            return
        straight_into_full = self._sink_full and not self._stages
        if self._source_paused:
            if self._waiting_cost <= WAITING_LOW_BYTES and not straight_into_full:
                self._source_paused = False
                self._source.resume_reading()
        elif self._waiting_cost >= WAITING_HIGH_BYTES or straight_into_full:
            self._source_paused = True
            self._source.pause_reading()
