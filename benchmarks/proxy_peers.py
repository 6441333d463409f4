"""Both ends of the wire for `benchmarks.proxy`: a server that counts or echoes, and clients that send or ask.

As bare as can be, because they share the processors with what is measured. A connection begins with 8 bytes: how many
more the server is to swallow before it answers with one, or 0 to have everything echoed.

    python -m benchmarks.proxy_peers serve | send HOST PORT CONNECTIONS BYTES | ask HOST PORT TIMES
"""

import json
import selectors
import socket
import sys
from time import perf_counter

from benchmarks.figures import percentile

BUFFER_BYTES = 1_048_576
SENT_AT_ONCE_BYTES = 262_144
QUESTION = b"x" * 64
WARM_UP_SHARE = 0.1


def serve() -> None:
    """Prints its port; until killed."""
    selector, buffer, left = (
        selectors.DefaultSelector(),
        memoryview(bytearray(BUFFER_BYTES)),
        dict[socket.socket, int](),
    )
    with socket.create_server(("127.0.0.1", 0), backlog=512) as listener:
        print(listener.getsockname()[1], flush=True)
        selector.register(listener, selectors.EVENT_READ)
        while True:
            for key, _ in selector.select():
                connection = key.fileobj
                assert isinstance(connection, socket.socket)
                if connection is listener:
                    connection = _accepted(listener)
                    left[connection] = int.from_bytes(connection.recv(8, socket.MSG_WAITALL), "big")
                    selector.register(connection, selectors.EVENT_READ)
                    continue
                count = connection.recv_into(buffer)
                if not count:
                    selector.unregister(connection)
                    del left[connection]
                    connection.close()
                elif left[connection]:
                    left[connection] -= count
                    if not left[connection]:
                        connection.sendall(b"k")
                else:
                    connection.sendall(buffer[:count])


def _accepted(listener: socket.socket) -> socket.socket:
    connection, _ = listener.accept()
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return connection


def send(host: str, port: int, connections: int, count: int) -> tuple[float]:
    """Bytes per second, alone, from the first to the answers that all of `count` were swallowed."""
    each = count // connections
    data = memoryview(bytes(SENT_AT_ONCE_BYTES))
    left = {_connected(host, port, each): each for _ in range(connections)}
    everyone = list(left)
    with selectors.DefaultSelector() as selector:
        for connection in everyone:
            connection.setblocking(False)
            selector.register(connection, selectors.EVENT_WRITE)
        started_s = perf_counter()
        while left:
            for key, _ in selector.select():
                writing = key.fileobj
                assert isinstance(writing, socket.socket)
                left[writing] -= writing.send(data[: left[writing]])
                if not left[writing]:
                    selector.unregister(writing)
                    del left[writing]
    for connection in everyone:
        connection.setblocking(True)
        assert connection.recv(1) == b"k"
    took_s = perf_counter() - started_s
    for connection in everyone:
        connection.close()
    return (each * connections / took_s,)


def ask(host: str, port: int, times: int) -> tuple[float, float]:
    """Seconds from a question to its echo, one after the other on one connection: p50 and p99."""
    took_s = []
    with _connected(host, port, 0) as connection:
        for _ in range(times):
            started_s = perf_counter()
            connection.sendall(QUESTION)
            connection.recv(len(QUESTION), socket.MSG_WAITALL)
            took_s.append(perf_counter() - started_s)
    warm = took_s[int(times * WARM_UP_SHARE) :]
    return percentile(warm, 50), percentile(warm, 99)


def _connected(host: str, port: int, swallow: int) -> socket.socket:
    connection = socket.create_connection((host, port))
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    connection.sendall(swallow.to_bytes(8, "big"))
    return connection


if __name__ == "__main__":
    do, *words = sys.argv[1:]
    if do == "serve":
        serve()
    elif do == "send":
        print(json.dumps(send(words[0], *map(int, words[1:]))))
    else:
        print(json.dumps(ask(words[0], *map(int, words[1:]))))
