"""One client's connection and the one made for it to the upstream: two sockets and the two streams between them.

A half-close passes as a half-close, a reset as a reset, each behind the bytes that came before it.
"""

import asyncio
import contextlib
import socket
import struct
from collections.abc import Callable, Mapping
from random import Random
from typing import Protocol

from harness.clock import epoch_s
from harness.proxy.specs import DOWNSTREAM, STREAMS, UPSTREAM, ToxicSpec
from harness.proxy.stream import Stream
from harness.proxy.toxics.base import Ending

CONNECT_TIMEOUT_S = 10.0
CLOSE_LIMIT_S = 5.0
"""When a toxic closes a connection, a peer that does not take its last bytes within this time is reset."""
_RESET_ON_CLOSE = struct.pack("ii", 1, 0)


class Owner(Protocol):
    """What a connection needs of the proxy it belongs to."""

    @property
    def upstream_address(self) -> tuple[str, int]: ...

    def opened(self, connection: "Connection") -> bool:
        """A client has connected; returns whether it may stay."""
        ...

    def established(self, connection: "Connection") -> None:
        """The upstream has been reached: the streams take toxics now."""
        ...

    def gone(self, connection: "Connection") -> None:
        """Both sockets are closed, or will be at once."""
        ...

    def chance(self, connection: "Connection", toxic: ToxicSpec, what: str) -> Random:
        """Chance of what a toxic does to this connection: the same for the same seed, whatever else goes on."""
        ...


class _Side(asyncio.Protocol):
    """One socket of a connection: `sends` carries what it sends, `receives` ends here."""

    def __init__(self, on_connected: Callable[[], None], on_lost: Callable[[Exception | None], None]) -> None:
        self.transport: asyncio.Transport | None = None
        self.sends: Stream | None = None
        self.receives: Stream | None = None
        self._on_connected = on_connected
        self._on_lost = on_lost

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport
        self._on_connected()

    def data_received(self, data: bytes) -> None:
        if self.sends is not None:
            self.sends.receive(data)

    def eof_received(self) -> bool:
        if self.sends is not None:
            self.sends.end(Ending.EOF)
        return True

    def pause_writing(self) -> None:
        if self.receives is not None:
            self.receives.sink_full(True)

    def resume_writing(self) -> None:
        if self.receives is not None:
            self.receives.sink_full(False)

    def connection_lost(self, exc: Exception | None) -> None:
        self._on_lost(exc)

    def reset(self) -> None:
        """Close with RST, dropping what has not been sent."""
        if self.transport is None:
            return
        if self.receives is not None:
            self.receives.unsend(self.transport.get_write_buffer_size())
        with contextlib.suppress(OSError):
            self.transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET_ON_CLOSE)
        self.transport.abort()


