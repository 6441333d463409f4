"""What the faults of a link share: how it is reached past and through the fault proxy, and how it is timed from
outside.
"""

import asyncio
import socket

from harness.clock import monotonic_s
from harness.environments.base import Environment

_HELLO = {
    "http": b"GET /healthz HTTP/1.0\r\n\r\n",
    "redis": b"PING\r\n",
    "server_first": b"",
}


async def first_answer_s(address: tuple[str, int], speaks: str, limit_s: float) -> float | None:
    """Seconds from connecting to the first byte of an answer; None when none came within `limit_s`."""
    started = monotonic_s()
    try:
        async with asyncio.timeout(limit_s):
            reader, writer = await asyncio.open_connection(*address)
            try:
                writer.write(_HELLO[speaks])
                first = await reader.read(1)
            finally:
                writer.transport.abort()
    except (OSError, TimeoutError):
        return None
    return monotonic_s() - started if first else None


async def connects(address: tuple[str, int], limit_s: float = 1.0) -> bool:
    """Whether a TCP connection to `address` is accepted."""
    try:
        async with asyncio.timeout(limit_s):
            _, writer = await asyncio.open_connection(*address, family=socket.AF_INET)
    except (OSError, TimeoutError):
        return False
    writer.transport.abort()
    return True


def ends(environment: Environment, link: str) -> tuple[tuple[str, int], tuple[str, int], str]:
    """Where the link listens, where its target itself listens, and what is spoken there."""
    declared = environment.topology.link(link)
    return environment.link_address(link), environment.address(declared.target, declared.port), declared.speaks
