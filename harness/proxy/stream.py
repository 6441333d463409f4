"""One direction of one connection: what arrives is shaped by toxics, waits until it is due, and is passed on.

There are no tasks here: everything happens in callbacks of the event loop, so toxics come and go in the middle of
a stream without anybody having to be waited for, and a receiver that no longer reads cannot block that. Without toxics
bytes are handed straight from socket to socket. Memory is bounded: past a limit of what waits, the source is not read.
So is what one callback does, because all streams share the loop: a toxic may make a piece of every byte.
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
PIECES_A_TURN = 256
"""So many are passed on, or shaped, in one turn of the event loop, give or take what one chunk is shaped into."""
SHAPED_AHEAD_PIECES = 4096
"""While so many wait to be due, no more are made."""


@dataclass(slots=True, eq=False)
class _Waiting:
    """A chunk and how much later each toxic made it, so that one toxic's share can be taken back."""

    chunk: Chunk
    delays: tuple[tuple[str, float], ...] = ()

    @property
    def cost(self) -> int:
        return len(self.chunk.data) + CHUNK_COST_BYTES


@dataclass(slots=True, eq=False)
class _Stage:
    """One toxic at work in this stream, and what it has still to shape."""

    name: str
    toxic: Toxic
    backlog: deque[_Waiting]
    memory: float = 0.0
    ends: asyncio.TimerHandle | None = None

    def stop(self) -> None:
        if self.ends is not None:
            self.ends.cancel()
            self.ends = None


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
        self.received = 0
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
        self._timer: asyncio.Handle | None = None
        self._sink_full = False
        self._source_paused = False
        self._source_ended = False
        self._dead = False

    @property
    def waiting_bytes(self) -> int:
        """Bytes read and not passed on yet, those excepted that the sink's own buffer holds."""
        return self.received - self.passed - self.withheld

    def receive(self, data: bytes) -> None:
        """Bytes have arrived from the source."""
        self.received += len(data)
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
        if full:
            self._control_source()
        else:
            self._work()

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
        behind = self._behind(stage)
        self._stages.remove(stage)
        self._take_back(name, behind)
        behind[-1].extend(stage.backlog)
        if stage.toxic.closes_when_removed:
            self._on_ending(Ending.CLOSE)
            return
        self._work()

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
            behind = self._behind(stage)
            self._take_back(name, behind)
            stage.memory = 0.0
            for queue in behind:
                anew = [after for before in queue for after in self._through(stage, before)]
                queue.clear()
                queue.extend(anew)
            self._work()

    def _append(self, name: str, toxic: Toxic) -> None:
        stage = _Stage(name, toxic, self._waiting)
        self._waiting = deque()
        self._stages.append(stage)
        self._limit_life(stage)
        self._work()

    def _find(self, name: str) -> _Stage | None:
        return next((stage for stage in self._stages if stage.name == name), None)

    def _behind(self, stage: _Stage) -> list[deque[_Waiting]]:
        """The queues that a stage's chunks go through after it, from the oldest chunks to the youngest."""
        later = self._stages[self._stages.index(stage) + 1 :]
        return [self._waiting, *(other.backlog for other in reversed(later))]

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
        waiting = _Waiting(chunk)
        (self._stages[0].backlog if self._stages else self._waiting).append(waiting)
        self._waiting_cost += waiting.cost
        self._work()

    def _through(self, stage: _Stage, before: _Waiting) -> list[_Waiting]:
        """What a toxic makes of a chunk; what it leaves of it is the next that it has to shape."""
        chunks, stage.memory, rest = stage.toxic.shape(before.chunk, stage.memory, self._random())
        due_s = before.chunk.due_s
        shaped = [_Waiting(chunk, (*before.delays, (stage.name, chunk.due_s - due_s))) for chunk in chunks]
        left = len(before.chunk.data) - sum(len(chunk.data) for chunk in chunks)
        self._waiting_cost += sum(after.cost for after in shaped) - before.cost
        if rest is not None:
            stage.backlog.appendleft(_Waiting(rest, before.delays))
            self._waiting_cost += stage.backlog[0].cost
            left -= len(rest.data)
        self.withheld += left
        return shaped

    def _take_back(self, name: str, queues: list[deque[_Waiting]]) -> None:
        for queue in queues:
            for waiting in queue:
                share_s = sum(delay_s for by, delay_s in waiting.delays if by == name)
                waiting.chunk = waiting.chunk._replace(due_s=waiting.chunk.due_s - share_s)
                waiting.delays = tuple(delay for delay in waiting.delays if delay[0] != name)

    def _cancel_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _work(self) -> None:
        """Pass on what is due and shape what comes next, a bounded amount of it; come back when there is more to do."""
        self._cancel_timer()
        pieces = 0
        while pieces < PIECES_A_TURN and (done := self._pass_on() or self._shape()):
            pieces += done
        if pieces >= PIECES_A_TURN and not self._dead:
            self._timer = asyncio.get_running_loop().call_soon(self._work)
        elif self._waiting and not self._sink_full:
            wait_s = self._waiting[0].chunk.due_s - monotonic_s()
            self._timer = asyncio.get_running_loop().call_later(wait_s, self._work)
        self._control_source()

    def _pass_on(self) -> int:
        """The next chunk, if it is due and there is room; returns how many went."""
        if not self._waiting or self._sink_full or self._waiting[0].chunk.due_s > monotonic_s():
            return 0
        waiting = self._waiting.popleft()
        self._waiting_cost -= waiting.cost
        if waiting.chunk.ending is not None:
            self._on_ending(waiting.chunk.ending)
        else:
            self.passed += len(waiting.chunk.data)
            self._sink.write(waiting.chunk.data)
        return 1

    def _shape(self) -> int:
        """The oldest chunk that a toxic has to shape, by that toxic; returns how many pieces it became, at least 1.

        Returns 0 when there is nothing to shape, or enough is shaped.
        """
        stage = next((stage for stage in reversed(self._stages) if stage.backlog), None)
        if stage is None or len(self._waiting) >= SHAPED_AHEAD_PIECES:
            return 0
        shaped = self._through(stage, stage.backlog.popleft())
        later = self._stages.index(stage) + 1
        (self._stages[later].backlog if later < len(self._stages) else self._waiting).extend(shaped)
        return max(1, len(shaped))

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