class Connection:
    """Made by the listener for each client. `number` counts the connections of a proxy."""

    def __init__(self, owner: Owner, number: int) -> None:
        self.number = number
        self.opened_at_s = epoch_s()
        self.client = ""
        self.streams: Mapping[str, Stream] = {}
        self.over = False
        self.was_cut = False
        self.was_refused = False
        self._owner = owner
        self._client_side = _Side(self._client_connected, lambda exc: self._lost(self._client_side, exc))
        self._upstream_side = _Side(self._upstream_connected, lambda exc: self._lost(self._upstream_side, exc))
        self._connecting: asyncio.Task[None] | None = None
        self._eofs = 0
        self._close_limit: asyncio.TimerHandle | None = None

    def protocol(self) -> asyncio.Protocol:
        """The protocol of the client's socket."""
        return self._client_side

    def add_toxic(self, spec: ToxicSpec) -> None:
        """Put a toxic on its stream, if the draw against its toxicity says so."""
        if self.streams and self._gets(spec):
            self.streams[spec.stream].add(spec.name, spec.toxic, lambda: self._owner.chance(self, spec, "shape"))

    def change_toxic(self, spec: ToxicSpec) -> None:
        """The toxic of that name has other attributes or another toxicity.

        The draw stands: with more toxicity a connection may get it, with less it may lose it, and never the other way.
        """
        stream = self.streams.get(spec.stream)
        if stream is None or spec.name not in stream.toxics:
            self.add_toxic(spec)
        elif self._gets(spec):
            stream.change(spec.name, spec.toxic)
        else:
            stream.remove(spec.name)

    def remove_toxic(self, spec: ToxicSpec) -> None:
        """Take a toxic away, if the connection has it."""
        if self.streams:
            self.streams[spec.stream].remove(spec.name)

    def _gets(self, spec: ToxicSpec) -> bool:
        return spec.toxicity >= 1 or self._owner.chance(self, spec, "toxicity").random() < spec.toxicity

    def cut(self) -> None:
        """RST to both sides, at once, because the proxy wants it so. What has not been passed on never is."""
        self.was_cut = True
        self._reset()

    def _reset(self) -> None:
        if self.over:
            return
        if self._connecting is not None:
            self._connecting.cancel()
        self._discard()
        self._client_side.reset()
        self._upstream_side.reset()
        self._finish()

    def _close(self) -> None:
        """Close both sides; what was already passed on is still sent, what waits is not."""
        if self.over:
            return
        self._discard()
        for side in (self._client_side, self._upstream_side):
            if side.transport is not None:
                side.transport.close()

    def _client_connected(self) -> None:
        assert self._client_side.transport is not None
        peer = self._client_side.transport.get_extra_info("peername") or ("", 0)
        self.client = f"{peer[0]}:{peer[1]}"
        if not self._owner.opened(self):
            self.over = True
            self._client_side.reset()
            return
        # Nothing is read until there is somewhere to send it. Soon, not now: asyncio begins to read after this call,
        # and in Debian 12's Python (3.11.2) even if paused. This comes next, before anything can have been read.
        asyncio.get_running_loop().call_soon(self._client_side.transport.pause_reading)
        self._connecting = asyncio.get_running_loop().create_task(self._connect())

    async def _connect(self) -> None:
        host, port = self._owner.upstream_address
        try:
            async with asyncio.timeout(CONNECT_TIMEOUT_S):
                await asyncio.get_running_loop().create_connection(lambda: self._upstream_side, host, port)
        except (OSError, ValueError):
            # The client learns of it as directly as a proxy can tell: it was refused, nobody answered, or the name is
            # none (a ValueError).
            self.was_refused = True
            self._reset()
        finally:
            self._connecting = None

    def _upstream_connected(self) -> None:
        client, upstream = self._client_side.transport, self._upstream_side.transport
        assert client is not None
        assert upstream is not None
        if self.over:
            self._upstream_side.reset()
            return
        up, down = self._stream(client, upstream), self._stream(upstream, client)
        self._client_side.sends = self._upstream_side.receives = up
        self._upstream_side.sends = self._client_side.receives = down
        self.streams = {UPSTREAM: up, DOWNSTREAM: down}
        client.resume_reading()
        self._owner.established(self)

    def _stream(self, source: asyncio.Transport, sink: asyncio.Transport) -> Stream:
        return Stream(source, sink, on_ending=lambda ending: self._ended(sink, ending))

    def _ended(self, sink: asyncio.Transport, ending: Ending) -> None:
        """An ending has come to its turn in one direction."""
        if ending is Ending.RESET:
            self.cut()
        elif ending is Ending.CLOSE:
            self.was_cut = True
            self._close()
            if self._close_limit is None and not self.over:
                self._close_limit = asyncio.get_running_loop().call_later(CLOSE_LIMIT_S, self._reset)
        elif ending is Ending.LOST:
            self._reset()
        else:
            self._eofs += 1
            if self._eofs == len(STREAMS):
                self._close()
            elif not sink.is_closing():
                try:
                    sink.write_eof()
                except OSError:
                    # The receiver is gone already, and nobody has read that from its socket yet.
                    self._reset()

    def _lost(self, side: _Side, exc: Exception | None) -> None:
        """A socket is closed. By an error: the other side gets a reset, behind what is on its way to it."""
        side.transport = None
        if self.over:
            return
        if exc is not None and side.sends is not None and side.receives is not None:
            side.receives.discard()
            side.sends.end(Ending.LOST)
        elif exc is not None:
            self._reset()
        if self._client_side.transport is None and self._upstream_side.transport is None and not self.over:
            self._discard()
            self._finish()

    def _discard(self) -> None:
        for stream in self.streams.values():
            stream.discard()

    def _finish(self) -> None:
        self.over = True
        if self._close_limit is not None:
            self._close_limit.cancel()
        self._owner.gone(self)
