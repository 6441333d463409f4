"""The processes environment: the whole topology as processes of this machine, on loopback, in a directory of the run.

The guardian starts and outlives everything, the warm interpreter forks the Python services, the fault proxy stands in
every link. What is started here ends here: by `down`, by the end of the program, or by its death of any kind. Ports
and the warm interpreter are kept over `reset`; data and all other processes are not.
"""

import signal
from collections.abc import Sequence

from harness.environments.base import OperatorAnswer, ProcessIdentity
from harness.environments.local import LocalEnvironment
from harness.environments.operating import operate
from harness.environments.running import exists, is_stopped, send, stop
from harness.environments.session import Session


class ProcessesEnvironment(LocalEnvironment[Session]):
    """See the module, `LocalEnvironment` for the parameters, and `harness/environments/base.py`."""

    @property
    def name(self) -> str:
        return "processes"

    # Processes

    def process(self, service: str) -> ProcessIdentity:
        return self._up.running.identity(service)

    def alive(self, identity: ProcessIdentity) -> bool:
        return exists(identity)

    def stopped(self, identity: ProcessIdentity) -> bool:
        return is_stopped(identity)

    async def kill(self, service: str) -> ProcessIdentity:
        return send(service, self.process(service), signal.SIGKILL)

    async def pause(self, service: str) -> ProcessIdentity:
        return await stop(service, self.process(service))

    async def resume(self, service: str) -> ProcessIdentity:
        return send(service, self.process(service), signal.SIGCONT)

    async def start(self, service: str) -> ProcessIdentity:
        return await self._up.starting.again(self._topology.service(service).name)

    async def operate(self, words: Sequence[str], limit_s: float = 60.0) -> OperatorAnswer:
        placement = self._up.starting.placement(self._console())
        return await operate(self._up.running, placement, self._operator, words, limit_s)

    async def _begin(self) -> Session:
        return await Session.begin(
            self._topology, root=self._root, seed=self._seed, keep=self._keep, project=self._project
        )
