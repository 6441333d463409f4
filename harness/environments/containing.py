"""Runs the services of a topology as containers, one a service, and knows which container a name means.

Programs of the project that prepare something (`python -m ...` of this interpreter) run on the host, below the
guardian; a server's own helpers run in its container's image, where the server will run.
"""

import asyncio
import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import harness
from harness.clock import Deadline, sleep_s
from harness.environments.base import EnvironmentFault, ProcessIdentity
from harness.environments.container_plan import ContainerPlan, directories_seen
from harness.environments.engine import Engine, Mount, Recipe, run_as
from harness.environments.placing import PROXY
from harness.environments.running import Running, exists
from harness.services.base import Launcher, Placement, Program, PythonModule, ServiceFault

PYTHON = "python3"
ENGINE_ROOM = Path("/opt/drill-harness")
"""Where containers import the harness from: the fault proxy and the inbox are its programs."""
WAIT_EVERY_S = 0.02


@dataclass(frozen=True, slots=True)
class ContainerExit:
    """How the container of that name ended, once its first process is gone."""

    engine: Engine
    container: str
    identity: ProcessIdentity

    def done(self) -> bool:
        return not exists(self.identity)

    def result(self) -> int:
        code = self.engine.exit_code(self.container)
        return 0 if code is None else code


class Containing:
    """The containers of one run, by service. `images` are references, by service; `prefix` tells runs apart."""

    def __init__(
        self,
        engine: Engine,
        plan: ContainerPlan,
        host: Running,
        *,
        prefix: str,
        run: Path,
        project: Path,
        images: Mapping[str, str],
    ) -> None:
        self.engine = engine
        self.host = host
        self._plan = plan
        self._prefix = prefix
        self._run = run
        self._project = project
        self._images = images
        self._identities: dict[str, ProcessIdentity] = {}

    def container(self, name: str) -> str:
        """The name of a service's container, for the engine."""
        return f"{self._prefix}-{name}"

    def network(self, service: str) -> str:
        """The name of a service's network, for the engine."""
        return f"{self._prefix}-{service}"

    async def launch(self, name: str, command: Program | PythonModule, *, log: Path) -> ProcessIdentity:
        """Start the service's container, in the place of one that was."""
        if isinstance(command, PythonModule):
            command = Program(argv=[PYTHON, "-m", command.module, *command.argv], environ=command.environ)
        recipe = self.recipe(name, command, log=log)
        await asyncio.to_thread(self.engine.remove, recipe.name)
        for directory in (self._run / "logs", self._run / "data" / name):
            await asyncio.to_thread(hand_over, directory)
        self._identities[name] = identity = await asyncio.to_thread(self.engine.start, recipe)
        return identity

    def recipe(self, name: str, command: Program, *, log: Path) -> Recipe:
        """How the container of a service is made for this command."""
        plan = self._plan
        guests = [(self.network(other), plan.guest_address(name, other)) for other in plan.guests[name]]
        directories = directories_seen(name, plan, lambda service: self._run / "data" / service)
        return Recipe(
            name=self.container(name),
            image=self._images[name],
            argv=command.argv,
            environ=self._environ(command.environ),
            workdir=self._project,
            mounts=self._mounts(*(path for path in directories if path.is_dir())),
            networks=[(self.network(name), plan.address(name)), *guests],
            log=log,
        )

    async def start_proxy(self, command: PythonModule, *, log: Path) -> None:
        """Start the fault proxy, on every network."""
        plan, directory = self._plan, self._run / PROXY
        recipe = Recipe(
            name=self.container(PROXY),
            image=self._images[PROXY],
            argv=[PYTHON, "-m", command.module, *command.argv],
            environ=self._environ(command.environ),
            workdir=self._project,
            mounts=self._mounts(directory),
            networks=[(self.network(name), plan.proxy_address(name)) for name in plan.networks],
            log=log,
        )
        for path in (self._run / "logs", directory):
            hand_over(path)
        await asyncio.to_thread(self.engine.start, recipe)

    def run_inside(self, name: str, command: Program) -> tuple[int, str, str]:
        """Run a program in a service's container: exit code, output, errors. Blocks."""
        environ = self._environ(command.environ)
        return self.engine.run_inside(self.container(name), command.argv, environ, self._project)

    def _environ(self, own: Mapping[str, str]) -> Mapping[str, str]:
        path = os.pathsep.join([str(self._project), str(ENGINE_ROOM)])
        return {**own, "PYTHONPATH": path, "PYTHONDONTWRITEBYTECODE": "1"}

    def _mounts(self, *own: Path) -> list[Mount]:
        """The project and the harness to read; the logs and a service's own directories to write."""
        sources = Mount(source=Path(harness.__file__).parent, at=ENGINE_ROOM / harness.__name__)
        to_write = [Mount(source=path, writable=True) for path in (self._run / "logs", *own)]
        return [Mount(source=self._project), sources, *to_write]

    def identity(self, name: str) -> ProcessIdentity:
        """The first process of a service's container; raises EnvironmentFault when it never was started."""
        if name not in self._identities:
            raise EnvironmentFault(f"{name} was never started; there are {', '.join(sorted(self._identities))}")
        return self._identities[name]

    def exit_of(self, identity: ProcessIdentity) -> ContainerExit:
        name = next(name for name, known in self._identities.items() if known == identity)
        return ContainerExit(self.engine, self.container(name), identity)

    def launcher(self, placement: Placement) -> Launcher:
        return _Helpers(self, placement.name)

    def names(self) -> tuple[str, ...]:
        """The services that have been started."""
        return tuple(self._identities)

    def forget(self, name: str) -> None:
        """That container is gone."""
        self._identities.pop(name, None)


class _Helpers:
    """Runs helper programs of one service: in its container, or on the host when they are the project's own."""

    def __init__(self, containing: Containing, service: str) -> None:
        self._containing = containing
        self._service = service

    async def start(self, name: str, program: Program, *, log: Path) -> None:
        """See Launcher."""
        await self._containing.launch(self._service, program, log=log)

    async def run(self, name: str, program: Program, *, log: Path, limit_s: float) -> int:
        """See Launcher."""
        if program.argv[0] == sys.executable:
            return await self._containing.host.run(name, program, log=log, limit_s=limit_s)
        await self.start(name, program, log=log)
        return await self.ended(name, limit_s=limit_s)

    def has_ended(self, name: str) -> bool:
        """See Launcher."""
        return self._containing.exit_of(self._containing.identity(self._service)).done()

    async def ended(self, name: str, *, limit_s: float) -> int:
        """See Launcher."""
        ending = self._containing.exit_of(self._containing.identity(self._service))
        deadline = Deadline(limit_s)
        while not ending.done():
            if deadline.passed:
                raise ServiceFault(f"{name} did not end within {limit_s} s")
            await sleep_s(WAIT_EVERY_S)
        code = await asyncio.to_thread(ending.result)
        await asyncio.to_thread(self._containing.engine.remove, self._containing.container(self._service))
        self._containing.forget(self._service)
        return code


def hand_over(directory: Path) -> None:
    """Give a directory and all in it to the user that containers run as, when the harness is root."""
    if os.getuid() != 0 or not directory.is_dir():
        return
    user = run_as()
    os.chown(directory, user, user)
    for folder, folders, files in os.walk(directory):
        for name in (*folders, *files):
            os.chown(os.path.join(folder, name), user, user, follow_symlinks=False)  # noqa: PTH118 -- thousands of files
