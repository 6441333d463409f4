"""Looks at the memory of a cache service, past every proxy."""

from dataclasses import asdict, dataclass

from harness.clock import Clock
from harness.environments.base import Cache, Capability, Environment
from harness.environments.cache_memory import memory_of
from harness.history import History, Kind


@dataclass(frozen=True, slots=True, kw_only=True)
class MemoryProbe:
    """What `service` says of its memory, in bytes, with its limit in `limit_mb` and the `ratio` of it that is used."""

    service: str
    name: str = "memory"
    every_s: float = 0.1

    @property
    def needs(self) -> frozenset[Capability]:
        return frozenset({Capability.CACHE})

    async def observe(self, environment: Environment, history: History, clock: Clock) -> None:
        if not isinstance(environment, Cache):
            raise TypeError(f"the {environment.name} environment cannot look into {self.service}")
        memory = await memory_of(environment, self.service)
        value = {**asdict(memory), "limit_mb": memory.limit_bytes / 1024**2, "ratio": round(memory.ratio, 4)}
        history.append(actor=f"probe {self.service}", kind=Kind.PROBE, action=self.name, value=value)
