"""What a proxy, and a toxic, are to be: checked values, as the control API shows them."""

from dataclasses import dataclass
from typing import Any

from harness.proxy.toxics.base import Toxic

UPSTREAM = "upstream"
"""From the client to the server."""
DOWNSTREAM = "downstream"
STREAMS = (UPSTREAM, DOWNSTREAM)


@dataclass(frozen=True, slots=True, kw_only=True)
class ProxySpec:
    """What a proxy is to be. Addresses are `host:port`."""

    name: str
    listen: str
    upstream: str
    enabled: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class ToxicSpec:
    """A toxic as it was asked for: its name, its direction, the share of connections it gets, and what it does.

    `number` is given by the proxy: it has been given so many toxics before. It decides the draws of this one, and stays
    when the toxic is changed, so nothing that happens to other toxics rolls it again.
    """

    name: str
    stream: str
    toxicity: float
    toxic: Toxic
    number: int = 0

    def document(self) -> dict[str, Any]:
        """As the API shows it."""
        return {
            "attributes": self.toxic.attributes(),
            "name": self.name,
            "type": self.toxic.kind,
            "stream": self.stream,
            "toxicity": self.toxicity,
        }
