"""SIGKILL one service, as a crash would: no goodbye, nothing flushed.

Proof is the death of that very process, told by PID and start time, not the word of whoever sent the signal. Healing
starts the service again on the same ports and data, which is what a supervisor would do, and is how an old primary
comes back.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from harness.environments.base import Environment, Processes, ProcessIdentity
from harness.faults.base import Evidence, OfService, Witness, capability


@dataclass(frozen=True, slots=True)
class _DeathWitness:
    processes: Processes
    identity: ProcessIdentity

    async def evidence(self) -> Evidence:
        alive = self.processes.alive(self.identity)
        return Evidence(
            proof=not alive,
            facts={"pid": self.identity.pid, "started_ticks": self.identity.started_ticks, "alive": alive},
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Kill(OfService):
    """`service` dies by SIGKILL; on heal it is started again unless `restart` is false."""

    restart: bool = True

    async def watch(self, environment: Environment) -> Witness:
        processes = capability(environment, Processes)
        return _DeathWitness(processes, processes.process(self.service))

    @asynccontextmanager
    async def apply(self, environment: Environment) -> AsyncIterator[None]:
        processes = capability(environment, Processes)
        await processes.kill(self.service)
        try:
            yield
        finally:
            if self.restart and not processes.alive(processes.process(self.service)):
                await processes.start(self.service)
