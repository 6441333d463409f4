"""Several processes of the runner at once, fed as a stream: as many traces as there are, and memory for a few.

Results come in the order of the traces. Whatever goes wrong with a process (it cannot be started, it dies, it answers
nonsense, it takes too long) is the result of the trace that it was at, and a new process goes on with the next. It
knows nothing about what a trace means.
"""

import os
import selectors
from collections import deque
from collections.abc import Callable, Generator, Iterable
from types import TracebackType
from typing import Self

from harness.replaying.comparison import ReplayResult
from harness.replaying.runner_process import Place, RunnerFailed, RunnerProcess, Target, Waiting, waiting_at
from harness.traces import Trace

LIMIT_S = 60.0
"""For one trace, the start of the process included."""

_AHEAD = 8
"""Traces that a process is given before it has answered the first of them; of its first, two."""

_FAILURES_MAX = 5
"""So many traces in a row without a result: the rest would fare no better."""

Asked = tuple[Trace, ReplayResult | None]
"""A trace, and its result where that is known already."""


class Runners:
    """Replays traces with one target; use as a context manager, its processes end with it.

    `target` may be a function, called when the first process is needed; what it raises as one of `refusals` becomes the
    result of every trace that needed it. Without `processes` there may be as many as there are cores, each once those
    before it have been at work for as long as it takes to start one: few traces are not worth another.
    """

    def __init__(
        self,
        target: Target | Callable[[], Target],
        *,
        processes: int | None = None,
        limit_s: float = LIMIT_S,
        refusals: tuple[type[Exception], ...] = (),
    ) -> None:
        self._make = target if callable(target) else lambda: target
        self._target: Target | None = None
        self._at_once = processes is not None
        self._processes_max = max(1, processes or len(os.sched_getaffinity(0)))
        self._limit_s = limit_s
        self._refusals = refusals
        self.processes: list[RunnerProcess] = []
        self._failures = 0
        self._refused: str | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._end_all(at_once=kind is not None)

    def one(self, trace: Trace) -> ReplayResult:
        """What the entry makes of one trace; failures of any kind are in the result."""
        (found,) = self.replay([trace])
        return found[1]

    def replay(self, traces: Iterable[Trace]) -> Generator[tuple[Trace, ReplayResult], None, None]:
        """What the entry makes of each trace, in order, as it comes; failures of any kind are in the results."""
        return self.complete((trace, None) for trace in traces)

    def complete(self, asked: Iterable[Asked]) -> Generator[tuple[Trace, ReplayResult], None, None]:
        """The same, where some results are known already and pass through in their places."""
        source = iter(asked)
        order: deque[Place] = deque()
        again: deque[Waiting] = deque()
        more = True
        try:
            while True:
                while more and len(order) < self._processes_max * _AHEAD * 2:
                    found = next(source, None)
                    if found is None:
                        more = False
                        break
                    place = Place(trace=found[0], result=found[1])
                    order.append(place)
                    if place.result is None:
                        again.append(waiting_at(place))
                self._hand_over(again)
                while order and order[0].result is not None:
                    place = order.popleft()
                    assert place.result is not None
                    yield place.trace, place.result
                if not order and not more:
                    return
                if any(process.waiting for process in self.processes):
                    self._move(again)
        except BaseException:
            self._end_all(at_once=True)
            raise

    def _hand_over(self, queue: deque[Waiting]) -> None:
        """Give what waits to the processes, the least busy first."""
        while queue:
            if self._refused is not None:
                _refuse(queue.popleft(), self._refused)
                continue
            least = min(self.processes, key=lambda one: len(one.waiting), default=None)
            if least is None or (least.waiting and self._another_is_worth_it()):
                least = self._started(queue)
                if least is None:
                    continue
            if len(least.waiting) >= (_AHEAD if least.answered else _AHEAD // 4):
                return
            least.give(queue.popleft())

    def _another_is_worth_it(self) -> bool:
        if len(self.processes) >= self._processes_max:
            return False
        return self._at_once or self.processes[-1].has_worked_for_its_start

    def _started(self, queue: deque[Waiting]) -> RunnerProcess | None:
        """One process more; None when there is none to be had, which the next trace is told."""
        try:
            if self._target is None:
                self._target = self._make()
            process = RunnerProcess(self._target, self._limit_s)
        except RunnerFailed as failure:
            self._failed(queue.popleft(), str(failure))
            return None
        except self._refusals as refusal:
            self._refused = str(refusal)
            return None
        self.processes.append(process)
        return process

    def _move(self, again: deque[Waiting]) -> None:
        """Wait until something can be read or written, or takes too long, and do that."""
        with selectors.PollSelector() as selector:
            for process in self.processes:
                selector.register(process.reads, selectors.EVENT_READ, process)
                if process.has_to_write:
                    selector.register(process.writes, selectors.EVENT_WRITE, process)
            soonest = min(process.left_s for process in self.processes if process.waiting)
            ready = selector.select(soonest)
        for key, _ in ready:
            process = key.data
            if process not in self.processes:
                continue
            if key.fd == process.writes:
                process.write()
                continue
            try:
                for waiting, result in process.read():
                    waiting.place.result = result
                    self._failures = 0
            except RunnerFailed as failure:
                self._replace(process, str(failure), again)
        for process in [one for one in self.processes if one.waiting and one.left_s == 0.0]:
            self._replace(process, f"no result within {self._limit_s:g} s", again)

    def _replace(self, process: RunnerProcess, reason: str, again: deque[Waiting]) -> None:
        """End a process that failed at its first trace; the others that it was given are given anew."""
        told = reason + process.errors_end()
        self.processes.remove(process)
        process.end(at_once=True)
        if process.waiting:
            self._failed(process.waiting.popleft(), told)
            again.extendleft(reversed(process.waiting))

    def _failed(self, waiting: Waiting, reason: str) -> None:
        _refuse(waiting, reason)
        self._failures += 1
        if self._failures >= _FAILURES_MAX:
            self._refused = f"{_FAILURES_MAX} traces in a row got no result; the last: {reason}"

    def _end_all(self, *, at_once: bool) -> None:
        while self.processes:
            self.processes.pop().end(at_once=at_once)


def _refuse(waiting: Waiting, reason: str) -> None:
    waiting.place.result = ReplayResult(trace=waiting.place.trace.id, error=reason)
