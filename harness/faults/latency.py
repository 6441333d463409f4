"""Slow one link down.

Proof is a stopwatch of our own: the first answer through the link against the first answer past it, in the same moment.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from harness.environments.base import Environment, Network
from harness.faults.base import Evidence, OfLink, Witness, capability
from harness.faults.link import ends, first_answer_s

_TOXIC = "drill-latency"
_SHARE_THAT_PROVES = 0.5


@dataclass(frozen=True, slots=True)
class _SlowerThanDirect:
    environment: Environment
    link: str
    latency_s: float

    async def evidence(self) -> Evidence:
        through, past, speaks = ends(self.environment, self.link)
        direct_s = await first_answer_s(past, speaks, limit_s=5.0)
        linked_s = await first_answer_s(through, speaks, limit_s=5.0 + 2 * self.latency_s)
        slower = None if direct_s is None or linked_s is None else linked_s - direct_s
        return Evidence(
            proof=slower is not None and slower >= self.latency_s * _SHARE_THAT_PROVES,
            facts={"direct_s": direct_s, "through_link_s": linked_s, "declared_latency_s": self.latency_s},
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Latency(OfLink):
    """What the target of `link` answers arrives `latency_ms` later, give or take `jitter_ms`."""

    latency_ms: int
    jitter_ms: int = 0

    def __post_init__(self) -> None:
        if self.latency_ms <= 0 or not 0 <= self.jitter_ms <= self.latency_ms:
            raise ValueError(f"Latency({self.link}): wants latency_ms above 0 and jitter_ms from 0 to latency_ms")

    async def watch(self, environment: Environment) -> Witness:
        return _SlowerThanDirect(environment, self.link, self.latency_ms / 1000)

    @asynccontextmanager
    async def apply(self, environment: Environment) -> AsyncIterator[None]:
        network = capability(environment, Network)
        await network.add_toxic(
            self.link,
            name=_TOXIC,
            kind="latency",
            stream="downstream",
            attributes={"latency": self.latency_ms, "jitter": self.jitter_ms},
        )
        try:
            yield
        finally:
            await network.remove_toxic(self.link, name=_TOXIC)
