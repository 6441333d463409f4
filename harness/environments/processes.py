"""The processes environment: the whole topology as processes of this machine, on loopback, in a directory of the run.

The guardian starts and outlives everything, the warm interpreter forks the Python services, the fault proxy stands in
every link. What is started here ends here: by `down`, by the end of the program, or by its death of any kind. Ports
and the warm interpreter are kept over `reset`; data and all other processes are not.
"""

import asyncio
import contextlib
import signal
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from harness.clock import Deadline, sleep_s
from harness.environments.base import (
    Capability,
    EnvironmentFault,
    LinkTraffic,
    OperatorAnswer,
    ProcessIdentity,
)
from harness.environments.observing import Observers
from harness.environments.operating import KIND as OPERATOR
from harness.environments.operating import operate
from harness.environments.run_directory import default_root
from harness.environments.running import exists, is_stopped, send
from harness.environments.session import Session
from harness.services import kind_called
from harness.services.base import ServiceFault
from harness.topology import MAIN_PORT, Topology

DOWN_WITHIN_S = 10.0
STOPPED_WITHIN_S = 1.0


class ProcessesEnvironment:
    """See the module and `harness/environments/base.py`.

    `directory` is the directory below which the run's own is made (default: `${TMPDIR:-/tmp}/drill-UID`); with `keep`
    the run's own stays when it ends, for looking at. `overrides` replaces variables of all Python services (`NAME`)
    and options of single ones (`service.option`). `project` is where the project's modules and files lie (default:
    the working directory).
    """

    def __init__(
        self,
        topology: Topology,
        *,
        seed: int = 1,
        directory: Path | None = None,
        keep: bool = False,
        operator: Sequence[str] = (),
        overrides: Mapping[str, str] | None = None,
        project: Path | None = None,
    ) -> None:
        self._topology = topology
        self._seed = seed
        self._root = directory or default_root()
        self._keep = keep
        self._operator = tuple(operator)
        self._overrides = dict(overrides or {})
        self._project = (project or Path.cwd()).resolve()
        self._session: Session | None = None
        self._observers = Observers()
        self._directory: Path | None = None

    # The environment itself

    @property
    def name(self) -> str:
        return "processes"

    @property
    def topology(self) -> Topology:
        return self._topology

    @property
    def directory(self) -> Path:
        """The run's own directory; after `down` it is gone, unless it is kept."""
        if self._directory is None:
            raise EnvironmentFault("the environment has no directory before it is up")
        return self._directory

    @property
    def capabilities(self) -> frozenset[Capability]:
        return frozenset(
            {
                Capability.PROCESSES,
                Capability.NETWORK,
                Capability.STORE,
                Capability.CACHE,
                Capability.OUTSIDE_PARTY,
                Capability.OPERATOR,
            }
        )

    def versions(self) -> Mapping[str, str]:
        kinds = [kind_called(name) for name in sorted({service.kind for service in self._topology.services})]
        return dict(found for kind in kinds if (found := kind.version()) is not None)

    def address(self, service: str, port: str = MAIN_PORT) -> tuple[str, int]:
        ports = self._up.plan.services[self._topology.service(service).name]
        if port not in ports:
            raise EnvironmentFault(f"{service} has no port {port!r}; it has {', '.join(ports)}")
        return self._up.plan.host, ports[port]

    def link_address(self, link: str) -> tuple[str, int]:
        return self._up.plan.link(self._topology.link(link).name)

    async def up(self) -> None:
        if self._session is not None:
            raise EnvironmentFault("the environment is up already: reset() it, or call down() first")
        try:
            self._session = await Session.begin(
                self._topology, root=self._root, seed=self._seed, keep=self._keep, project=self._project
            )
            self._directory = self._session.directory
            await self._session.start(self._overrides)
        except ServiceFault as error:
            await self.down()
            raise EnvironmentFault(str(error)) from error
        except BaseException:
            await self.down()
            raise

    async def down(self) -> None:
        session, self._session = self._session, None
        if session is None:
            return
        session.release()
        # The guardian is at work by now, whatever becomes of this task; waiting for it is all that can be cut short.
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(DOWN_WITHIN_S * 2):
                await asyncio.shield(asyncio.to_thread(session.finish, DOWN_WITHIN_S))

    async def reset(self, *, overrides: Mapping[str, str] | None = None) -> None:
        """See Environment. `overrides` stands in the place of those given at the beginning; None brings those back."""
        if self._session is None or self._session.lost:
            await self.down()
            await self.up()
        wanted = self._overrides if overrides is None else overrides
        try:
            await self._up.restart(wanted)
        except ServiceFault as error:
            raise EnvironmentFault(str(error)) from error

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
        identity = send(service, self.process(service), signal.SIGSTOP)
        deadline = Deadline(STOPPED_WITHIN_S)
        while not is_stopped(identity) and exists(identity) and not deadline.passed:
            await sleep_s(0.001)  # all of its threads have to take note
        return identity

    async def resume(self, service: str) -> ProcessIdentity:
        return send(service, self.process(service), signal.SIGCONT)

    async def start(self, service: str) -> ProcessIdentity:
        return await self._up.starting.again(self._topology.service(service).name)

    # Network

    async def add_toxic(
        self, link: str, *, name: str, kind: str, stream: str, attributes: Mapping[str, Any], toxicity: float = 1.0
    ) -> None:
        await self._up.links.add_toxic(
            link, name=name, kind=kind, stream=stream, attributes=attributes, toxicity=toxicity
        )

    async def remove_toxic(self, link: str, *, name: str) -> None:
        await self._up.links.remove_toxic(link, name=name)

    async def set_enabled(self, link: str, enabled: bool) -> None:
        await self._up.links.set_enabled(link, enabled)

    async def cut(self, link: str) -> int:
        return await self._up.links.cut(link)

    async def traffic(self, link: str) -> LinkTraffic:
        return await self._up.links.traffic(link)

    # Store, cache, outside parties, operator

    async def query(self, service: str, sql: str, parameters: Sequence[Any] = ()) -> list[dict[str, Any]]:
        return await self._observers.query(service, self.address(service), sql, parameters)

    async def command(self, service: str, *words: str | bytes | int) -> Any:
        return await self._observers.command(service, self.address(service), words)

    async def request(self, service: str, method: str, path: str, body: Any = None) -> Any:
        return await self._observers.request(service, self.address(service), method, path, body)

    async def operate(self, words: Sequence[str], limit_s: float = 60.0) -> OperatorAnswer:
        console = next((service.name for service in self._topology.services if service.kind == OPERATOR), None)
        if console is None:
            raise EnvironmentFault(f"topology {self._topology.name!r} declares no service of kind {OPERATOR!r}")
        placement = self._up.starting.placement(console)
        return await operate(self._up.running, placement, self._operator, words, limit_s)

    @property
    def _up(self) -> Session:
        if self._session is None:
            raise EnvironmentFault("the environment is not up: call up() first")
        if self._session.lost:
            raise EnvironmentFault("the guardian was killed, and everything it guarded was ended: call reset()")
        return self._session
