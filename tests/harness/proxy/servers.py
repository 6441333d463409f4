"""The fault proxies as the processes they are, started for tests and ended with them: the embedded one, and Toxiproxy.

Toxiproxy is built where Go is there; elsewhere the test is skipped and says why.
"""

import json
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import httpx
import pytest

from harness.services import toxiproxy
from harness.services.base import ServiceFault

END_LIMIT_S = 10.0


class Running(NamedTuple):
    """The process, and where its control API listens."""

    process: "subprocess.Popen[str]"
    host: str
    port: int

    @property
    def base_url(self) -> str:
        return f"http://{self.host}:{self.port}"


@contextmanager
def running(*options: str) -> Iterator[Running]:
    """`python -m harness.proxy` on a free port, once it says where."""
    command = [sys.executable, "-m", "harness.proxy", "--port", "0", *options]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as process:
        try:
            assert process.stderr is not None
            line = json.loads(process.stderr.readline())
            host, _, port = line["message"].split()[-1].rpartition(":")
            yield Running(process, host, int(port))
        finally:
            process.kill()


@cache
def _program() -> Path | ServiceFault:
    """Where it cannot be had, that is found out once."""
    try:
        return toxiproxy.program()
    except ServiceFault as fault:
        return fault


@contextmanager
def running_toxiproxy(*options: str) -> Iterator[Running]:
    """Toxiproxy's own server, once it answers."""
    program = _program()
    if isinstance(program, ServiceFault):
        pytest.skip(str(program))
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    command = [str(program), "-host", "127.0.0.1", "-port", str(port), *options]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, text=True) as process:
        try:
            found = Running(process, "127.0.0.1", port)
            _until_answered(found)
            yield found
        finally:
            process.kill()


def _until_answered(server: Running) -> None:
    while server.process.poll() is None:
        try:
            httpx.get(f"{server.base_url}/version", trust_env=False)
        except httpx.ConnectError:
            continue
        return
    raise AssertionError(f"toxiproxy-server ended with {server.process.returncode}")


@contextmanager
def echoing() -> Iterator[str]:
    """A server in threads that sends everything back, then finishes; its address."""
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve(connection: socket.socket) -> None:
            with connection:
                try:
                    while data := connection.recv(65536):
                        connection.sendall(data)
                except OSError:
                    return

        def accept() -> None:
            while True:
                try:
                    connection, _ = listener.accept()
                except OSError:
                    return
                threading.Thread(target=serve, args=(connection,), daemon=True).start()

        thread = threading.Thread(target=accept, daemon=True)
        thread.start()
        yield f"127.0.0.1:{listener.getsockname()[1]}"
        listener.shutdown(socket.SHUT_RDWR)
        thread.join(END_LIMIT_S)


def connected(listen: str) -> socket.socket:
    """A client's connection."""
    host, _, port = listen.rpartition(":")
    return socket.create_connection((host, int(port)), timeout=END_LIMIT_S)


class Api:
    """Bare requests, as any client makes them."""

    def __init__(self, server: Running) -> None:
        self.http = httpx.Client(base_url=server.base_url, trust_env=False, timeout=END_LIMIT_S)

    def __enter__(self) -> "Api":
        return self

    def __exit__(self, *_: object) -> None:
        self.http.close()

    def ask(self, method: str, path: str, body: Any = None) -> tuple[int, Any]:
        """Status and JSON, or text where it is none."""
        content = body if isinstance(body, bytes) else None if body is None else json.dumps(body).encode()
        answer = self.http.request(method, path, content=content)
        try:
            return answer.status_code, answer.json() if answer.content else None
        except ValueError:
            return answer.status_code, answer.text

    def proxy(self, upstream: str, name: str = "p") -> str:
        """Make one; where it listens."""
        status, made = self.ask("POST", "/proxies", {"name": name, "listen": "127.0.0.1:0", "upstream": upstream})
        assert status == 201
        return str(made["listen"])

    def toxic(self, kind: str, proxy: str = "p", **attributes: int) -> str:
        """Put one on the way back; its path."""
        status, made = self.ask("POST", f"/proxies/{proxy}/toxics", {"type": kind, "attributes": attributes})
        assert status == 200, made
        return f"/proxies/{proxy}/toxics/{made['name']}"
