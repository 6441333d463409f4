"""Starts the processes of a run, each below the guardian, and knows which process a name means.

It is also the launcher that kinds of services are given for their helper programs.
"""

import signal
from concurrent.futures import Future
from pathlib import Path

from harness.clock import Deadline, sleep_s
from harness.environments.base import EnvironmentFault, ProcessIdentity
from harness.environments.channel import outcome_of
from harness.environments.guardian import process_row, send_signal
from harness.environments.guardian_client import GuardianClient
from harness.environments.warm_interpreter import WarmInterpreter
from harness.services.base import Placement, Program, PythonModule, ServiceFault

GONE_WITHIN_S = 5.0
STOPPED_WITHIN_S = 1.0
KILLED_STATUS = -int(signal.SIGKILL)


class Running:
    """The processes of one run, by name; a name that is started again means the newest."""

    def __init__(self, guardian: GuardianClient, project: Path) -> None:
        self.guardian = guardian
        self.project = project
        self.warm: WarmInterpreter | None = None
        self._processes: dict[str, ProcessIdentity] = {}

    async def launch(
        self, name: str, command: Program | PythonModule, *, log: Path, errors: Path | None = None
    ) -> ProcessIdentity:
        """Start a process; raises EnvironmentFault when it cannot be, also because its predecessor still runs."""
        before = self._processes.get(name)
        if before is not None:
            await self._gone(name, before)
        if isinstance(command, PythonModule):
            if self.warm is None:
                raise EnvironmentFault(f"{name} needs the warm interpreter, which is not there")
            identity = await self.warm.fork(name, command, cwd=self.project, log=log, errors=errors)
        else:
            identity = await self.guardian.start(
                name, command.argv, environ=command.environ, cwd=self.project, log=log, errors=errors
            )
        self._processes[name] = identity
        return identity

    def identity(self, name: str) -> ProcessIdentity:
        """The newest process of that name; raises EnvironmentFault when it never was started."""
        if name not in self._processes:
            raise EnvironmentFault(f"{name} was never started; there are {', '.join(sorted(self._processes))}")
        return self._processes[name]

    def exit_of(self, identity: ProcessIdentity) -> Future[int]:
        """The promise of its exit status; negative for a signal."""
        return self.guardian.exits.of(identity)

    def launcher(self, placement: Placement) -> "Running":
        """What runs the helper programs of a service: the same, since all are processes of this machine."""
        return self

    def forget(self) -> None:
        """All processes have been ended: names mean nothing until they are started again."""
        self._processes.clear()

    async def start(self, name: str, program: Program, *, log: Path) -> None:
        """See Launcher."""
        await self.launch(name, program, log=log)

    async def run(self, name: str, program: Program, *, log: Path, limit_s: float) -> int:
        """See Launcher."""
        await self.launch(name, program, log=log)
        return await self.ended(name, limit_s=limit_s)

    def has_ended(self, name: str) -> bool:
        """See Launcher."""
        return self.exit_of(self.identity(name)).done()

    async def ended(self, name: str, *, limit_s: float) -> int:
        """See Launcher."""
        status = await self.status_within(self.identity(name), limit_s)
        self._processes.pop(name, None)
        if status is None:
            raise ServiceFault(f"{name} did not end within {limit_s} s and was killed")
        return status

    async def status_within(self, identity: ProcessIdentity, limit_s: float) -> int | None:
        """The exit status; after `limit_s` the process is killed and there is none."""
        try:
            return await outcome_of(self.exit_of(identity), limit_s)
        except TimeoutError:
            send_signal(identity.pid, identity.started_ticks, signal.SIGKILL)
            return None

    async def _gone(self, name: str, identity: ProcessIdentity) -> None:
        deadline = Deadline(GONE_WITHIN_S)
        while exists(identity):
            if deadline.passed:
                raise EnvironmentFault(f"{name} still runs as PID {identity.pid}: kill it before starting it again")
            await sleep_s(0.003)


def exists(identity: ProcessIdentity) -> bool:
    """Whether that very process is there and has not ended."""
    row = process_row(identity.pid)
    return row is not None and row.started_ticks == identity.started_ticks and not row.ended


def is_stopped(identity: ProcessIdentity) -> bool:
    """Whether that very process is stopped."""
    row = process_row(identity.pid)
    return row is not None and row.started_ticks == identity.started_ticks and row.state in "Tt"


def send(name: str, identity: ProcessIdentity, number: signal.Signals) -> ProcessIdentity:
    """Signal that very process; raises EnvironmentFault when it is gone."""
    if not send_signal(identity.pid, identity.started_ticks, number):
        raise EnvironmentFault(f"{number.name} to {name}: its process {identity.pid} is gone")
    return identity


async def stop(name: str, identity: ProcessIdentity) -> ProcessIdentity:
    """SIGSTOP that very process, and wait until all of its threads have taken note; EnvironmentFault as above."""
    send(name, identity, signal.SIGSTOP)
    deadline = Deadline(STOPPED_WITHIN_S)
    while not is_stopped(identity) and exists(identity) and not deadline.passed:
        await sleep_s(0.001)
    return identity


def described(command: Program | PythonModule | None) -> str:
    """A command as one would type it."""
    if isinstance(command, PythonModule):
        return " ".join(["python", "-m", command.module, *command.argv])
    return " ".join(command.argv) if command else ""
