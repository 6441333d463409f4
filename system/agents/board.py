"""What the processes of the agents share: a line of numbers for each worker, in memory that all of them see.

Each worker writes its own line and nobody else does, so there is nothing to lock: which process it is, and how its
executions ended, for the metrics. It is made before the processes are forked, and gone with the last of them.
"""

import mmap
import struct
from collections.abc import Iterator

from prometheus_client.core import CounterMetricFamily
from prometheus_client.registry import Collector

from system.agents.process import WorkerProcess

OUTCOMES = ("executed", "given_back", "failed")
_PROCESS = struct.Struct("=QQ")
_COUNT = struct.Struct("=Q")
_LINE_BYTES = _PROCESS.size + _COUNT.size * len(OUTCOMES)


class Board:
    """`workers` lines, numbered from 0; all zero at first."""

    def __init__(self, workers: int) -> None:
        self.workers = workers
        self._memory = mmap.mmap(-1, workers * _LINE_BYTES)

    def take(self, line: int, process: WorkerProcess) -> None:
        """`process` works at `line` from now on; what was counted there stays."""
        _PROCESS.pack_into(self._memory, line * _LINE_BYTES, process.pid, process.started_ticks)

    def process_at(self, line: int) -> WorkerProcess | None:
        """Who works at `line`, or did last."""
        pid, started_ticks = _PROCESS.unpack_from(self._memory, line * _LINE_BYTES)
        return WorkerProcess(pid=pid, started_ticks=started_ticks) if pid else None

    def line_of(self, process: WorkerProcess) -> int | None:
        """Where `process` works."""
        return next((line for line in range(self.workers) if self.process_at(line) == process), None)

    def count(self, line: int, outcome: str) -> None:
        """One more execution at `line` that ended so; one of OUTCOMES."""
        at = self._at(line, outcome)
        _COUNT.pack_into(self._memory, at, _COUNT.unpack_from(self._memory, at)[0] + 1)

    def counted(self, outcome: str) -> int:
        """The executions at all lines that ended so."""
        return sum(_COUNT.unpack_from(self._memory, self._at(line, outcome))[0] for line in range(self.workers))

    @staticmethod
    def _at(line: int, outcome: str) -> int:
        return line * _LINE_BYTES + _PROCESS.size + _COUNT.size * OUTCOMES.index(outcome)


class Executions(Collector):
    """The board's counts as the metric `agents_executions`."""

    def __init__(self, board: Board) -> None:
        self._board = board

    def collect(self) -> Iterator[CounterMetricFamily]:
        """One family, with a sample an outcome."""
        family = CounterMetricFamily("agents_executions", "Executions, by how they ended", labels=["outcome"])
        for outcome in OUTCOMES:
            family.add_metric([outcome], self._board.counted(outcome))
        yield family
