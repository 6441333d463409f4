"""SIGSTOP one process of a service that has several, told from the others by what it does right now.

The others go on, as they would if one process alone hung in the kernel. Proof is the state of a process, by its PID and
start time, that ran before the fault and is stopped now, while the service's main process is what it was. Healing
continues it, if it lives, and then it goes on with whatever it had begun.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Protocol

from harness.clock import Deadline, sleep_s
from harness.environments.base import Capability, Environment, EnvironmentFault, Processes, ProcessIdentity, Workers
from harness.faults.base import Evidence, OfService, Witness, capability

FOUND_WITHIN_S = 5.0
_LOOK_AGAIN_S = 0.01
_STOPPED = "Tt"


class Which(Protocol):
    """Tells the worker that is meant from the others, by what it does right now."""

    @property
    def needs(self) -> frozenset[Capability]: ...

    async def find(self, environment: Environment) -> ProcessIdentity | None:
        """Its process; None while none does what is meant."""
        ...


@dataclass(frozen=True, slots=True)
class _OneStopped:
    """Knows who ran, and of which main process, before the fault."""

    environment: Environment
    service: str
    main: ProcessIdentity
    ran: frozenset[ProcessIdentity]

    async def evidence(self) -> Evidence:
        workers = await capability(self.environment, Workers).workers(self.service)
        stopped = [one for one in workers if one.state in _STOPPED and one.identity in self.ran]
        processes = capability(self.environment, Processes)
        same = processes.alive(self.main) and not processes.stopped(self.main)
        facts = {name: getattr(one.identity, name) for one in stopped[:1] for name in ("pid", "started_ticks")}
        return Evidence(
            proof=len(stopped) == 1 and same,
            facts={**facts, "stopped": len(stopped), "of": len(workers), "service_goes_on": same},
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class PauseWorker(OfService):
    """The process of `service` that `which` finds is stopped by SIGSTOP until healed."""

    which: Which

    @property
    def name(self) -> str:
        return "pause worker"

    @property
    def needs(self) -> frozenset[Capability]:
        return frozenset({Capability.PROCESSES, Capability.WORKERS}) | self.which.needs

    async def watch(self, environment: Environment) -> Witness:
        ran = await capability(environment, Workers).workers(self.service)
        return _OneStopped(
            environment,
            self.service,
            capability(environment, Processes).process(self.service),
            frozenset(one.identity for one in ran if one.state not in _STOPPED),
        )

    @asynccontextmanager
    async def apply(self, environment: Environment) -> AsyncIterator[None]:
        workers = capability(environment, Workers)
        stopped: set[ProcessIdentity] = set()
        try:
            await self._stop_one(environment, workers, stopped)
            yield
        finally:
            for one in stopped:
                await self._continue(workers, one)

    async def _stop_one(self, environment: Environment, workers: Workers, stopped: set[ProcessIdentity]) -> None:
        """Stops a process while it does what is meant, and enters it into `stopped`; nobody when none does in time."""
        deadline = Deadline(FOUND_WITHIN_S)
        while not deadline.passed:
            found = await self.which.find(environment)
            if found is not None:
                stopped.add(found)
                await workers.pause_worker(self.service, found)
                if await self.which.find(environment) == found:
                    return
                # What it did had come to an end in between: it is not the one that is meant any more.
                await self._continue(workers, found)
                stopped.discard(found)
            await sleep_s(_LOOK_AGAIN_S)

    async def _continue(self, workers: Workers, one: ProcessIdentity) -> None:
        """One that has ended meanwhile needs nothing."""
        try:
            await workers.resume_worker(self.service, one)
        except EnvironmentFault:
            if one in {worker.identity for worker in await workers.workers(self.service)}:
                raise
