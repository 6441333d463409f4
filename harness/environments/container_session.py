"""One stay of the containers environment: its directory, subnets, guardian, networks, proxy and services.

The guardian holds the leases too, as on processes, and removes what bears the run's label when the harness is gone.
The fault proxy stands on every network and stays over a reset, restarted; services are made anew.
"""

import asyncio
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

from harness.environments.base import EnvironmentFault
from harness.environments.container_plan import ContainerPlan
from harness.environments.containing import Containing, hand_over
from harness.environments.engine import Engine, LocalImages, engine_problem
from harness.environments.guardian import KEPT
from harness.environments.guardian_client import GuardianClient
from harness.environments.images import Image, images_for
from harness.environments.links import Links
from harness.environments.placing import PROXY, Overrides, place_all
from harness.environments.run_directory import RunDirectory, sweep
from harness.environments.running import Running
from harness.environments.starting import Starting
from harness.environments.subnets import SubnetLease
from harness.services.base import end_of_log
from harness.topology import Topology

AT_ONCE = 4
"""Requests to the engine that are under way together; more only queue inside it."""


class ContainerSession:
    """Made by `begin`, which makes networks and the fault proxy; `start` brings the services up."""

    def __init__(
        self,
        topology: Topology,
        run: RunDirectory,
        subnets: SubnetLease,
        plan: ContainerPlan,
        guardian: GuardianClient,
        seed: int,
        project: Path,
    ) -> None:
        self.topology = topology
        self.plan = plan
        self.links = Links(topology, plan)
        self._run = run
        self._subnets = subnets
        self._guardian = guardian
        self._seed = seed
        self._project = project
        self._starting: Starting | None = None
        self._containing: Containing | None = None
        self._images: Mapping[str, Image] = {}
        self._restarts = 0

    @classmethod
    async def begin(cls, topology: Topology, *, root: Path, seed: int, keep: bool, project: Path) -> "ContainerSession":
        """Sweep what others left, make the run's directory, start the guardian, make networks and the fault proxy."""
        if problem := await asyncio.to_thread(engine_problem):
            raise EnvironmentFault(problem)
        await asyncio.to_thread(sweep, root)
        run = RunDirectory.create(root)
        if keep:
            (run.path / KEPT).touch()
        for name in ("logs", "data"):
            (run.path / name).mkdir()
        # Others than the harness's user look for their own directories below it, and nothing else.
        run.path.chmod(0o711)
        subnets = SubnetLease()
        plan = ContainerPlan.lay_out(topology, subnets.take)
        guardian = GuardianClient(run, holding=subnets.descriptors())
        session = cls(topology, run, subnets, plan, guardian, seed, project)
        try:
            await guardian.ready()
            await session._lay_networks()
        except BaseException:
            guardian.finish(30.0)
            subnets.release()
            raise
        return session

    @property
    def directory(self) -> Path:
        return self._run.path

    @property
    def guardian(self) -> GuardianClient:
        return self._guardian

    @property
    def lost(self) -> bool:
        """The guardian was killed, and everything with it."""
        return self._guardian.lost

    @property
    def starting(self) -> Starting:
        if self._starting is None:
            raise EnvironmentFault("the services have not been started yet")
        return self._starting

    @property
    def containing(self) -> Containing:
        if self._containing is None:
            raise EnvironmentFault("the networks have not been made yet")
        return self._containing

    def images(self) -> Mapping[str, str]:
        """By service kind, the image that it runs on and its content id."""
        kinds = {service.kind: service.name for service in self.topology.services}
        return {kind: f"{(image := self._images[name]).reference} {image.id}" for kind, name in sorted(kinds.items())}

    async def start(self, overrides: Mapping[str, str]) -> None:
        """Lay out data, start everything, return when all are ready."""
        placements = place_all(
            self.topology,
            self.plan,
            Overrides.of(overrides, self.topology),
            run=self.directory,
            project=self._project,
            facts_of_run={
                "directory": str(self.directory),
                "seed": str(self._seed),
                "id": self._run.run_id,
                "one_machine": "false",
            },
            images={name: image.id for name, image in self._images.items()},
        )
        self._starting = Starting(self.topology, placements, self.containing)
        linked = asyncio.Event()
        linked.set()
        await self._starting.all(linked)

    async def restart(self, overrides: Mapping[str, str]) -> None:
        """End all services, lay out fresh data, start again on the same networks."""
        containing = self.containing
        names = containing.names()
        await _several(containing.engine.remove, [containing.container(name) for name in names])
        for name in names:
            containing.forget(name)
        await self._guardian.end(keep=())
        containing.host.forget()
        self._restarts += 1
        aside = self.directory / f"before-{self._restarts}"
        aside.mkdir()
        for name in ("data", "logs"):
            (self.directory / name).rename(aside / name)
            (self.directory / name).mkdir()
        await asyncio.to_thread(hand_over, self.directory / "logs")
        await asyncio.to_thread(containing.engine.restart, containing.container(PROXY))
        await self._await_proxy()
        await self.start(overrides)

    def release(self) -> None:
        """Let the guardian undo everything; returns at once."""
        if self._containing is not None:
            self._containing.engine.close()
        self._guardian.release_lease()

    def finish(self, limit_s: float) -> None:
        """Wait until everything is undone, and give the subnets back. Blocks."""
        try:
            self._guardian.finish(limit_s)
        finally:
            self._subnets.release()

    async def _lay_networks(self) -> None:
        engine = await asyncio.to_thread(Engine, self.directory)
        self._images = await asyncio.to_thread(images_for, self.topology, LocalImages(), self._project)
        self._containing = containing = Containing(
            engine,
            self.plan,
            Running(self._guardian, self._project),
            prefix=f"drill-{self._run.run_id}",
            run=self.directory,
            project=self._project,
            images={name: image.reference for name, image in self._images.items()},
        )
        names = [service.name for service in self.topology.services]
        await _several(lambda name: engine.make_network(containing.network(name), self.plan.networks[name]), names)

        (self.directory / PROXY).mkdir()
        command = self.links.command(self.directory / PROXY, self._seed)
        await containing.start_proxy(command, log=self._proxy_log)
        await self._await_proxy()

    async def _await_proxy(self) -> None:
        """Services start only then, since they reach nothing without it."""
        problem = await self.links.problem(given_up=lambda: False)
        if problem is not None:
            said = end_of_log(self._proxy_log)
            raise EnvironmentFault(f"the fault proxy cannot be had: {problem}\n  its log ends:\n{said}")

    @property
    def _proxy_log(self) -> Path:
        return self.directory / "logs" / f"{PROXY}.log"


async def _several(work: Callable[[str], None], names: Iterable[str]) -> None:
    """Do something with each of `names`, a few at once."""
    slots = asyncio.Semaphore(AT_ONCE)

    async def one(name: str) -> None:
        async with slots:
            await asyncio.to_thread(work, name)

    async with asyncio.TaskGroup() as tasks:
        for name in names:
            tasks.create_task(one(name))
