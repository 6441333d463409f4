"""An environment that somebody else keeps up, known by its addresses alone: what `harness up --json` printed.

It can be spoken to, from where its clients stand and past every proxy. Nothing in it is started, reset or ended here.
"""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Self

from harness.environments.base import Capability, EnvironmentFault
from harness.environments.observing import Address, Observers
from harness.topology import MAIN_PORT, Topology

_BYTES_MAX = 1_000_000
_PORT_MAX = 65_535


class AddressedEnvironment:
    """See the module; `down` lets go of what looks at it, and of nothing else."""

    name = "addressed"
    capabilities = frozenset({Capability.OUTSIDE_PARTY})

    def __init__(
        self, topology: Topology, *, directory: Path, services: Mapping[str, Address], links: Mapping[str, Address]
    ) -> None:
        self.topology, self.directory = topology, directory
        self._services, self._links = dict(services), dict(links)
        self._observers = Observers()

    @classmethod
    def read(cls, file: Path, topology: Topology) -> Self:
        """The environment whose addresses stand in a file; EnvironmentFault where they do not."""
        try:
            if file.stat().st_size > _BYTES_MAX:
                raise ValueError(f"it is larger than {_BYTES_MAX} bytes")
            document = json.loads(file.read_bytes())
            return cls(
                topology,
                directory=Path(document["directory"]),
                services=_addresses(document["services"]),
                links=_addresses(document["links"]),
            )
        except (OSError, ValueError, RecursionError, KeyError, TypeError, AttributeError) as error:
            raise EnvironmentFault(
                f"{file}: expected what `harness up --json` prints once it is up ({type(error).__name__}: {error})"
            ) from error

    def close(self) -> None:
        """Stop looking at it."""
        self._observers.close()

    def versions(self) -> Mapping[str, str]:
        """Nobody says."""
        return {}

    def address(self, service: str, port: str = MAIN_PORT) -> Address:
        """Host and port of a service itself."""
        return _known(self._services, service if port == MAIN_PORT else f"{service}.{port}", "service")

    def link_address(self, link: str) -> Address:
        """Host and port of a link, as its clients see it."""
        return _known(self._links, link, "link")

    async def up(self) -> None:
        """Refused."""
        raise EnvironmentFault("it is kept up by somebody else: `harness up` starts one")

    async def down(self) -> None:
        """Stop looking at it."""
        self.close()

    async def reset(self, *, overrides: Mapping[str, str] | None = None) -> None:
        """Refused."""
        raise EnvironmentFault("it is kept up by somebody else: end that `harness up`, and start another one")

    async def request(self, service: str, method: str, path: str, body: Any = None) -> Any:
        """See OutsideParty."""
        return await self._observers.request(service, self.address(service), method, path, body)


def _addresses(document: Mapping[str, str]) -> dict[str, Address]:
    found: dict[str, Address] = {}
    for name, text in document.items():
        host, _, port = text.rpartition(":")
        if not host or not 0 < int(port) <= _PORT_MAX:
            raise ValueError(f"{name}: expected host:port, seen {text!r}")
        found[name] = (host, int(port))
    return found


def _known(addresses: Mapping[str, Address], name: str, what: str) -> Address:
    if name not in addresses:
        raise EnvironmentFault(f"no {what} is called {name!r} there; there are {', '.join(sorted(addresses))}")
    return addresses[name]
