"""Loopback ports for one environment, chosen before anything starts and kept for as long as it lives.

They lie outside the kernel's ephemeral range, so that no outgoing connection can take one while its server is down. An
environment leases whole blocks through lock files, so that two on one machine never meet, and tries each port by
binding it, so that a stranger's server is stepped around. A killed harness gives its blocks back by dying.
"""

import contextlib
import fcntl
import os
import socket
from collections.abc import Iterator
from pathlib import Path

from harness.environments.base import EnvironmentFault
from harness.environments.run_directory import private_directory

EPHEMERAL_RANGE = Path("/proc/sys/net/ipv4/ip_local_port_range")
BLOCK = 64
LOWEST = 15_000
HIGHEST = 65_535


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
    """Ports of one environment. `take` gives the next free one; `release` gives all back."""

    def __init__(self, directory: Path, host: str = "127.0.0.1") -> None:
        self._directory = private_directory(directory)
        self._host = host
        self._held: list[int] = []
        self._ports = self._free_ports()

    def take(self) -> int:
        """A port that is free now and stays ours; raises EnvironmentFault when there is none left."""
        for port in self._ports:
            return port
        raise EnvironmentFault(
            f"no free port left outside the ephemeral range {ephemeral_range()}: end other environments, or narrow "
            f"{EPHEMERAL_RANGE}"
        )

    def release(self) -> None:
        """Give all ports back."""
        while self._held:
            os.close(self._held.pop())

    def _free_ports(self) -> Iterator[int]:
        found = blocks(ephemeral_range())
        # Users do not see each other's locks: let each begin somewhere else.
        offset = os.getuid() * 37 % len(found) if found else 0
        for block in found[offset:] + found[:offset]:
            if self._lock(block):
                yield from (port for port in block if is_free(self._host, port))

    def _lock(self, block: range) -> bool:
        path = self._directory / str(block.start)
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        with contextlib.suppress(OSError):
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            self._held.append(descriptor)
            return True
        os.close(descriptor)
        return False
