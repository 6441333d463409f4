"""Keep the bytes of one direction of a link, with its connections left open.

Neither side is told: the sender sees its bytes accepted, the receiver sees silence. What is withheld never arrives;
healing closes the connections it was withheld from, so that nothing out of order follows. Proof is the growth of the
count of withheld bytes, read from the proxy's own books of the connections.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Literal

from harness.environments.base import Environment, LinkTraffic, Network
from harness.faults.base import Evidence, OfLink, Witness, capability

_TOXIC = "drill-withhold"


@dataclass(frozen=True, slots=True)
class _BytesKept:
    network: Network
    link: str
    stream: str
    before: LinkTraffic

    async def evidence(self) -> Evidence:
        now = await self.network.traffic(self.link)
        kept = _withheld(now, self.stream) - _withheld(self.before, self.stream)
        return Evidence(proof=kept > 0, facts={"withheld_bytes": kept, "connections_open": now.connections_open})


def _withheld(traffic: LinkTraffic, stream: str) -> int:
    return traffic.downstream_withheld if stream == "downstream" else traffic.upstream_withheld


@dataclass(frozen=True, slots=True, kw_only=True)
class Withhold(OfLink):
    """The bytes of one `stream` of `link` are kept: `downstream` is what the target sends back to the source."""

    stream: Literal["upstream", "downstream"] = "downstream"

    async def watch(self, environment: Environment) -> Witness:
        network = capability(environment, Network)
        return _BytesKept(network, self.link, self.stream, await network.traffic(self.link))

    @asynccontextmanager
    async def apply(self, environment: Environment) -> AsyncIterator[None]:
        network = capability(environment, Network)
        await network.add_toxic(self.link, name=_TOXIC, kind="timeout", stream=self.stream, attributes={"timeout": 0})
        try:
            yield
        finally:
            await network.remove_toxic(self.link, name=_TOXIC)
