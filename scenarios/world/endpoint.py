"""The endpoint of a managed database: one TCP address whose upstream moves.

Bytes are passed on as they come, in both directions, with back-pressure. Moving the upstream touches new connections
alone; `cut` closes the gate and resets every open connection, which is the part of a fence that clients feel. It knows
nothing of SQL and never decides when to move.
"""

import asyncio
import socket
import struct
from dataclasses import dataclass
from typing import Any

CONNECT_WITHIN_S = 1.0
_RESET_ON_CLOSE = struct.pack("ii", 1, 0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Upstream:
    """Where new connections go."""

    name: str
    host: str
    port: int


def _reset(transport: asyncio.Transport | None) -> None:
    """Close a connection so that the other side sees a reset, at once and without what is still to be sent."""
    if transport is None or transport.is_closing():
        return
    sock = transport.get_extra_info("socket")
    if sock is not None:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET_ON_CLOSE)
    transport.abort()


class _Side(asyncio.Protocol):
    """One side of a connection pair: what it receives, its peer sends."""

    __slots__ = ("connecting", "endpoint", "peer", "transport", "upstream")

    def __init__(self, endpoint: "Endpoint", peer: "_Side | None" = None) -> None:
        self.endpoint = endpoint
        self.peer = peer
        self.transport: asyncio.Transport | None = None
        self.connecting: asyncio.Task[None] | None = None
        self.upstream: Upstream | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport  # type: ignore[assignment]  # a stream transport, as for every stream protocol
        if self.peer is None:
            self.endpoint.accepted(self)

    def data_received(self, data: bytes) -> None:
        if self.peer is not None and self.peer.transport is not None:
            self.peer.transport.write(data)

    def pause_writing(self) -> None:
        if self.peer is not None and self.peer.transport is not None:
            self.peer.transport.pause_reading()

    def resume_writing(self) -> None:
        if self.peer is not None and self.peer.transport is not None:
            self.peer.transport.resume_reading()

    def connection_lost(self, exc: Exception | None) -> None:
        self.endpoint.lost(self)
        other = self.peer.transport if self.peer is not None else None
        if exc is not None:
            _reset(other)
        elif other is not None:
            other.close()


class Endpoint:
    """Listens on `host` and `port` from `start` on; the gate is closed until the first `move`."""

    def __init__(self, host: str, port: int) -> None:
        self.host = host
        self.port = port
        self.upstream: Upstream | None = None
        self.refused_count = 0
        self._clients: set[_Side] = set()
        self._server: asyncio.Server | None = None

    async def start(self) -> None:
        """Bind and listen. Raises OSError when the port cannot be had."""
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(lambda: _Side(self), self.host, self.port, backlog=512)

    def stop(self) -> None:
        """Stop listening and reset everything."""
        if self._server is not None:
            self._server.close()
        self.cut()

    def move(self, upstream: Upstream) -> None:
        """Send new connections to `upstream` and open the gate; what is open stays where it is."""
        self.upstream = upstream

    def cut(self) -> int:
        """Close the gate and reset every open connection, both sides; returns how many there were."""
        self.upstream = None
        clients, self._clients = self._clients, set()
        for client in clients:
            if client.connecting is not None:
                client.connecting.cancel()
            _reset(client.transport)
            _reset(client.peer.transport if client.peer is not None else None)
        return len(clients)

    def connections(self) -> dict[str, int]:
        """How many connections are open, by the name of the upstream they lead to."""
        counted: dict[str, int] = {}
        for client in self._clients:
            name = client.upstream.name if client.upstream is not None else ""
            counted[name] = counted.get(name, 0) + 1
        return counted

    def accepted(self, client: _Side) -> None:
        """A client has connected. While the gate is closed it is reset: the port stays ours, and nobody waits."""
        if self.upstream is None:
            self.refused_count += 1
            _reset(client.transport)
            return
        self._clients.add(client)
        assert client.transport is not None
        # Soon, not now: asyncio begins to read after this callback, and in Debian 12's Python (3.11.2) even if paused.
        asyncio.get_running_loop().call_soon(client.transport.pause_reading)
        client.upstream = self.upstream
        client.connecting = asyncio.get_running_loop().create_task(self._connect(client, self.upstream))

    def lost(self, side: _Side) -> None:
        """One side of a pair is gone."""
        self._clients.discard(side)
        if side.connecting is not None:
            side.connecting.cancel()

    async def _connect(self, client: _Side, upstream: Upstream) -> None:
        server = _Side(self, peer=client)
        try:
            async with asyncio.timeout(CONNECT_WITHIN_S):
                await asyncio.get_running_loop().create_connection(lambda: server, upstream.host, upstream.port)
        except (OSError, TimeoutError):
            _reset(client.transport)
            return
        client.connecting = None
        client.peer = server
        if client not in self._clients or client.transport is None or client.transport.is_closing():
            _reset(server.transport)
            return
        client.transport.resume_reading()

    def as_json(self) -> dict[str, Any]:
        """Address, upstream, connections by upstream, and how many were refused at the closed gate."""
        upstream = self.upstream
        return {
            "host": self.host,
            "port": self.port,
            "upstream": None if upstream is None else upstream.name,
            "connections": self.connections(),
            "refused": self.refused_count,
        }
