"""What stands between a client and a server in tests, reads along, and cuts."""

import socket
import threading
from contextlib import suppress


class Relay:
    """Passes bytes to the server, and can cut a connection at its COMMIT, before the server has it or after."""

    def __init__(self, port: int) -> None:
        self.upstream_port = port
        self.cut: str | None = None
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        self._sockets: list[socket.socket] = []
        self._threads = [threading.Thread(target=self._accept, daemon=True)]
        self._threads[0].start()

    def close(self) -> None:
        _shut(self._listener)
        for one in self._sockets:
            _shut(one)
        for thread in self._threads:
            thread.join(5)

    def cut_all(self) -> None:
        for one in self._sockets:
            _shut(one)

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            server = socket.create_connection(("127.0.0.1", self.upstream_port))
            self._sockets += [client, server]
            mute = threading.Event()
            for target, source, sink in ((self._up, client, server), (self._down, server, client)):
                thread = threading.Thread(target=target, args=(source, sink, mute), daemon=True)
                self._threads.append(thread)
                thread.start()

    def _up(self, client: socket.socket, server: socket.socket, mute: threading.Event) -> None:
        while data := _receive(client):
            commits = b"COMMIT" in data
            if commits and self.cut == "before":
                break
            if commits and self.cut == "after":
                mute.set()
                server.sendall(data)
                continue  # the client's own timeout ends it
            server.sendall(data)
        _shut(client)
        _shut(server)

    def _down(self, server: socket.socket, client: socket.socket, mute: threading.Event) -> None:
        while data := _receive(server):
            if mute.is_set():
                continue  # the answer to the COMMIT
            try:
                client.sendall(data)
            except OSError:
                break
        _shut(client)


def _receive(source: socket.socket) -> bytes:
    try:
        return source.recv(65536)
    except OSError:
        return b""


def _shut(one: socket.socket) -> None:
    with suppress(OSError):
        one.shutdown(socket.SHUT_RDWR)
    one.close()
