"""Looks at the memory that the process of a service holds."""

from dataclasses import dataclass

import psutil

from harness.clock import Clock
from harness.environments.base import Capability, Environment, Processes
from harness.history import History, Kind


@dataclass(frozen=True, slots=True, kw_only=True)
class ResidentProbe:
    """The resident memory of `service`, in bytes, written as a gauge called `name` with `resident_bytes` and `pid`."""

    name: str
    service: str
    every_s: float = 0.2

    @property
    def needs(self) -> frozenset[Capability]:
        return frozenset({Capability.PROCESSES})

    async def observe(self, environment: Environment, history: History, clock: Clock) -> None:
        if not isinstance(environment, Processes):
            raise TypeError(f"the {environment.name} environment shows no process of {self.service}")
        pid = environment.process(self.service).pid
        resident_bytes = psutil.Process(pid).memory_info().rss
        value = {"resident_bytes": resident_bytes, "pid": pid}
        history.append(actor=f"probe {self.service}", kind=Kind.PROBE, action=self.name, value=value)
