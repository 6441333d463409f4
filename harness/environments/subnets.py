"""Small subnets for the networks of one environment, leased like its ports.

An engine's own pools end at about thirty networks, and a drill wants one a service. So each environment takes blocks of
a private range, sixteen addresses a network. A block is held by an abstract Unix socket of its name: machine-wide, and
gone with its last holder. What routes the machine already has is stepped around.
"""

import ipaddress
import socket
from collections.abc import Iterator
from pathlib import Path

from harness.environments.base import EnvironmentFault

RANGE = ipaddress.IPv4Network("10.213.0.0/16")
BLOCK_PREFIX, NETWORK_PREFIX = 23, 28
NAME = "drill-harness-subnets"
ROUTES = Path("/proc/net/route")

Network = ipaddress.IPv4Network


def routed(table: str) -> list[Network]:
    """The networks that a kernel's routing table (as `/proc/net/route` shows it) leads to; not the default route."""
    found: list[Network] = []
    for line in table.splitlines()[1:]:
        fields = line.split()
        address, mask = (int.from_bytes(bytes.fromhex(fields[n])[::-1]) for n in (1, 7))
        if mask:
            found.append(Network((address, mask.bit_count())))
    return found


class SubnetLease:
    """Subnets of one environment. `take` gives the next free one; `release` gives all back."""

    def __init__(self, within: Network = RANGE) -> None:
        self._within = within
        self._held: list[socket.socket] = []
        self._networks = self._free_networks()

    def take(self) -> Network:
        """A subnet that nobody else has; raises EnvironmentFault when there is none left."""
        for network in self._networks:
            return network
        raise EnvironmentFault(f"no free subnet left in {self._within}: end other environments")

    def descriptors(self) -> tuple[int, ...]:
        """What holds the blocks: whoever else keeps these open holds them too."""
        return tuple(holder.fileno() for holder in self._held)

    def release(self) -> None:
        """Let go of all blocks."""
        while self._held:
            self._held.pop().close()

    def _free_networks(self) -> Iterator[Network]:
        taken = routed(ROUTES.read_text(encoding="ascii")) if ROUTES.is_file() else []
        for block in self._within.subnets(new_prefix=BLOCK_PREFIX):
            if self._hold(block):
                for network in block.subnets(new_prefix=NETWORK_PREFIX):
                    if not any(network.overlaps(other) for other in taken):
                        yield network

    def _hold(self, block: Network) -> bool:
        holder = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            holder.bind(f"\0{NAME}-{block.network_address}")
        except OSError:
            holder.close()
            return False
        self._held.append(holder)
        return True
