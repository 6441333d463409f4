"""The program that floods: sends the same requests over and over, as fast as its clients get their answers.

It is run by its path (`python -I -S flooding.py HOST PORT CLIENTS RATE`) with the standard library alone: as a process
of its own it takes nothing from the loop in which the harness measures. Each client is one connection with one request
on its way at a time; RATE bounds all of them together, in requests a second, and 0 is no bound. Where a connection ends
its client makes another one, a tick later.

The requests come on standard input, each as four bytes of length and its bytes, none (length 0) after the last. When
standard input ends, so does the program: with the harness, whatever becomes of that. It reads no more of an answer than
it must, and judges nothing.
"""

import re
import selectors
import signal
import socket
import struct
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import cycle
from typing import BinaryIO

LENGTH = struct.Struct(">I")
TIMEOUT_S = 1.0
TICK_S = 0.01
"""So often a bounded rate gives leave for more, and those whose connection failed try again."""

_HEAD_ENDS = b"\r\n\r\n"
_CONTENT_LENGTH = re.compile(rb"\r\ncontent-length:\s*(\d+)", re.IGNORECASE)
_CLOSES = re.compile(rb"\r\nconnection:\s*close", re.IGNORECASE)


def packed(requests: list[bytes]) -> bytes:
    """The requests as they stand on standard input."""
    return b"".join(LENGTH.pack(len(request)) + request for request in requests) + LENGTH.pack(0)


def unpacked(stream: BinaryIO) -> list[bytes]:
    """Reads what `packed` made, and not a byte more."""
    requests: list[bytes] = []
    while length := LENGTH.unpack(stream.read(LENGTH.size))[0]:
        requests.append(stream.read(length))
    return requests


class Client:
    """One connection, made again where it ends."""

    def __init__(self, address: tuple[str, int], selector: selectors.BaseSelector) -> None:
        self._address, self._selector = address, selector
        self._socket: socket.socket | None = None
        self._read = b""

    def send(self, request: bytes) -> bool:
        """Whether it went out; else there is no connection now."""
        try:
            if self._socket is None:
                self._socket = socket.create_connection(self._address, TIMEOUT_S)
                self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                self._selector.register(self._socket, selectors.EVENT_READ, self)
            self._socket.sendall(request)
        except OSError:
            self._hang_up()
            return False
        return True

    @property
    def connected(self) -> bool:
        """Whether its connection stands."""
        return self._socket is not None

    def has_answer(self) -> bool:
        """Reads what has come; true when that was the end of an answer, or there will be none."""
        if self._socket is None:
            return True
        try:
            came = self._socket.recv(65_536)
        except OSError:
            came = b""
        if not came:
            self._hang_up()
            return True
        self._read += came
        head, ends, body = self._read.partition(_HEAD_ENDS)
        length = _CONTENT_LENGTH.search(head)
        if not ends or (length is not None and len(body) < int(length[1])):
            return False
        self._read = b""
        if _CLOSES.search(head):
            self._hang_up()
        return True

    def _hang_up(self) -> None:
        if self._socket is not None:
            if self._socket.fileno() in self._selector.get_map():
                self._selector.unregister(self._socket)
            self._socket.close()
        self._socket, self._read = None, b""


def flood(address: tuple[str, int], requests: list[bytes], clients: int, rate_per_s: float, until: BinaryIO) -> None:
    """Sends until `until` has something to read, which is its end."""
    with selectors.DefaultSelector() as selector, ticking() as ticks:
        selector.register(until, selectors.EVENT_READ)
        selector.register(ticks, selectors.EVENT_READ)
        coming, leave = cycle(requests), 0.0
        idle = [Client(address, selector) for _ in range(clients)]
        failed: list[Client] = []
        while True:
            while idle and (leave >= 1 or not rate_per_s):
                client = idle.pop()
                leave -= 1
                if not client.send(next(coming)):
                    failed.append(client)
            for key, _ in selector.select():
                if key.fileobj is until:
                    return
                if key.fileobj is ticks:
                    ticks.recv(4096)
                    # What could not be sent in its time is not made up for: the bound is one at every moment.
                    leave = min(leave + rate_per_s * TICK_S, max(1.0, 2 * rate_per_s * TICK_S)) if rate_per_s else 0.0
                    idle, failed = idle + failed, []
                elif key.data.has_answer():
                    (idle if key.data.connected else failed).append(key.data)


@contextmanager
def ticking() -> Iterator[socket.socket]:
    """A socket that has something to read every `TICK_S`."""
    reader, writer = socket.socketpair()
    writer.setblocking(False)
    signal.set_wakeup_fd(writer.fileno(), warn_on_full_buffer=False)
    signal.signal(signal.SIGALRM, lambda *_: None)
    signal.setitimer(signal.ITIMER_REAL, TICK_S, TICK_S)
    try:
        yield reader
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.set_wakeup_fd(-1)
        reader.close()
        writer.close()


def main() -> int:
    """Floods as the command line says."""
    host, port, clients, rate_per_s = sys.argv[1:]
    requests = unpacked(sys.stdin.buffer)
    flood((host, int(port)), requests, int(clients), float(rate_per_s), sys.stdin.buffer)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
