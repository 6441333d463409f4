"""Loopback ports for one environment, chosen before anything starts and kept for as long as it lives.

They lie outside the kernel's ephemeral range, so that no outgoing connection can take one while its server is down. An
environment leases whole blocks, so that two on one machine never meet: a port whose server was just killed must not go
to somebody else, whose server would then be taken for the old one. Each port is also tried by binding it, so that a
stranger's server is stepped around.
"""

import socket
from collections.abc import Iterator
from pathlib import Path

from harness.environments.base import EnvironmentFault

EPHEMERAL_RANGE = Path("/proc/sys/net/ipv4/ip_local_port_range")
BLOCK = 64
LOWEST = 16_384
HIGHEST = 65_535
NAME = "drill-harness-ports"


def blocks(ephemeral: tuple[int, int]) -> list[range]:
    """All blocks of ports that do not touch the ephemeral range, its both ends included."""
    low, high = ephemeral
    return [
        range(first, first + BLOCK)
        for first in range(LOWEST, HIGHEST - BLOCK + 2, BLOCK)
        if first + BLOCK <= low or first > high
    ]


def ephemeral_range() -> tuple[int, int]:
    """The kernel's range of ports for outgoing connections."""
    try:
        low, high = EPHEMERAL_RANGE.read_text(encoding="ascii").split()
    except OSError:
        return 32_768, 60_999  # the kernel's default
    return int(low), int(high)


def is_free(host: str, port: int) -> bool:
    """Whether a server could bind there now."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError:
            return False
    return True


class PortLease:
    """Ports of one environment. `take` gives the next free one; `release` gives all back.

    A block is held by an abstract Unix socket of its name: machine-wide like the ports themselves (both belong to the
    network namespace), whoever the user and wherever the directories, and gone with its last holder.
    """

    def __init__(self, host: str = "127.0.0.1", *, within: tuple[int, int] | None = None) -> None:
        self._host = host
        self._blocks = blocks(within or ephemeral_range())
        self._held: list[socket.socket] = []
        self._ports = self._free_ports()

    def take(self) -> int:
        """A port that is free now and stays ours; raises EnvironmentFault when there is none left."""
        for port in self._ports:
            return port
        raise EnvironmentFault(
            f"no free port left outside the ephemeral range {ephemeral_range()}: end other environments, or narrow "
            f"{EPHEMERAL_RANGE}"
        )

    def descriptors(self) -> tuple[int, ...]:
        """What holds the blocks: whoever else keeps these open holds them too."""
        return tuple(holder.fileno() for holder in self._held)

    def release(self) -> None:
        """Let go of all blocks."""
        while self._held:
            self._held.pop().close()

    def _free_ports(self) -> Iterator[int]:
        for block in self._blocks:
            if self._hold(block):
                yield from (port for port in block if is_free(self._host, port))

    def _hold(self, block: range) -> bool:
        holder = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            holder.bind(f"\0{NAME}-{block.start}")
        except OSError:
            holder.close()
            return False
        self._held.append(holder)
        return True
