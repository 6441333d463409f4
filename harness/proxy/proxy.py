"""One proxy: a listener, its upstream, its toxics and the connections that are open.

Closed means closed: when it is disabled or its upstream changes, open connections are reset, because peers pool theirs
and would otherwise never notice.
"""

import asyncio
import socket
from dataclasses import asdict, dataclass, replace
from random import Random
from typing import Any

from harness.proxy.addresses import BACKLOG, address, listener, resolved, written
from harness.proxy.connection import Connection
from harness.proxy.errors import connection_not_found, toxic_already_exists, toxic_not_found
from harness.proxy.specs import STREAMS, ProxySpec, ToxicSpec


@dataclass(slots=True, eq=False)
class Totals:
    """Counts since the proxy was made; those of connections that are still open are added when asked for.

    Cut by the proxy: by a toxic, by its being disabled or moved, or when it was asked to. Refused: accepted, and reset
    because the upstream could not be reached. Bytes that were received and neither passed nor withheld wait.
    """

    connections_accepted: int = 0
    connections_cut: int = 0
    connections_refused: int = 0
    upstream_received: int = 0
    downstream_received: int = 0
    upstream_passed: int = 0
    downstream_passed: int = 0
    upstream_withheld: int = 0
    downstream_withheld: int = 0

    def add(self, connection: Connection) -> None:
        """Count the bytes of a connection, and how it ended."""
        self.connections_cut += connection.was_cut
        self.connections_refused += connection.was_refused
        for name, stream in connection.streams.items():
            for what in ("received", "passed", "withheld"):
                field = f"{name}_{what}"
                setattr(self, field, getattr(self, field) + getattr(stream, what))


