"""Cut one link: new connections are refused and those that are open are reset.

The second half matters: peers pool their connections, and a partition that only refuses new ones is no partition. Proof
is a connection of our own that is refused, and none left open on the link.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from harness.environments.base import Environment, Network
from harness.faults.base import Evidence, OfLink, Witness, capability
from harness.faults.link import connects


@dataclass(frozen=True, slots=True)
class _NothingPasses:
    environment: Environment
    network: Network
    link: str

    async def evidence(self) -> Evidence:
        accepted = await connects(self.environment.link_address(self.link))
        traffic = await self.network.traffic(self.link)
        return Evidence(
            proof=not accepted and traffic.connections_open == 0,
            facts={"accepts_connections": accepted, "connections_open": traffic.connections_open},
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Partition(OfLink):
    """`link` carries nothing until healed."""

    async def watch(self, environment: Environment) -> Witness:
        return _NothingPasses(environment, capability(environment, Network), self.link)

    @asynccontextmanager
    async def apply(self, environment: Environment) -> AsyncIterator[None]:
        network = capability(environment, Network)
        await network.set_enabled(self.link, False)
        try:
            yield
        finally:
            await network.set_enabled(self.link, True)
