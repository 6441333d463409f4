"""Where each container stands: a network of its own with the fault proxy beside it, so that every way leads through it.

Services meet on no network, but for one that the topology itself lets speak past the proxy, by a reference such as
`${database-primary}`: it joins the network of the other. The same holds for files: who refers to a fact that is a path
in another's directory (`${database-primary.fence_file}`) sees that directory, under the same path. Pure data: no engine
is asked anything.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Any

from harness.environments.placing import PortPlan
from harness.environments.references import Address
from harness.environments.subnets import Network
from harness.topology import Service, Topology

FIRST_PORT = 10_000
"""Addresses are the run's own, so nobody else has a port there."""
EVERYWHERE = "0.0.0.0"  # noqa: S104 -- inside a container, on networks that no other machine reaches
_REFERENCE = re.compile(r"\$\{([^{}]*)\}")
_SERVICE_HOST, _PROXY_HOST, _GUEST_HOSTS = 2, 3, range(4, 15)


@dataclass(frozen=True, slots=True, kw_only=True)
class ContainerPlan(PortPlan):
    """Every port at an address of its container's. The harness, on the engine's own machine, finds them there too.

    Nothing is published on the host: no other machine gets there, and for each published port the engine takes its
    time over a dozen firewall rules, when the container starts and again when it ends.

    `networks` by service; `beside` whose network a link is found on. `guests` names, for each service, those others on
    whose networks it stands too.
    """

    networks: Mapping[str, Network]
    guests: Mapping[str, tuple[str, ...]]
    beside: Mapping[str, str]

    @classmethod
    def lay_out(cls, topology: Topology, take_network: Callable[[], Network]) -> "ContainerPlan":
        """A port for each port and link, a network for each service."""
        names = {service.name for service in topology.services}
        ports = PortPlan.choose(topology, count(FIRST_PORT).__next__)
        return cls(
            host="",
            services=ports.services,
            links=ports.links,
            proxy=ports.proxy,
            bind=EVERYWHERE,
            networks={service.name: take_network() for service in topology.services},
            guests={service.name: spoken_to(service, topology) for service in topology.services},
            beside={link.name: link.source if link.source in names else link.target for link in topology.links},
        )

    def host_of(self, service: str) -> str:
        return self.address(service)

    def link(self, name: str) -> Address:
        """The fault proxy beside the link's source; for one from outside, beside its target."""
        return self.proxy_address(self.beside[name]), self.links[name]

    @property
    def control(self) -> Address:
        return self.proxy_address(next(iter(self.networks))), self.proxy

    def service(self, name: str, port: str) -> Address:
        return self.address(name), self.services[name][port]

    def address(self, service: str) -> str:
        """The address of a service on its own network."""
        return str(self.networks[service][_SERVICE_HOST])

    def proxy_address(self, service: str) -> str:
        """The address of the fault proxy on the network of `service`."""
        return str(self.networks[service][_PROXY_HOST])

    def guest_address(self, guest: str, host: str) -> str:
        """The address of `guest` on the network of `host`."""
        standing = [name for name in sorted(self.guests) if host in self.guests[name]]
        return str(self.networks[host][_GUEST_HOSTS[standing.index(guest)]])


def spoken_to(service: Service, topology: Topology) -> tuple[str, ...]:
    """The other services whose addresses or files `service` refers to, past every link."""
    names = {other.name for other in topology.services} - {service.name}
    return tuple(sorted({_named(one) for one in references_of([service.options, service.environ])} & names))


def references_of(value: Any) -> list[str]:
    """The references in all texts of plain data, as written."""
    if isinstance(value, str):
        return _REFERENCE.findall(value)
    if isinstance(value, Mapping):
        return [found for item in value.values() for found in references_of(item)]
    if isinstance(value, list | tuple):
        return [found for item in value for found in references_of(item)]
    return []


def directories_seen(service: str, plan: ContainerPlan, directory_of: Callable[[str], Path]) -> tuple[Path, ...]:
    """The data directories that the container of `service` sees, its own first."""
    return (directory_of(service), *(directory_of(name) for name in plan.guests[service]))


def _named(reference: str) -> str:
    """The service that a reference is about, `${service.fact}` or `${service}`; a link is about none."""
    return "" if "->" in reference else reference.partition(".")[0]
