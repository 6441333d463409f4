"""The containers environment: each service in a container of its own, on a network of its own with the fault proxy.

The same scenarios run here as on processes. What differs lies behind the capabilities: a service is killed, paused and
started again as a container, and services do not see each other's processes. What is started here ends here, also when
the harness is killed: the guardian removes what bears the run's label.
"""

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any

from harness.clock import Deadline, sleep_s
from harness.environments.base import EnvironmentFault, OperatorAnswer, ProcessIdentity
from harness.environments.container_session import ContainerSession
from harness.environments.engine import is_frozen
from harness.environments.local import LocalEnvironment
from harness.environments.operating import console_command, document_in
from harness.environments.running import KILLED_STATUS, exists
from harness.services.base import Program, PythonModule

STOPPED_WITHIN_S = 2.0
GONE_WITHIN_S = 5.0
IDLE = Program(argv=["sleep", "infinity"], environ={})
"""What the operator's container does between commands."""


class ContainersEnvironment(LocalEnvironment[ContainerSession]):
    """See the module, `LocalEnvironment` for the parameters, and `harness/environments/base.py`."""

    down_within_s = 30.0

    @property
    def name(self) -> str:
        return "containers"

    def versions(self) -> Mapping[str, str]:
        return {} if self._session is None else self._session.images()

    # Processes

    def process(self, service: str) -> ProcessIdentity:
        return self._up.containing.identity(service)

    def alive(self, identity: ProcessIdentity) -> bool:
        return exists(identity)

    def stopped(self, identity: ProcessIdentity) -> bool:
        return exists(identity) and is_frozen(identity.pid)

    async def kill(self, service: str) -> ProcessIdentity:
        identity = self.process(service)
        if not exists(identity):
            raise EnvironmentFault(f"SIGKILL to {service}: its container has ended")
        await self._ask(service, "SIGKILL")
        await self._until(lambda: not exists(identity), GONE_WITHIN_S)
        return identity

    async def pause(self, service: str) -> ProcessIdentity:
        identity = self.process(service)
        await asyncio.to_thread(self._up.containing.engine.pause, self._container(service))
        await self._until(lambda: self.stopped(identity) or not exists(identity), STOPPED_WITHIN_S)
        return identity

    async def resume(self, service: str) -> ProcessIdentity:
        await asyncio.to_thread(self._up.containing.engine.unpause, self._container(service))
        return self.process(service)

    async def start(self, service: str) -> ProcessIdentity:
        return await self._up.starting.again(self._topology.service(service).name)

    async def operate(self, words: Sequence[str], limit_s: float = 60.0) -> OperatorAnswer:
        """In the operator's container, which has the operator's own links. Past `limit_s` the container is killed."""
        if not self._operator:
            raise EnvironmentFault('no operator console: say operator = ["python", "-m", ...] in [tool.harness]')
        console, containing = self._console(), self._up.containing
        placement = self._up.starting.placement(console)
        if console not in containing.names():
            placement.directory.mkdir(parents=True, exist_ok=True)
            await containing.launch(console, IDLE, log=placement.log)
        command = console_command(self._operator, words, placement)
        if isinstance(command, PythonModule):
            command = Program(argv=["python3", "-m", command.module, *command.argv], environ=command.environ)
        inside = asyncio.to_thread(containing.run_inside, console, command)
        try:
            code, output, errors = await asyncio.wait_for(asyncio.shield(asyncio.ensure_future(inside)), limit_s)
        except TimeoutError:
            await self._ask(console, "SIGKILL")
            containing.forget(console)
            code, output, errors = KILLED_STATUS, "", f"killed by the harness: it still ran after {limit_s:g} s"
        return OperatorAnswer(
            command=(*self._operator, *words),
            exit_code=code,
            output=output,
            errors=errors,
            document=document_in(output),
        )

    async def _begin(self) -> ContainerSession:
        return await ContainerSession.begin(
            self._topology, root=self._root, seed=self._seed, keep=self._keep, project=self._project
        )

    def _container(self, service: str) -> str:
        return self._up.containing.container(self._topology.service(service).name)

    async def _ask(self, service: str, signal: str) -> None:
        await asyncio.to_thread(self._up.containing.engine.signal, self._container(service), signal)

    @staticmethod
    async def _until(condition: Any, within_s: float) -> None:
        deadline = Deadline(within_s)
        while not condition() and not deadline.passed:
            await sleep_s(0.002)
