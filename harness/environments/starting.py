"""Brings up the services of a run: each as soon as what it waits for is ready, all that can be at once.

It knows the order and when to give up; where things are placed and how processes are made is decided elsewhere.
"""

import asyncio
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Protocol

from harness.clock import Deadline, monotonic_s, sleep_s
from harness.environments.base import EnvironmentFault, ProcessIdentity
from harness.environments.running import described
from harness.services import kind_called
from harness.services.base import Launcher, Placement, Program, PythonModule, ServiceFault, ServiceKind, end_of_log
from harness.topology import Service, Topology

READY_WITHIN_S = 30.0
LOOK_EVERY_S = 0.01
LOOK_SELDOM_S = 0.05


class Ending(Protocol):
    """Whether a process has ended, and how."""

    def done(self) -> bool: ...

    def result(self) -> int:
        """The exit status, negative for a signal; only asked for once it is done."""
        ...


class Runs(Protocol):
    """Makes what a name means run: a process or a container."""

    async def launch(self, name: str, command: Program | PythonModule, *, log: Path) -> ProcessIdentity: ...

    def exit_of(self, identity: ProcessIdentity) -> Ending: ...

    def launcher(self, placement: Placement) -> Launcher:
        """Runs the helper programs of a service where its server will run."""
        ...


class Starting:
    """The services of one run. Counts starts, so that each has a larger incarnation than any before."""

    def __init__(self, topology: Topology, placements: Mapping[str, Placement], running: Runs) -> None:
        self._topology = topology
        self._placements = dict(placements)
        self._running = running
        self._starts = 0
        # A replica's incarnation is above its primary's, whatever the order in which they happen to start.
        for service in topology.services:
            self._place_again(service.name)

    def placement(self, name: str) -> Placement:
        return self._placements[name]

    async def all(self, linked: asyncio.Event) -> None:
        """Start everything; returns when all are ready. Python services wait until the links are there: `linked`.

        Raises EnvironmentFault for the first that cannot be had; the others are then not waited for.
        """
        ready = {service.name: asyncio.Event() for service in self._topology.services}

        async def one(service: Service) -> None:
            for other in service.after:
                await ready[other].wait()
            await self._start_and_await(service, linked)
            ready[service.name].set()

        try:
            async with asyncio.TaskGroup() as tasks:
                for service in self._topology.services:
                    tasks.create_task(one(service), name=f"start {service.name}")
        except BaseExceptionGroup as group:
            first = _first(group)
            if isinstance(first, EnvironmentFault | ServiceFault | OSError | ValueError):
                raise EnvironmentFault(str(first)) from first
            raise

    async def again(self, name: str) -> ProcessIdentity:
        """Start a service that has ended, on its ports and data; does not wait until it is ready."""
        self._place_again(name)
        placement = self._placements[name]
        command = kind_called(self._topology.service(name).kind).command(placement)
        if command is None:
            raise EnvironmentFault(f"{name} is not a server: it is never started")
        return await self._running.launch(name, command, log=placement.log)

    async def _start_and_await(self, service: Service, linked: asyncio.Event) -> None:
        placement, kind = self._placements[service.name], kind_called(service.kind)
        command = kind.command(placement)
        if command is None:
            return
        placement.directory.mkdir(parents=True, mode=0o700)
        await kind.prepare(placement, self._running.launcher(placement))
        if isinstance(command, PythonModule):
            await linked.wait()
        identity = await self._running.launch(service.name, command, log=placement.log)
        await self._await(kind, placement, identity)

    async def _await(self, kind: ServiceKind, placement: Placement, identity: ProcessIdentity) -> None:
        deadline = Deadline(READY_WITHIN_S)
        ended = self._running.exit_of(identity)
        while True:
            began_s = monotonic_s()
            problem = await kind.problem(placement)
            if problem is None:
                return
            if ended.done():
                raise self._failure(placement, kind, f"it ended with exit code {ended.result()} before it was ready")
            if deadline.passed:
                raise self._failure(placement, kind, f"not ready after {READY_WITHIN_S:g} s; last seen: {problem}")
            # A look that costs much is had less often: what starts needs the processor more than we do.
            await sleep_s(min(max(LOOK_EVERY_S, monotonic_s() - began_s), LOOK_SELDOM_S))

    def _failure(self, placement: Placement, kind: ServiceKind, what: str) -> EnvironmentFault:
        return EnvironmentFault(
            f"{placement.name}: {what}\n"
            f"  command: {described(kind.command(placement))}\n"
            f"  its log ends:\n{end_of_log(placement.log)}\n"
            "  next: mend what the log says; with --keep (keep=True) all logs stay in the run's directory"
        )

    def _place_again(self, name: str) -> None:
        self._starts += 1
        self._placements[name] = replace(self._placements[name], incarnation=self._starts)


def _first(group: BaseExceptionGroup[BaseException]) -> BaseException:
    error: BaseException = group
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return error
