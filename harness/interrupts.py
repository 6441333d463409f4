"""Ctrl-C, once and twice.

The first interrupt cancels the work, which then heals its faults and ends what it started. A second one does not wait:
the program ends at once, and the guardian of the run, whose lease ends with it, undoes the rest. Handlers are set on
the event loop, because a second SIGINT would otherwise be raised straight through it.
"""

import asyncio
import os
import signal
import sys
from collections.abc import Coroutine, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

Result = TypeVar("Result")

INTERRUPTED = 130


class Interrupted(Exception):
    """The work was cancelled by a signal, and has been cleaned up."""


async def _cancellable(work: Coroutine[Any, Any, Result]) -> Result:
    task = asyncio.ensure_future(work)
    loop = asyncio.get_running_loop()
    seen: list[str] = []

    def interrupt(name: str) -> None:
        seen.append(name)
        if len(seen) > 1:
            sys.stderr.write("\nended at once; the guardian cleans up\n")
            sys.stderr.flush()
            os._exit(INTERRUPTED)
        sys.stderr.write(f"\n{name}: healing and cleaning up; once more to end at once\n")
        task.cancel()

    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    for number in before:
        loop.add_signal_handler(number, interrupt, number.name)
    try:
        return await task
    except asyncio.CancelledError:
        raise Interrupted(seen[0] if seen else "cancelled") from None
    finally:
        for number, handler in before.items():
            loop.remove_signal_handler(number)
            signal.signal(number, handler)  # the loop would put the default there, not what stood there


@contextmanager
def ending_tidily() -> Iterator[None]:
    """For work without an event loop: the first signal is raised as Interrupted, a second one ends the program at once.

    What is left then is removed by whoever comes next. Only the main thread can ask for this.
    """
    seen: list[int] = []

    def interrupt(number: int, _: object) -> None:
        if seen:
            os._exit(INTERRUPTED)
        seen.append(number)
        name = signal.Signals(number).name
        sys.stderr.write(f"\n{name}: cleaning up; once more to end at once\n")
        raise Interrupted(name)

    before = {number: signal.signal(number, interrupt) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def run(work: Coroutine[Any, Any, Result]) -> Result:
    """Run `work` to its end; raises Interrupted when a signal ended it."""
    return asyncio.run(_cancellable(work))
