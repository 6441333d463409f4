"""Requests and answers, one JSON object a line, with a program that the harness started.

A thread reads, so that an answer, a notice or the program's death is taken also while no event loop runs: one
environment can serve several `asyncio.run` in turn. It knows nothing of what the lines mean.
"""

import asyncio
import contextlib
import json
import threading
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from typing import IO, Any, TypeVar

Document = dict[str, Any]
Result = TypeVar("Result")


class ChannelClosed(ConnectionError):
    """The program on the other side is gone."""


class Channel:
    """One connection. `on_notice` gets what is no answer; `on_end` is called once, when nothing more will come.

    Both run in the reading thread.
    """

    def __init__(
        self,
        name: str,
        *,
        reader: IO[bytes],
        writer: IO[bytes],
        on_notice: Callable[[Document], None],
        on_end: Callable[[], None],
    ) -> None:
        self._reader = reader
        self._writer = writer
        self._on_notice = on_notice
        self._on_end = on_end
        self._lock = threading.Lock()
        self._waiting: dict[int, Future[Document]] = {}
        self._number = 0
        self._ended = False
        self._name = name
        self._thread = threading.Thread(target=self._read, name=f"channel {name}", daemon=True)
        self._thread.start()

    def request(self, document: Mapping[str, Any]) -> Future[Document]:
        """Send, and promise the answer; the promise breaks with ChannelClosed when the other side dies."""
        future: Future[Document] = Future()
        with self._lock:
            if self._ended:
                future.set_exception(ChannelClosed(f"{self._name} is gone"))
                return future
            self._number += 1
            self._waiting[self._number] = future
            line = json.dumps({"id": self._number, **document}).encode() + b"\n"
            # A dead reader shows as the end of what it writes; the reading thread then breaks the promise.
            with contextlib.suppress(OSError, ValueError):
                self._writer.write(line)
                self._writer.flush()
        return future

    def close(self) -> None:
        """Stop sending: the other side sees the end."""
        with self._lock, contextlib.suppress(OSError, ValueError):
            self._writer.close()

    def join(self, limit_s: float) -> bool:
        """Wait until the other side is gone; False when it still is there after `limit_s`."""
        self._thread.join(limit_s)
        return not self._thread.is_alive()

    def _read(self) -> None:
        with contextlib.suppress(OSError, ValueError), self._reader:
            for line in self._reader:
                document: Document = json.loads(line)
                future = self._waiting.pop(document.get("id", 0), None)
                if future is not None:
                    future.set_result(document)
                else:
                    self._on_notice(document)
        with self._lock:
            self._ended = True
            broken = list(self._waiting.values())
            self._waiting.clear()
            with contextlib.suppress(OSError, ValueError):
                self._writer.close()
        for future in broken:
            with contextlib.suppress(Exception):
                future.set_exception(ChannelClosed(f"{self._name} is gone"))
        self._on_end()


async def outcome_of(future: "Future[Result]", limit_s: float | None = None) -> Result:
    """Wait for a promise that a thread keeps; raises TimeoutError after `limit_s`.

    Unlike `asyncio.wrap_future`, whoever stops waiting leaves the promise whole for the others, and one that is kept
    after the event loop has closed troubles nobody.
    """
    loop = asyncio.get_running_loop()
    done = asyncio.Event()

    def tell(_: object) -> None:
        with contextlib.suppress(RuntimeError):  # the loop may be closed by now
            loop.call_soon_threadsafe(done.set)

    future.add_done_callback(tell)
    async with asyncio.timeout(limit_s):
        await done.wait()
    return future.result()
