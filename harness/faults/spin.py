"""One process of a service computes for ever on what it was given, and waits for nothing any more.

What it cannot digest comes with the traffic: while this fault stands in the history, the traffic sends it, and there is
nothing else to do or to undo. Proof is what the kernel says of a process: it uses the processor, and its main thread
has not once given it up to wait.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from harness.environments.base import Capability, Environment, ProcessIdentity, Worker, Workers
from harness.faults.base import Evidence, OfService, Witness, capability

_CPU_THAT_PROVES_S = 0.1
"""Without a wait. What works and waits in turn comes to some hundredths, also on a machine that is slow."""


@dataclass(slots=True)
class _NeverWaits:
    """Keeps, of each process, the first look since it last waited."""

    environment: Environment
    service: str
    since: dict[ProcessIdentity, Worker] = field(default_factory=dict)

    async def evidence(self) -> Evidence:
        workers = await capability(self.environment, Workers).workers(self.service)
        busiest_s, busiest = 0.0, None
        for worker in workers:
            first = self.since.get(worker.identity)
            if first is None or first.waits != worker.waits:
                first = self.since[worker.identity] = worker
            if worker.cpu_s - first.cpu_s > busiest_s:
                busiest_s, busiest = worker.cpu_s - first.cpu_s, worker.identity
        process = {} if busiest is None else {"pid": busiest.pid, "started_ticks": busiest.started_ticks}
        return Evidence(
            proof=busiest_s >= _CPU_THAT_PROVES_S,
            facts={**process, "cpu_s_without_a_wait": round(busiest_s, 2), "wanted_cpu_s": _CPU_THAT_PROVES_S},
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Spin(OfService):
    """A process of `service` is given what makes it compute for ever, by the traffic, until healed."""

    @property
    def needs(self) -> frozenset[Capability]:
        return frozenset({Capability.WORKERS})

    async def watch(self, environment: Environment) -> Witness:
        witness = _NeverWaits(environment, self.service)
        await witness.evidence()
        return witness

    @asynccontextmanager
    async def apply(self, environment: Environment) -> AsyncIterator[None]:
        yield
