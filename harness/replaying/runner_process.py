"""One process of the runner: the system's own interpreter with `runner.py`, spoken to line by line.

It is kept a few traces ahead, so that it never waits for the harness, and it is never waited for: whoever holds it asks
what can be read and written. It ends nothing but itself, and knows nothing about what a trace means.
"""

import contextlib
import json
import os
import subprocess
import sys
import tempfile
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

from harness.clock import Deadline, monotonic_s
from harness.replaying import runner
from harness.replaying.comparison import ReplayResult
from harness.services.base import own_environ
from harness.traces import Trace

_RESULT_LENGTH_MAX = 16_777_216
_READ_AT_ONCE = 262_144
_ENDS_WITHIN_S = 5.0
_TOLD_OF_ERRORS = 2_000
_ERRORS_KEPT = 1_048_576


class RunnerFailed(RuntimeError):
    """A process gave no result: what happened."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """What to replay with: an entry `module:function`, the interpreter, and the directory that it is imported from.

    `instead_of` is the checkout that `directory` stands for: what the interpreter would import from there (an editable
    installation does) it imports from `directory`. `environ` is all that the process sees of an environment.
    """

    entry: str
    python: Sequence[str] = (sys.executable,)
    directory: Path = field(default_factory=Path.cwd)
    instead_of: Path | None = None
    environ: Mapping[str, str] = field(default_factory=lambda: own_environ({}))

    @property
    def command(self) -> list[str]:
        """The words that start the runner."""
        words = [*self.python, str(Path(runner.__file__).resolve()), self.entry]
        return words if self.instead_of is None else [*words, str(self.instead_of)]


@dataclass(slots=True, kw_only=True)
class Waiting:
    """A trace that was handed to a process and has not been answered."""

    place: "Place"
    line: bytes
    contract: Any


@dataclass(slots=True, kw_only=True)
class Place:
    """Where a trace stands in the order of the stream."""

    trace: Trace
    result: ReplayResult | None = None


class RunnerProcess:
    """One process of the runner, read and written without ever waiting for it."""

    def __init__(self, target: Target, limit_s: float) -> None:
        self.errors: IO[bytes] = tempfile.TemporaryFile(buffering=0)  # noqa: SIM115 -- closed by end
        try:
            self._process = subprocess.Popen(  # noqa: S603 -- the command is the caller's configuration
                target.command,
                cwd=target.directory,
                env=dict(target.environ),
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=self.errors,
                bufsize=0,
                # Ctrl-C is for the harness, which ends its processes itself.
                start_new_session=True,
            )
        except OSError as error:
            self.errors.close()
            raise RunnerFailed(f"{target.command[0]} cannot be started in {target.directory}: {error}") from error
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self.writes, self.reads = self._process.stdin.fileno(), self._process.stdout.fileno()
        for descriptor in (self.writes, self.reads):
            os.set_blocking(descriptor, False)
        self.pid = self._process.pid
        self.waiting: deque[Waiting] = deque()
        self.answered = 0
        self._began_s = monotonic_s()
        self._first_answer_s: float | None = None
        self._limit_s = limit_s
        self._deadline = Deadline(limit_s)
        self._to_write = bytearray()
        self._read = bytearray()

    @property
    def left_s(self) -> float:
        """Until the trace at hand has taken too long."""
        return self._deadline.left_s()

    @property
    def has_worked_for_its_start(self) -> bool:
        """Whether it has been answering for as long as it took to the first answer."""
        first_s = self._first_answer_s
        return first_s is not None and monotonic_s() - first_s >= first_s - self._began_s

    @property
    def has_to_write(self) -> bool:
        return bool(self._to_write)

    def give(self, waiting: Waiting) -> None:
        """Hand over one trace more."""
        if not self.waiting and self.answered:
            self._deadline = Deadline(self._limit_s)
        self.waiting.append(waiting)
        self._to_write += waiting.line

    def write(self) -> None:
        """Pass on what the pipe takes."""
        try:
            written = os.write(self.writes, self._to_write)
        except BlockingIOError:
            return
        except OSError:  # it has ended, which the reading finds out
            written = len(self._to_write)
        del self._to_write[:written]

    def read(self) -> Iterator[tuple[Waiting, ReplayResult]]:
        """The results that have come; RunnerFailed when the process has ended, or says what is no result."""
        try:
            piece = os.read(self.reads, _READ_AT_ONCE)
        except BlockingIOError:
            return
        if not piece:
            code = self._process.wait(timeout=_ENDS_WITHIN_S)
            raise RunnerFailed(f"the runner ended with {code} instead of a result")
        begins = len(self._read)
        self._read += piece
        while (end := self._read.find(b"\n", begins)) >= 0:
            line = bytes(self._read[:end])
            del self._read[: end + 1]
            begins = 0
            yield self._answered(line)
        if len(self._read) > _RESULT_LENGTH_MAX:
            raise RunnerFailed(f"a result is longer than {_RESULT_LENGTH_MAX} bytes")

    def _answered(self, line: bytes) -> tuple[Waiting, ReplayResult]:
        if not self.waiting:
            raise RunnerFailed(f"expected nothing, seen {line[:200]!r}")
        waiting = self.waiting[0]
        result = _result(waiting, line)
        self.waiting.popleft()
        self.answered += 1
        self._first_answer_s = self._first_answer_s or monotonic_s()
        self._deadline = Deadline(self._limit_s)
        if self.errors.seek(0, os.SEEK_END) > _ERRORS_KEPT:  # a talkative system must not fill the disk
            self.errors.truncate(0)
        return waiting, result

    def errors_end(self) -> str:
        """The end of what it wrote to standard error, for an error's text."""
        end = self.errors.seek(0, os.SEEK_END)
        self.errors.seek(max(0, end - _TOLD_OF_ERRORS))
        text = self.errors.read().decode("utf-8", "replace").strip()
        return f"; it wrote: {text}" if text else ""

    def end(self, *, at_once: bool) -> None:
        """End it: by the end of its input, or without asking."""
        process = self._process
        assert process.stdin is not None
        assert process.stdout is not None
        try:
            with contextlib.suppress(OSError):
                process.stdin.close()
            if at_once:
                process.kill()
            process.wait(timeout=_ENDS_WITHIN_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        except BaseException:  # a second Ctrl-C: it is not waited for, and not left either
            process.kill()
            raise
        finally:
            process.stdout.close()
            self.errors.close()


def _result(waiting: Waiting, line: bytes) -> ReplayResult:
    trace = waiting.place.trace
    try:
        document = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise RunnerFailed(f"expected the result of {trace.id}, seen {line[:200]!r}: {error}") from None
    if not _fits(document, waiting):
        raise RunnerFailed(f"expected the result of {trace.id}, seen {line[:200]!r}")
    return ReplayResult(
        trace=trace.id,
        output=document["output"],
        unmatched=tuple(document["unmatched"]),
        unused=tuple(document["unused"]),
        error=document["error"],
        raised=document.get("raised") is True,
    )


def _fits(document: Any, waiting: Waiting) -> bool:
    return (
        isinstance(document, dict)
        and document.get("contract") == waiting.contract
        and document.get("id") == waiting.place.trace.id
        and "output" in document
        and isinstance(document.get("error", 0), str | None)
        and all(
            isinstance(calls := document.get(name), list) and all(isinstance(call, dict) for call in calls)
            for name in ("unmatched", "unused")
        )
    )


def waiting_at(place: Place) -> Waiting:
    """The trace at `place` as it is handed to a process."""
    document = place.trace.to_contract()
    return Waiting(place=place, line=json.dumps(document).encode() + b"\n", contract=document["contract"])
