"""One direction of one connection: what arrives goes from toxic to toxic, waits in each until it is due, and goes on.

There are no tasks here: everything happens in callbacks of the event loop, so toxics come and go in the middle of
a stream without anybody having to be waited for, and a receiver that no longer reads cannot block that. Without toxics
bytes are handed straight from socket to socket. Memory is bounded: past a limit of what waits, the source is not read.
So is what one callback does, because all streams share the loop: a toxic may make a piece of every byte.
"""

import asyncio
import math
from collections import deque
from collections.abc import Callable
from random import Random

from harness.clock import monotonic_s
from harness.proxy.stage import Stage
from harness.proxy.toxics.base import Chunk, Ending, Toxic

WAITING_HIGH_BYTES = 4 * 1024 * 1024
WAITING_LOW_BYTES = 2 * 1024 * 1024
CHUNK_COST_BYTES = 200
"""What a waiting chunk takes besides its bytes, roughly: many small ones are to be bounded too."""
PIECES_A_TURN = 256
"""So many are handed on, or shaped, in one turn of the event loop, give or take what one chunk is shaped into."""


class Stream:
    """From `source` to `sink`. `on_ending` is called when an ending's turn has come, behind all bytes before it."""

    def __init__(
        self, source: asyncio.Transport, sink: asyncio.WriteTransport, *, on_ending: Callable[[Ending], None]
    ) -> None:
        self.received = 0
        self.passed = 0
        self.withheld = 0
        self._source = source
        self._sink = sink
        self._on_ending = on_ending
        self._stages: list[Stage] = []
        self._ready: deque[Chunk] = deque()
        self._timer: asyncio.Handle | None = None
        self._sink_full = False
        self._source_paused = False
        self._source_ended = False
        self._dead = False

    @property
    def waiting_bytes(self) -> int:
        """Bytes read and not passed on yet, those excepted that the sink's own buffer holds."""
        return self.received - self.passed - self.withheld

    @property
    def toxics(self) -> tuple[str, ...]:
        """The names of the toxics at work, in order."""
        return tuple(stage.name for stage in self._stages)

    def receive(self, data: bytes) -> None:
        """Bytes have arrived from the source."""
        self.received += len(data)
        if self._dead:
            self.withheld += len(data)
        elif not self._stages and not self._ready:
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
        self._cancel_timer()
        for stage in self._stages:
            stage.stop()
        self._stages.clear()
        self._ready.clear()
        self.withheld += self.waiting_bytes

    def unsend(self, count: int) -> None:
        """Bytes given to the sink were dropped from its buffer: they are withheld, not passed."""
        self.passed -= count
        self.withheld += count

    def add(self, name: str, toxic: Toxic, make_chance: Callable[[], Random]) -> None:
        """Put a toxic behind the others; what has gone through those and still waits for the sink is its to shape."""
        if self._dead:
            return
        stage = Stage(name, toxic, make_chance)
        stage.backlog, self._ready = self._ready, stage.backlog
        self._stages.append(stage)
        self._limit_life(stage)
        self._work()

    def remove(self, name: str) -> None:
        """Take a toxic away, and with it every delay of what it holds. One that leaves a hole closes the connection."""
        at = self._find(name)
        if at is None:
            return
        stage = self._stages.pop(at)
        stage.stop()
        if stage.toxic.closes_when_removed:
            self._on_ending(Ending.CLOSE)
            return
        stage.empty_into(self._stages[at].backlog if at < len(self._stages) else self._ready)
        self._work()

    def change(self, name: str, toxic: Toxic) -> None:
        """The attributes of a toxic have changed: it keeps its place, its memory and its chance."""
        at = self._find(name)
        if at is None:
            return
        stage = self._stages[at]
        stage.stop()
        stage.change(toxic, monotonic_s())
        self._limit_life(stage)
        self._work()

    def _find(self, name: str) -> int | None:
        return next((at for at, stage in enumerate(self._stages) if stage.name == name), None)

    def _limit_life(self, stage: Stage) -> None:
        if (life := stage.toxic.end_of_life()) is not None:
            stage.life = asyncio.get_running_loop().call_later(life.after_s, self._on_ending, life.ending)

    def _arrive(self, chunk: Chunk) -> None:
        (self._stages[0].backlog if self._stages else self._ready).append(chunk)
        self._work()

    def _cancel_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _work(self) -> None:
        """Hand on and shape what can be, a bounded amount of it, and come back when there is more to do.

        The last stage that can do something goes first, so that little waits between them.
        """
        self._cancel_timer()
        now_s = monotonic_s()
        pieces, at = 0, len(self._stages)
        while 0 <= at <= len(self._stages) and pieces < PIECES_A_TURN:
            done = self._pass_on() if at == len(self._stages) else self._step(at, now_s)
            pieces += done
            at = min(at + 1, len(self._stages)) if done else at - 1
        if not self._dead:
            self._come_back(now_s, at_once=pieces >= PIECES_A_TURN)
            self._control_source()

    def _pass_on(self) -> int:
        """The next chunk goes into the sink, if there is room; returns how many went."""
        if not self._ready or self._sink_full:
            return 0
        chunk = self._ready.popleft()
        if chunk.ending is not None:
            self._on_ending(chunk.ending)
        else:
            self.passed += len(chunk.data)
            self._sink.write(chunk.data)
        return 1

    def _step(self, at: int, now_s: float) -> int:
        """What a stage can do now: hand on a piece that is due, or else shape. Returns the pieces that were moved.

        One piece at a time goes to the next stage. It is timed from when it was due, so waiting here makes it no later;
        and a toxic that comes or goes has little to do over, however much waits for a receiver that is dead.
        """
        stage = self._stages[at]
        last = at + 1 == len(self._stages)
        taken = self._ready or self._sink_full if last else len(self._stages[at + 1])
        if stage.due_s <= now_s and not taken:
            (self._ready if last else self._stages[at + 1].backlog).append(stage.take())
            return 1
        if stage.backlog and not stage.held:
            made, withheld = stage.shape()
            self.withheld += withheld
            return max(1, made)
        return 0

    def _come_back(self, now_s: float, *, at_once: bool) -> None:
        """Work again when the next piece is due. One that is due now waits for the sink, which will say so."""
        loop = asyncio.get_running_loop()
        if at_once:
            self._timer = loop.call_soon(self._work)
            return
        due_s = min((stage.due_s for stage in self._stages if stage.due_s > now_s), default=math.inf)
        if due_s < math.inf:
            self._timer = loop.call_later(due_s - now_s, self._work)

    def _control_source(self) -> None:
        """Read the source only while there is room. An ended source is left alone: it would report its end again."""
        if self._source_ended or self._dead:
            return
        straight_into_full = self._sink_full and not self._stages
        waiting = self.waiting_bytes + CHUNK_COST_BYTES * (len(self._ready) + sum(map(len, self._stages)))
        if self._source_paused:
            if waiting <= WAITING_LOW_BYTES and not straight_into_full:
                self._source_paused = False
                self._source.resume_reading()
        elif waiting >= WAITING_HIGH_BYTES or straight_into_full:
            self._source_paused = True
            self._source.pause_reading()
