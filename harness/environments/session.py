"""One stay of an environment: from `up` to `down`. Its directory, ports, guardian, warm interpreter, links and
services.

Everything that must be undone is held here, so that undoing it is one call that can be made at any moment.
"""

import asyncio
import shutil
from collections.abc import Mapping
from pathlib import Path

from harness.environments.base import EnvironmentFault
from harness.environments.guardian import KEPT
from harness.environments.guardian_client import GuardianClient
from harness.environments.links import PRELOAD, Links
from harness.environments.placing import PROXY, Overrides, PortPlan, place_all
from harness.environments.ports import PortLease
from harness.environments.run_directory import RunDirectory, sweep
from harness.environments.running import Running
from harness.environments.starting import Starting
from harness.environments.warm_interpreter import WarmInterpreter
from harness.services.base import end_of_log
from harness.topology import Topology


class Session:
    """Made by `begin`, which starts the guardian and the warm interpreter; `start` brings the services up."""

    def __init__(
        self,
        topology: Topology,
        run: RunDirectory,
        ports: PortLease,
        plan: PortPlan,
        guardian: GuardianClient,
        seed: int,
        project: Path,
    ) -> None:
        self.topology = topology
        self.plan = plan
        self.running = Running(guardian, project)
        self.links = Links(topology, self.plan)
        self._run = run
        self._ports = ports
        self._guardian = guardian
        self._seed = seed
        self._project = project
        self._restarts = 0
        self._starting: Starting | None = None

    @classmethod
    async def begin(cls, topology: Topology, *, root: Path, seed: int, keep: bool, project: Path) -> "Session":
        """Sweep what others left, make the run's directory, start guardian and warm interpreter."""
        await asyncio.to_thread(sweep, root)
        run = RunDirectory.create(root)
        if keep:
            (run.path / KEPT).touch()
        (run.path / "logs").mkdir()
        ports = PortLease()
        plan = PortPlan.choose(topology, ports.take)
        guardian = GuardianClient(run, holding=ports.descriptors())
        try:
            session = cls(topology, run, ports, plan, guardian, seed, project)
            await guardian.ready()
            await session._warm_up()
        except BaseException:
            # Blocks for some milliseconds, and for once that is right: nothing can come between.
            guardian.finish(10.0)
            ports.release()
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

    async def start(self, overrides: Mapping[str, str]) -> None:
        """Lay out data, start everything, return when all are ready."""
        facts = {
            "directory": str(self.directory),
            "seed": str(self._seed),
            "id": self._run.run_id,
            "one_machine": "true",
        }
        placements = place_all(
            self.topology,
            self.plan,
            Overrides.of(overrides, self.topology),
            run=self.directory,
            project=self._project,
            facts_of_run=facts,
        )
        self._starting = Starting(self.topology, placements, self.running)
        linked = asyncio.Event()
        tasks = {asyncio.create_task(self._link(linked)), asyncio.create_task(self._starting.all(linked))}
        try:
            done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_EXCEPTION)
            for task in done:
                task.result()
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def restart(self, overrides: Mapping[str, str]) -> None:
        """End all services, lay out fresh data, start again with the same ports and the same warm interpreter."""
        warm = self.running.warm
        kept = [warm.identity.pid] if warm is not None and not warm.gone else []
        await self._guardian.end(keep=kept)
        self.running.forget()
        self._restarts += 1
        aside = self.directory / f"before-{self._restarts}"
        aside.mkdir()
        for name in ("data", "logs"):
            if (self.directory / name).exists():
                (self.directory / name).rename(aside / name)
        (self.directory / "logs").mkdir()
        if not kept:
            await self._warm_up()
        try:
            await self.start(overrides)
        finally:
            # Not waited for: a file whose pages are being written holds up its remover. The guardian removes the rest.
            removing = asyncio.get_running_loop().run_in_executor(None, shutil.rmtree, aside, True)
            removing.add_done_callback(lambda done: done.cancelled() or done.exception())

    def release(self) -> None:
        """Let the guardian undo everything; returns at once."""
        self._guardian.release_lease()

    def finish(self, limit_s: float) -> None:
        """Wait until everything is undone, and give the ports back. Blocks."""
        try:
            self._guardian.finish(limit_s)
        finally:
            self._ports.release()

    async def _warm_up(self) -> None:
        self.running.warm = await WarmInterpreter.start(
            self._guardian,
            run=self.directory,
            project=self._project,
            modules=[*self.topology.preload, *(PRELOAD if self.topology.links else ())],
            log=self.directory / "logs" / "warm-interpreter.log",
        )

    async def _link(self, linked: asyncio.Event) -> None:
        """Start the fault proxy and make all links; then Python services may start."""
        if not self.topology.links:
            linked.set()
            return
        log = self.directory / "logs" / f"{PROXY}.log"
        identity = await self.running.launch(PROXY, self.links.command(self.directory, self._seed), log=log)
        problem = await self.links.problem(given_up=self.running.exit_of(identity).done)
        if problem is not None:
            raise EnvironmentFault(f"the fault proxy cannot be had: {problem}\n  its log ends:\n{end_of_log(log)}")
        linked.set()
