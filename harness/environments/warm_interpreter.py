"""The harness's side of the warm interpreter: starts it below the guardian and asks it for processes.

The program is `harness/services/zygote.py`. It stays warm for as long as the environment lives, over every reset.
"""

import asyncio
import os
import socket
import sys
from collections.abc import Mapping, Sequence
from concurrent.futures import Future
from pathlib import Path

from harness.environments.base import EnvironmentFault, ProcessIdentity
from harness.environments.channel import Channel, ChannelClosed, Document, outcome_of
from harness.environments.guardian import LEDGER, RUN_VARIABLE
from harness.environments.guardian_client import GuardianClient
from harness.services import zygote
from harness.services.base import PythonModule, own_environ

WARM_WITHIN_S = 60.0
CONNECTED_WITHIN_S = 20.0
NAME = "warm-interpreter"


class WarmInterpreter:
    """One warm interpreter. Make it with `start`; `fork` waits until it is warm."""

    def __init__(self, guardian: GuardianClient, run: Path, identity: ProcessIdentity, log: Path) -> None:
        self.identity = identity
        self._guardian = guardian
        self._run = run
        self._log = log
        self._warm: Future[float] = Future()
        self._channel: Channel | None = None

    @classmethod
    async def start(
        cls, guardian: GuardianClient, *, run: Path, project: Path, modules: Sequence[str], log: Path
    ) -> "WarmInterpreter":
        """Start it; it goes on importing `modules` when this returns."""
        path = run / "warm.sock"
        path.unlink(missing_ok=True)
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as listener:
            try:
                listener.bind(str(path))
            except OSError as error:
                raise EnvironmentFault(f"{path} cannot be a socket: {error}; set TMPDIR to a shorter path") from error
            listener.listen(1)
            argv = [sys.executable, "-P", zygote.__file__, str(path), str(run / LEDGER), *modules]
            identity = await guardian.start(NAME, argv, environ=own_environ({}), cwd=project, log=log)
            warm = cls(guardian, run, identity, log)
            warm._connect(await warm._accept(listener))
        return warm

    async def ready(self) -> float:
        """Wait until everything is imported; returns the CPU seconds that took. Raises EnvironmentFault."""
        try:
            return await outcome_of(self._warm, WARM_WITHIN_S)
        except TimeoutError:
            raise EnvironmentFault(f"the warm interpreter still imports after {WARM_WITHIN_S} s") from None

    async def fork(
        self, name: str, command: PythonModule, *, cwd: Path, log: Path, errors: Path | None = None
    ) -> ProcessIdentity:
        """A process that runs the module; raises EnvironmentFault when the interpreter is gone."""
        await self.ready()
        assert self._channel
        request: Document = {
            "do": "fork",
            "name": name,
            "module": command.module,
            "argv": list(command.argv),
            "environ": _with_mark(command.environ, self._run),
            "cwd": str(cwd),
            "log": str(log),
            "errors": str(errors) if errors else None,
        }
        try:
            answer = await outcome_of(self._channel.request(request))
        except ChannelClosed as error:
            raise EnvironmentFault(f"{name} cannot be started: the warm interpreter is gone; call reset()") from error
        if "error" in answer:
            raise EnvironmentFault(f"{name} cannot be started: {answer['error']}")
        return ProcessIdentity(pid=answer["pid"], started_ticks=answer["started_ticks"])

    @property
    def gone(self) -> bool:
        """Whether it died, and with it the chance to fork."""
        return self._guardian.exits.of(self.identity).done()

    async def _accept(self, listener: socket.socket) -> socket.socket:
        listener.setblocking(False)
        loop = asyncio.get_running_loop()
        accepting = asyncio.ensure_future(loop.sock_accept(listener))
        ending = asyncio.ensure_future(outcome_of(self._guardian.exits.of(self.identity)))
        try:
            await asyncio.wait({accepting, ending}, timeout=CONNECTED_WITHIN_S, return_when=asyncio.FIRST_COMPLETED)
            if accepting.done():
                connection, _ = accepting.result()
                connection.setblocking(True)
                return connection
        finally:
            accepting.cancel()
            ending.cancel()
        said = self._log.read_text(encoding="utf-8", errors="replace")[-2000:]
        raise EnvironmentFault(f"the warm interpreter did not start; its log ends:\n{said}")

    def _connect(self, connection: socket.socket) -> None:
        self._channel = Channel(
            "the warm interpreter",
            reader=os.fdopen(os.dup(connection.fileno()), "rb"),
            writer=os.fdopen(os.dup(connection.fileno()), "wb"),
            on_notice=self._notice,
            on_end=self._end,
        )
        connection.close()

    def _notice(self, document: Document) -> None:
        if "warm" in document:
            self._warm.set_result(document["warm"])
        elif "failed" in document:
            text = f"module {document['failed']!r} cannot be preloaded: mend its import, or take it out of `preload`"
            self._warm.set_exception(EnvironmentFault(f"{text}\n{document['error'].strip()}"))
        elif "exited" in document:
            self._guardian.exits.tell(document)

    def _end(self) -> None:
        if not self._warm.done():
            self._warm.set_exception(EnvironmentFault("the warm interpreter ended while it was importing"))


def _with_mark(environ: Mapping[str, str], run: Path) -> dict[str, str]:
    return {**environ, RUN_VARIABLE: str(run)}
