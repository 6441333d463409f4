"""Replays the traces through a copy of a tree in which one source was exchanged, until one of them does not pass.

As the gate does it: the runner's own code imports the entry from the copy, answers each trace by the contract, and the
gate's own code judges what comes. What is not as in the gate is the start: third-party packages are imported once, in a
process that others are forked from, so that a trial takes a fraction of a second. Of the system itself nothing is
imported before the fork. Each trial is a process of its own, and is killed when its time is up.
"""

import contextlib
import json
import multiprocessing
import multiprocessing.connection
import os
import shutil
import sys
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from harness.clock import Deadline
from harness.replaying import runner
from harness.replaying.comparison import ReplayResult, TraceOutcome, judge
from harness.traces import Comparison, Trace

PRELOADED = (
    "benchmarks.mutating.trial",
    "click",
    "deepdiff",
    "fakeredis",
    "httpx",
    "prometheus_client",
    "pydantic",
    "pydantic_settings",
    "redis",
    "rich.console",
    "rich.table",
    "scenarios.world.replay",
    "sqlalchemy",
    "sqlalchemy.dialects.mysql.pymysql",
    "sqlalchemy.dialects.sqlite",
    "starlette.applications",
    "starlette.routing",
    "uvicorn",
    "yaml",
)
"""No module of the system: that is imported anew in each trial, from the copy."""

CAUGHT = frozenset({TraceOutcome.CHANGED, TraceOutcome.BROKEN})
OUT_OF_TIME = "no end within its time"


@dataclass(frozen=True, slots=True, kw_only=True)
class Tree:
    """What is tried: the entry, and the package that it comes from, a folder of `root`."""

    root: Path
    package: str
    entry: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """One source to try: the text that stands at `path`, and the traces in the order in which they are replayed."""

    path: str
    source: str
    traces: Sequence[Trace]


@dataclass(frozen=True, slots=True, kw_only=True)
class Tried:
    """How a trial ended: the outcome of the first trace that did not pass, with what it said; a pass if all passed.

    `imported`: there was an entry to replay with.
    """

    outcome: TraceOutcome
    trace: str | None = None
    said: str = ""
    imported: bool = True

    @property
    def caught(self) -> bool:
        """Whether the gate would say that the behaviour has changed."""
        return self.outcome in CAUGHT


PASSED = Tried(outcome=TraceOutcome.PASS)


class Trials:
    """Runs trials, a few at a time, in copies below `folder`. A trace of one may take `limit_s`, as at the gate."""

    def __init__(self, tree: Tree, rules: Comparison, folder: Path, *, processes: int, limit_s: float) -> None:
        self._tree, self._rules, self._folder = tree, rules, folder
        self._processes, self._limit_s = processes, limit_s
        self._base = folder / "base"
        shutil.copytree(tree.root / tree.package, self._base / tree.package)
        self._context = multiprocessing.get_context("forkserver")
        self._context.set_forkserver_preload(list(PRELOADED))

    def run(self, trials: Iterable[Trial]) -> Iterator[tuple[int, Tried]]:
        """The end of each trial with its number, as they end."""
        waiting = deque(enumerate(trials))
        running: dict[int, tuple[Any, Connection, Deadline]] = {}
        try:
            while waiting or running:
                while waiting and len(running) < self._processes:
                    number, trial = waiting.popleft()
                    running[number] = self._started(number, trial)
                soonest = min(deadline.left_s() for _, _, deadline in running.values())
                multiprocessing.connection.wait([reader for _, reader, _ in running.values()], timeout=soonest)
                for number in list(running):
                    process, reader, deadline = running[number]
                    told = self._told(process, reader, deadline)
                    if told is PASSED:
                        running[number] = process, reader, Deadline(self._limit_s)
                    elif told is not None:
                        del running[number]
                        reader.close()
                        process.kill()
                        process.join()
                        shutil.rmtree(self._folder / str(number))
                        yield number, told
        finally:
            for process, _, _ in running.values():
                process.kill()
                process.join()

    def _started(self, number: int, trial: Trial) -> tuple[Any, Connection, Deadline]:
        copy = self._folder / str(number)
        shutil.copytree(self._base, copy, copy_function=os.link)
        place = copy / trial.path
        for compiled in (place.parent / "__pycache__").glob(f"{place.stem}.*.pyc"):
            compiled.unlink()
        place.unlink()
        place.write_text(trial.source, encoding="utf-8")
        reader, writer = self._context.Pipe(duplex=False)
        arguments = (writer, self._tree, copy, list(trial.traces), self._rules)
        process = self._context.Process(target=_try, args=arguments, daemon=True)
        process.start()
        writer.close()
        return process, reader, Deadline(self._limit_s)

    def _told(self, process: Any, reader: Connection, deadline: Deadline) -> Tried | None:
        """What a trial says now: None for nothing, PASSED for one trace more that did, or how it ended."""
        if not reader.poll():
            return Tried(outcome=TraceOutcome.UNKNOWN, said=OUT_OF_TIME) if deadline.passed else None
        try:
            told: Tried | None = reader.recv()
        except EOFError:
            process.join()
            return Tried(outcome=TraceOutcome.UNKNOWN, said=f"its process ended with {process.exitcode}")
        return PASSED if told is None else told


def in_copy(tree: Tree, copy: Path) -> Any:
    """The entry as the runner finds it in a copy of the tree, or the exception that its import ended in."""
    os.chdir(copy)
    sys.dont_write_bytecode = True
    sys.path.insert(0, str(copy))
    runner.import_from_here(str(tree.root))
    entry = runner.find(tree.entry)
    return entry if isinstance(entry, BaseException) else runner.from_elsewhere(entry) or entry


def answered(entry: Any, trace: Trace) -> ReplayResult:
    """What the runner says to one trace."""
    document = json.loads(runner.answer(entry, json.dumps(trace.to_contract())))
    return ReplayResult(
        trace=trace.id,
        output=document["output"],
        unmatched=tuple(document["unmatched"]),
        unused=tuple(document["unused"]),
        error=document["error"],
        raised=document["raised"],
    )


def _try(writer: Connection, tree: Tree, copy: Path, traces: Sequence[Trace], rules: Comparison) -> None:
    """In a process of its own: replays until a trace does not pass."""
    if found := sorted(name for name in sys.modules if name.split(".")[0] == tree.package):
        raise AssertionError(f"of what is tried, {found} was there before the trial")
    with Path(os.devnull).open("w") as nowhere, contextlib.redirect_stderr(nowhere):
        runner.end_with_parent()
        entry = in_copy(tree, copy)
        if isinstance(entry, BaseException):
            writer.send(
                Tried(outcome=TraceOutcome.UNKNOWN, said=f"{type(entry).__name__}: {entry}"[:300], imported=False)
            )
            return
        for trace in traces:
            verdict = judge(trace, answered(entry, trace), rules)
            if verdict.outcome is not TraceOutcome.PASS:
                lines = [verdict.error, *verdict.unmatched, *verdict.unused, *verdict.lines]
                said = next((line for line in lines if line), "")
                writer.send(Tried(outcome=verdict.outcome, trace=trace.id, said=said[:300]))
                return
            writer.send(None)
    writer.send(Tried(outcome=TraceOutcome.PASS))
