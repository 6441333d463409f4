"""Replays traces in a process of the system's own interpreter, through the runner, and compares with the baselines.

The process is started once for many traces and spoken to line by line. Whatever goes wrong with it (it cannot be
started, it dies, it answers nonsense, it takes too long) is the result of the trace at hand, and the next trace gets a
new process. It knows nothing about what a trace means.
"""

import contextlib
import json
import queue
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import IO, Any, Self

from harness.clock import Deadline
from harness.replaying import runner
from harness.replaying.comparison import ReplayResult, TraceComparison, compare
from harness.traces import Trace
from harness.traces.diff import Keys

LIMIT_S = 60.0
"""For one trace, the start of the process included."""
_RESULT_LENGTH_MAX = 16_777_216
_ENDS_WITHIN_S = 5.0
_TOLD_OF_ERRORS = 2_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """What to replay with: an entry `module:function`, the interpreter and the directory that it is imported from."""

    entry: str
    python: Sequence[str] = (sys.executable,)
    directory: Path = field(default_factory=Path.cwd)
    environ: Mapping[str, str] | None = None


class RunnerFailed(RuntimeError):
    """The process gave no result: what happened, and the end of what it wrote to standard error."""


class RunnerProcess:
    """One process of the runner. Use as a context manager; it ends with it."""

    def __init__(self, target: Target) -> None:
        self._target = target
        self._process: subprocess.Popen[str] | None = None
        self._errors: IO[bytes] | None = None
        self._lines: queue.Queue[str | None] = queue.Queue()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._end()

    def replay(self, trace: Trace, *, limit_s: float = LIMIT_S) -> ReplayResult:
        """What the entry makes of `trace`; failures of any kind are in the result."""
        try:
            line = self._ask(json.dumps(trace.to_contract()), limit_s)
            return _result(trace, json.loads(line))
        except (RunnerFailed, OSError, ValueError, RecursionError) as error:
            told = str(error) + self._errors_end()
            self._end(at_once=True)
            return ReplayResult(trace=trace.id, error=told)

    def _ask(self, line: str, limit_s: float) -> str:
        deadline = Deadline(limit_s)
        process = self._process or self._start()
        # A process that does not read must not hold up the limit, so the writing is somebody else's.
        threading.Thread(target=_write_line, args=(process.stdin, line), daemon=True).start()
        try:
            answer = self._lines.get(timeout=deadline.left_s())
        except queue.Empty:
            raise RunnerFailed(f"no result within {limit_s:g} s") from None
        if answer is None:
            raise RunnerFailed(f"the runner ended with {process.wait(timeout=_ENDS_WITHIN_S)} instead of a result")
        return answer

    def _start(self) -> "subprocess.Popen[str]":
        target = self._target
        self._errors = tempfile.TemporaryFile()  # noqa: SIM115 -- closed by _end
        self._process = process = subprocess.Popen(  # noqa: S603 -- the command is the caller's configuration
            [*target.python, str(Path(runner.__file__).resolve()), target.entry],
            cwd=target.directory,
            env=None if target.environ is None else dict(target.environ),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._errors,
            encoding="utf-8",
        )
        self._lines = queue.Queue()
        threading.Thread(target=_read_lines, args=(process.stdout, self._lines), daemon=True).start()
        return process

    def _errors_end(self) -> str:
        if self._errors is None:
            return ""
        end = self._errors.seek(0, 2)
        self._errors.seek(max(0, end - _TOLD_OF_ERRORS))
        text = self._errors.read().decode("utf-8", "replace").strip()
        return f"; it wrote: {text}" if text else ""

    def _end(self, *, at_once: bool = False) -> None:
        process, self._process = self._process, None
        if process is not None:
            try:
                if at_once:
                    process.kill()
                elif process.stdin is not None:
                    process.stdin.close()
                process.wait(timeout=_ENDS_WITHIN_S)
            except (OSError, subprocess.TimeoutExpired):
                process.kill()
                process.wait()
            with contextlib.suppress(OSError):
                if process.stdin is not None:
                    process.stdin.close()
        if self._errors is not None:
            self._errors.close()
            self._errors = None


def _write_line(stream: IO[str] | None, line: str) -> None:
    assert stream is not None
    with contextlib.suppress(OSError, ValueError):  # it has ended, which the reader finds out
        stream.write(line + "\n")
        stream.flush()


def _read_lines(stream: IO[str] | None, lines: "queue.Queue[str | None]") -> None:
    assert stream is not None
    with stream:
        while line := stream.readline(_RESULT_LENGTH_MAX):
            lines.put(line)
    lines.put(None)


def _result(trace: Trace, document: Any) -> ReplayResult:
    known = isinstance(document, dict) and document.get("contract") in runner.CONTRACTS
    if not known or document.get("id") != trace.id:
        raise RunnerFailed(f"expected the result of {trace.id}, seen {str(document)[:200]}")
    error = document.get("error", "a result without `error`")
    return ReplayResult(
        trace=trace.id,
        output=document.get("output"),
        unmatched=tuple(document.get("unmatched", ())),
        unused=tuple(document.get("unused", ())),
        error=error,
    )


def replay_in_process(traces: Iterable[Trace], target: Target, *, limit_s: float = LIMIT_S) -> list[ReplayResult]:
    """Replays each trace, `limit_s` seconds at most each, in order."""
    with RunnerProcess(target) as process:
        return [process.replay(trace, limit_s=limit_s) for trace in traces]


def compare_in_process(
    traces: Iterable[Trace], target: Target, *, keys: Keys | None = None, limit_s: float = LIMIT_S
) -> list[TraceComparison]:
    """Replays each trace and holds its output against its baseline."""
    listed = tuple(traces)
    results = replay_in_process(listed, target, limit_s=limit_s)
    return [
        compare(trace, result, baseline=trace.baseline, keys=keys)
        for trace, result in zip(listed, results, strict=True)
    ]
