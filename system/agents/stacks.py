"""How a worker that hangs tells where: a pipe a worker, and a signal that writes the stack into it.

`faulthandler` answers the signal in C, so it works for a loop that never awaits and for a call that blocks. It needs
the process to run: one that is stopped, or that waits inside the kernel for good, says nothing.
"""

import contextlib
import faulthandler
import os
import select
from typing import TextIO

from system.agents.process import STACK_SIGNAL, WorkerProcess

ANSWER_WITHIN_S = 2.0
_QUIET_S = 0.1
"""After so long without a byte the stack is taken for whole."""
_BYTES_MAX = 65_536


class Stacks:
    """One pipe for each of `workers` lines; made before the processes are forked, and kept by all of them."""

    def __init__(self, workers: int) -> None:
        self._pipes = [os.pipe() for _ in range(workers)]
        for reader, writer in self._pipes:
            os.set_blocking(reader, False)
            os.set_blocking(writer, False)

    def answer_at(self, line: int) -> TextIO:
        """In a worker: from now on the signal is answered. What is returned has to be kept for as long."""
        file = os.fdopen(os.dup(self._pipes[line][1]), "w")
        faulthandler.register(STACK_SIGNAL, file=file, all_threads=True)
        return file

    def ask(self, line: int, process: WorkerProcess) -> str | None:
        """Where `process`, which works at `line`, is right now; None when it does not say. Blocks for a moment."""
        reader = self._pipes[line][0]
        self._read(reader, 0.0)  # what an earlier one left there
        if process.stopped or not process.ask_for_its_stack():
            return None
        text = self._read(reader, ANSWER_WITHIN_S)
        return text or None

    @staticmethod
    def _read(reader: int, within_s: float) -> str:
        parts: list[bytes] = []
        wait_s = within_s
        while sum(map(len, parts)) < _BYTES_MAX and select.select([reader], [], [], wait_s)[0]:
            with contextlib.suppress(BlockingIOError):
                parts.append(os.read(reader, 4096))
            wait_s = min(within_s, _QUIET_S)
        return b"".join(parts).decode("utf-8", "replace")
