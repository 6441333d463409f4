"""SIGSTOP one service: it is there, holds its connections and locks, and answers nothing.

Proof is the state of that very process as the kernel tells it. Healing continues it, and then it acts on everything
that reached its sockets meanwhile, which is the point.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from harness.environments.base import Environment, Processes, ProcessIdentity
from harness.faults.base import Evidence, OfService, Witness, capability


@dataclass(frozen=True, slots=True)
class _StoppedWitness:
    processes: Processes
    identity: ProcessIdentity

    async def evidence(self) -> Evidence:
        stopped = self.processes.stopped(self.identity)
        return Evidence(proof=stopped, facts={"pid": self.identity.pid, "stopped": stopped})


@dataclass(frozen=True, slots=True, kw_only=True)
class Pause(OfService):
    """`service` is stopped by SIGSTOP until healed."""

    async def watch(self, environment: Environment) -> Witness:
        processes = capability(environment, Processes)
        return _StoppedWitness(processes, processes.process(self.service))

    @asynccontextmanager
    async def apply(self, environment: Environment) -> AsyncIterator[None]:
        processes = capability(environment, Processes)
        identity = await processes.pause(self.service)
        try:
            yield
        finally:
            if processes.alive(identity):
                await processes.resume(self.service)