class Proxy:
    """Made disabled; `enable` opens the listener. `seed` decides every draw of its toxics."""

    def __init__(self, spec: ProxySpec, *, seed: int) -> None:
        self.name = spec.name
        self.listen = spec.listen
        self.upstream = spec.upstream
        self.toxics: dict[str, ToxicSpec] = {}
        self._asked_listen = spec.listen
        self._seed = seed
        self._server: asyncio.Server | None = None
        self._connections: dict[int, Connection] = {}
        self._totals = Totals()
        self._made = 0
        self._toxics_given = 0

    @property
    def enabled(self) -> bool:
        return self._server is not None

    @property
    def upstream_address(self) -> tuple[str, int]:
        return address(self.upstream, "upstream")

    async def listens_on(self, listen: str) -> bool:
        """Whether `listen` is its address, as it was asked for or as it became: port 0 becomes a port, a name a number.

        Raises ApiError (500) for a name that is not known.
        """
        own = (self.listen, self._asked_listen)
        return listen in own or await resolved(listen) in [await resolved(mine) for mine in own]

    def spec(self) -> ProxySpec:
        """What the proxy is now, with the port it really listens on."""
        return ProxySpec(name=self.name, listen=self.listen, upstream=self.upstream, enabled=self.enabled)

    def document(self) -> dict[str, Any]:
        """As the API shows it."""
        ordered = sorted(self.toxics.values(), key=lambda toxic: STREAMS.index(toxic.stream))
        return {**asdict(self.spec()), "toxics": [toxic.document() for toxic in ordered]}

    async def enable(self) -> None:
        """Listen; raises ApiError (500) when the address cannot be had."""
        if self._server is None:
            await self._serve(await listener(self.listen))

    async def _serve(self, sock: socket.socket) -> None:
        self._server = await asyncio.get_running_loop().create_server(self._connection, sock=sock, backlog=BACKLOG)
        self.listen = written(*sock.getsockname()[:2])

    def disable(self) -> None:
        """Stop listening and reset what is open."""
        if self._server is not None:
            self._server.close()
            self._server = None
        self.cut()

    async def update(self, wanted: ProxySpec) -> None:
        """Become what is wanted; a changed address resets what is open, as in Toxiproxy. A changed upstream leaves the
        listener as it is: no client is refused meanwhile.

        Raises ApiError (500) when it cannot listen there; then nothing has changed.
        """
        moves = not await self.listens_on(wanted.listen)
        sock = await listener(wanted.listen) if wanted.enabled and (moves or not self.enabled) else None
        if moves or not wanted.enabled:
            self.disable()
        if moves:
            self.listen = self._asked_listen = wanted.listen
        if wanted.upstream != self.upstream:
            self.upstream = wanted.upstream
            self.cut()
        if sock is not None:
            await self._serve(sock)

    def cut(self, number: int | None = None) -> int:
        """Reset all open connections, or one; returns how many. Raises ApiError (404) when that one is not open."""
        if number is not None and number not in self._connections:
            raise connection_not_found()
        connections = list(self._connections.values()) if number is None else [self._connections[number]]
        for connection in connections:
            connection.cut()
        return len(connections)

    def add_toxic(self, spec: ToxicSpec) -> None:
        """For connections already open and for those to come; raises ApiError (409) for a name that is taken."""
        if spec.name in self.toxics:
            raise toxic_already_exists()
        self.toxics[spec.name] = numbered = replace(spec, number=self._toxics_given)
        self._toxics_given += 1
        for connection in list(self._connections.values()):
            connection.add_toxic(numbered)

    def toxic(self, name: str) -> ToxicSpec:
        """The toxic of that name; raises ApiError (404)."""
        if name not in self.toxics:
            raise toxic_not_found()
        return self.toxics[name]

    def change_toxic(self, spec: ToxicSpec) -> None:
        """Change the toxic of that name, in open connections too; raises ApiError (404)."""
        self.toxics[spec.name] = numbered = replace(spec, number=self.toxic(spec.name).number)
        for connection in list(self._connections.values()):
            connection.change_toxic(numbered)

    def remove_toxic(self, name: str) -> None:
        """From open connections too; raises ApiError (404)."""
        spec = self.toxic(name)
        del self.toxics[name]
        for connection in list(self._connections.values()):
            connection.remove_toxic(spec)

    def traffic(self) -> dict[str, int]:
        """Connections and bytes since the proxy was made, those of open connections included."""
        totals = Totals(**asdict(self._totals))
        for connection in self._connections.values():
            totals.add(connection)
        return {"connections_open": len(self._connections), **asdict(totals)}

    def open_connections(self) -> list[dict[str, Any]]:
        """One row a connection, the oldest first, with the toxics that it got; `opened_at_s` is seconds since 1970."""
        return [_row(connection) for connection in self._connections.values()]

    def opened(self, connection: Connection) -> bool:
        """A client has connected; whether it may stay."""
        self._totals.connections_accepted += 1
        if self._server is None:
            # Accepted in the same turn of the loop in which the listener was closed.
            self._totals.connections_cut += 1
            return False
        self._connections[connection.number] = connection
        return True

    def established(self, connection: Connection) -> None:
        """The upstream has been reached: the toxics get hold of the connection."""
        for spec in self.toxics.values():
            connection.add_toxic(spec)

    def gone(self, connection: Connection) -> None:
        """A connection has ended."""
        if self._connections.pop(connection.number, None) is not None:
            self._totals.add(connection)

    def chance(self, connection: Connection, toxic: ToxicSpec, what: str) -> Random:
        """Chance of what a toxic does to one connection: the same for the same seed, whatever else goes on."""
        return Random(f"{self._seed}/{self.name}/{connection.number}/{toxic.number}/{what}")  # noqa: S311 - no secrets

    def _connection(self) -> asyncio.Protocol:
        self._made += 1
        return Connection(self, self._made).protocol()


def _row(connection: Connection) -> dict[str, Any]:
    row: dict[str, Any] = {
        "id": connection.number,
        "client": connection.client,
        "opened_at_s": connection.opened_at_s,
        "toxics": [name for stream in connection.streams.values() for name in stream.toxics],
    }
    for name in STREAMS:
        stream = connection.streams.get(name)
        row[f"{name}_passed"] = stream.passed if stream else 0
        row[f"{name}_withheld"] = stream.withheld if stream else 0
        row[f"{name}_waiting"] = stream.waiting_bytes if stream else 0
    return row
