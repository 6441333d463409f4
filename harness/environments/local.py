"""What the environments of this machine share: a stay with leases, links through the fault proxy, and observers.

A subclass says how a stay begins, how a service is killed, paused and started, and how the operator's console is run.
"""

import asyncio
import contextlib
import signal
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Generic, Protocol, TypeVar

from harness.environments.base import (
    Capability,
    EnvironmentFault,
    LinkTraffic,
    OperatorAnswer,
    ProcessIdentity,
    Worker,
)
from harness.environments.guardian_client import GuardianClient
from harness.environments.inspecting import whole_lines, workers_of
from harness.environments.links import Links
from harness.environments.observing import Observers
from harness.environments.operating import KIND as OPERATOR
from harness.environments.placing import PortPlan
from harness.environments.run_directory import default_root
from harness.environments.running import send, stop
from harness.environments.scratch_clone import ScratchClone
from harness.environments.starting import Starting
from harness.services import kind_called
from harness.services.base import ServiceFault
from harness.topology import MAIN_PORT, Topology


class Stay(Protocol):
    """From `up` to `down`: everything that must be undone."""

    links: Links

    @property
    def plan(self) -> PortPlan: ...

    @property
    def directory(self) -> Path: ...

    @property
    def starting(self) -> Starting: ...

    @property
    def guardian(self) -> GuardianClient: ...

    @property
    def lost(self) -> bool:
        """The guardian was killed, and everything with it."""
        ...

    async def start(self, overrides: Mapping[str, str]) -> None: ...

    async def restart(self, overrides: Mapping[str, str]) -> None: ...

    def release(self) -> None: ...

    def finish(self, limit_s: float) -> None: ...


StayT = TypeVar("StayT", bound=Stay)


class LocalEnvironment(Generic[StayT]):
    """See the module.

    `directory` is the directory below which the run's own is made (default: `${TMPDIR:-/tmp}/drill-UID`); with `keep`
    the run's own stays when it ends, for looking at. `overrides` replaces variables of all Python services (`NAME`)
    and options of single ones (`service.option`). `project` is where the project's modules and files lie (default:
    the working directory).
    """

    down_within_s = 10.0

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
        self._session: StayT | None = None
        self._observers = Observers()
        self._directory: Path | None = None
        self._settings: Mapping[str, str] = self._overrides
        self._clone: ScratchClone | None = None
        self._making = asyncio.Lock()

    # The environment itself

    @property
    def name(self) -> str:
        """As it is chosen by."""
        raise NotImplementedError

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
                Capability.WORKERS,
                Capability.LOGS,
                Capability.NETWORK,
                Capability.STORE,
                Capability.CACHE,
                Capability.OUTSIDE_PARTY,
                Capability.OPERATOR,
                Capability.WORKTREE,
            }
        )

    def versions(self) -> Mapping[str, str]:
        kinds = [kind_called(name) for name in sorted({service.kind for service in self._topology.services})]
        return dict(found for kind in kinds if (found := kind.version()) is not None)

    def address(self, service: str, port: str = MAIN_PORT) -> tuple[str, int]:
        ports = self._up.plan.services[self._topology.service(service).name]
        if port not in ports:
            raise EnvironmentFault(f"{service} has no port {port!r}; it has {', '.join(ports)}")
        return self._up.plan.host_of(service), ports[port]

    def link_address(self, link: str) -> tuple[str, int]:
        return self._up.plan.link(self._topology.link(link).name)

    async def up(self) -> None:
        if self._session is not None:
            raise EnvironmentFault("the environment is up already: reset() it, or call down() first")
        try:
            self._session = await self._begin()
            self._directory = self._session.directory
            await self._session.start(self._overrides)
        except ServiceFault as error:
            await self.down()
            raise EnvironmentFault(str(error)) from error
        except BaseException:
            await self.down()
            raise

    async def down(self) -> None:
        session, self._session, self._clone = self._session, None, None
        if session is None:
            return
        session.release()
        # The guardian is at work by now, whatever becomes of this task; waiting for it is all that can be cut short.
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(self.down_within_s * 2):
                await asyncio.shield(asyncio.to_thread(session.finish, self.down_within_s))

    async def reset(self, *, overrides: Mapping[str, str] | None = None) -> None:
        """See Environment. `overrides` stands in the place of those given at the beginning; None brings those back."""
        if self._session is None or self._session.lost:
            await self.down()
            await self.up()
        wanted = self._overrides if overrides is None else overrides
        self._settings = wanted
        if self._clone is not None:
            await asyncio.to_thread(self._clone.remove)
            self._clone = None
        try:
            await self._up.restart(wanted)
        except ServiceFault as error:
            raise EnvironmentFault(str(error)) from error

    # Workers, logs

    def process(self, service: str) -> ProcessIdentity:
        """See Processes."""
        raise NotImplementedError

    async def workers(self, service: str) -> Sequence[Worker]:
        return await asyncio.to_thread(workers_of, self.process(service))

    async def pause_worker(self, service: str, identity: ProcessIdentity) -> None:
        await self._own_worker(service, identity)
        await stop(service, identity)

    async def resume_worker(self, service: str, identity: ProcessIdentity) -> None:
        await self._own_worker(service, identity)
        send(service, identity, signal.SIGCONT)

    async def _own_worker(self, service: str, identity: ProcessIdentity) -> None:
        if identity not in {worker.identity for worker in await self.workers(service)}:
            raise EnvironmentFault(f"process {identity.pid} is no worker of {service}, or has ended")

    async def log_lines(self, service: str, after: int = 0) -> Sequence[str]:
        return await asyncio.to_thread(whole_lines, self._up.starting.placement(service).log, after)

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

    # Store, cache, outside parties

    async def query(self, service: str, sql: str, parameters: Sequence[Any] = ()) -> list[dict[str, Any]]:
        return await self._observers.query(service, self.address(service), sql, parameters)

    async def command(self, service: str, *words: str | bytes | int) -> Any:
        return await self._observers.command(service, self.address(service), words)

    async def request(self, service: str, method: str, path: str, body: Any = None) -> Any:
        return await self._observers.request(service, self.address(service), method, path, body)

    # Worktree

    async def worktree(self) -> Path:
        return (await self._cloned()).folder

    async def head(self) -> str:
        return await asyncio.to_thread((await self._cloned()).head)

    async def work(
        self, words: Sequence[str], limit_s: float = 60.0, *, environ: Mapping[str, str] | None = None
    ) -> OperatorAnswer:
        """See Worktree. The variables of the services are seen there too, so that a switch of a control reaches it."""
        of_all = {name: value for name, value in self._settings.items() if "." not in name}
        return await (await self._cloned()).run(words, limit_s, {**of_all, **(environ or {})})

    async def _cloned(self) -> ScratchClone:
        async with self._making:
            if self._clone is None:
                self._clone = await ScratchClone.made(self._project, self._up.directory, self._up.guardian)
            return self._clone

    def _console(self) -> str:
        """The service that stands for the operator's console; raises EnvironmentFault when there is none."""
        console = next((service.name for service in self._topology.services if service.kind == OPERATOR), None)
        if console is None:
            raise EnvironmentFault(f"topology {self._topology.name!r} declares no service of kind {OPERATOR!r}")
        return console

    async def _begin(self) -> StayT:
        """A new stay, with nothing started yet."""
        raise NotImplementedError

    @property
    def _up(self) -> StayT:
        if self._session is None:
            raise EnvironmentFault("the environment is not up: call up() first")
        if self._session.lost:
            raise EnvironmentFault("the guardian was killed, and everything it guarded was ended: call reset()")
        return self._session
