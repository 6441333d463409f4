"""A stream between sockets made of lists, in an event loop whose time is steered: it jumps to the next timer.

What toxics do to time can be said exactly here, and an hour costs nothing.
"""

import asyncio
import selectors
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from random import Random
from unittest.mock import patch

from harness.proxy import stream as module
from harness.proxy.stream import Stream
from harness.proxy.toxics.base import Ending, Toxic

START_S = 1000.0


class _Selector(selectors.DefaultSelector):
    """Nothing is waited for: the time that would have been is added to `now_s`."""

    now_s = START_S

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        if timeout is None:
            raise RuntimeError("the loop waits for something that never comes")
        self.now_s += max(0.0, timeout)
        return super().select(0)


class SteeredLoop(asyncio.SelectorEventLoop):
    """`time()` stands still while code runs."""

    def __init__(self) -> None:
        self._steered = _Selector()
        super().__init__(self._steered)

    def time(self) -> float:
        return self._steered.now_s


class Socket(asyncio.Transport):
    """Takes everything and remembers it, with when it came."""

    def __init__(self) -> None:
        super().__init__()
        self.written: list[tuple[float, bytes]] = []
        self.reading = True

    def write(self, data: bytes | bytearray | memoryview) -> None:
        assert data
        self.written.append((asyncio.get_running_loop().time(), bytes(data)))

    def pause_reading(self) -> None:
        assert self.reading
        self.reading = False

    def resume_reading(self) -> None:
        assert not self.reading
        self.reading = True


class Fixture:
    """A stream between two of them. Every toxic draws from a chance of its own, of the same seed."""

    def __init__(self, seed: int = 0) -> None:
        self.source, self.sink, self.endings = Socket(), Socket(), list[Ending]()
        self.stream = Stream(self.source, self.sink, on_ending=self.endings.append)
        self._seed = seed

    @property
    def out(self) -> bytes:
        """The bytes that have gone through."""
        return b"".join(data for _, data in self.sink.written)

    @property
    def pieces(self) -> int:
        """Of all that waits, so many."""
        return len(self.stream._ready) + sum(len(stage) for stage in self.stream._stages)

    def add(self, name: str, toxic: Toxic) -> None:
        self.stream.add(name, toxic, lambda: Random(self._seed))

    async def until(self, true: Callable[[], bool]) -> None:
        """Let the loop turn until `true()`."""
        for _ in range(10_000):
            if true():
                return
            await asyncio.sleep(0)
        raise AssertionError("it does not come true")


def on_loop(test: Callable[[Fixture], Awaitable[None]], seed: int = 0) -> None:
    """Run `test` in a loop of its own."""

    async def scenario() -> None:
        fixture = Fixture(seed)
        await test(fixture)
        fixture.stream.discard()

    with _steered() as loop:
        loop.run_until_complete(scenario())


@contextmanager
def _steered() -> Iterator[SteeredLoop]:
    loop = SteeredLoop()
    try:
        with patch.object(module, "monotonic_s", loop.time):
            yield loop
    finally:
        loop.close()
