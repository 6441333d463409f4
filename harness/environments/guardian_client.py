"""The harness's side of the guardian: starts it, asks it to start processes, and undoes the run if it dies.

The guardian is the program in `guardian.py`; nothing else is ever started by the harness itself.
"""

import contextlib
import os
import subprocess
import sys
import threading
from collections.abc import Collection, Mapping, Sequence
from concurrent.futures import Future
from pathlib import Path

from harness.environments import guardian
from harness.environments.base import EnvironmentFault, ProcessIdentity
from harness.environments.channel import Channel, ChannelClosed, Document, outcome_of
from harness.environments.run_directory import RunDirectory, undo_by_ledger

STARTED_WITHIN_S = 10.0
LOG = "guardian.log"


class Exits:
    """How processes ended. Can be asked before and after they do."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._statuses: dict[ProcessIdentity, Future[int]] = {}

    def of(self, process: ProcessIdentity) -> Future[int]:
        """The promise of that process's exit status; negative for a signal."""
        with self._lock:
            return self._statuses.setdefault(process, Future())

    def tell(self, document: Document) -> None:
        """Take the notice of an exit."""
        future = self.of(ProcessIdentity(pid=document["exited"], started_ticks=document["started_ticks"]))
        if not future.done():
            future.set_result(document["status"])


class GuardianClient:
    """A running guardian. When it dies by other hands, the run is undone from here and `lost` is set."""

    def __init__(self, run: RunDirectory, *, holding: Collection[int] = ()) -> None:
        """`holding` are descriptors of leases that the guardian shall keep open until everything is undone."""
        self._run = run
        self._finishing = False
        self._ready: Future[int] = Future()
        self.lost = False
        self.exits = Exits()
        held = (run.lease, *holding)
        words = ",".join(str(descriptor) for descriptor in held)
        with (run.path / LOG).open("ab") as log:
            self._popen = subprocess.Popen(  # noqa: S603 - our own program, by its path
                [sys.executable, "-I", "-S", guardian.__file__, str(run.path), words, str(os.getpid())],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                pass_fds=held,
                cwd="/",
                start_new_session=True,
            )
        assert self._popen.stdin
        assert self._popen.stdout
        self._channel = Channel(
            "guardian",
            reader=self._popen.stdout,
            writer=self._popen.stdin,
            on_notice=self._notice,
            on_end=self._end,
        )

    @property
    def pid(self) -> int:
        return self._popen.pid

    async def ready(self) -> None:
        """Return once it guards; raises EnvironmentFault when it does not start."""
        try:
            await outcome_of(self._ready, STARTED_WITHIN_S)
        except (ChannelClosed, TimeoutError) as error:
            text = (self._run.path / LOG).read_text(errors="replace") if self._run.path.exists() else ""
            raise EnvironmentFault(f"the guardian did not start: {error}; its log says: {text[-2000:]}") from error

    async def start(
        self,
        name: str,
        argv: Sequence[str],
        *,
        environ: Mapping[str, str],
        cwd: Path,
        log: Path,
        errors: Path | None = None,
    ) -> ProcessIdentity:
        """Start a program; raises EnvironmentFault when there is no such program."""
        request: Document = {
            "do": "start",
            "name": name,
            "argv": list(argv),
            "environ": {**environ, guardian.RUN_VARIABLE: str(self._run.path)},
            "cwd": str(cwd),
            "log": str(log),
            "errors": str(errors) if errors else None,
        }
        answer = await self._ask(request)
        if "error" in answer:
            raise EnvironmentFault(f"{name} cannot be started: {answer['error']} (command: {' '.join(argv)})")
        return ProcessIdentity(pid=answer["pid"], started_ticks=answer["started_ticks"])

    async def end(self, *, keep: Collection[int]) -> int:
        """Kill all processes of the run but those with PIDs in `keep`; returns how many, when they are gone."""
        answer = await self._ask({"do": "end", "keep": list(keep)})
        return int(answer["ended"])

    def release_lease(self) -> None:
        """Let the guardian undo everything; returns at once."""
        self._finishing = True
        self._channel.close()

    def finish(self, limit_s: float) -> None:
        """End the lease: everything is killed and the directory removed. Blocks until it is done.

        Whatever is not done after `limit_s` is done from here.
        """
        self.release_lease()
        if not self._channel.join(limit_s):
            self._popen.kill()
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._popen.wait(limit_s)
        if self._popen.returncode != 0:
            undo_by_ledger(self._run.path)
        self._run.release()

    async def _ask(self, request: Document) -> Document:
        try:
            return await outcome_of(self._channel.request(request))
        except ChannelClosed as error:
            raise EnvironmentFault(
                "the guardian of this environment was killed, so everything it guarded was ended: call up() again"
            ) from error

    def _notice(self, document: Document) -> None:
        if "ready" in document:
            self._ready.set_result(document["ready"])
        elif "exited" in document:
            self.exits.tell(document)

    def _end(self) -> None:
        if not self._ready.done():
            self._ready.set_exception(ChannelClosed("the guardian ended before it was ready"))
        if not self._finishing:
            self.lost = True
            undo_by_ledger(self._run.path)
