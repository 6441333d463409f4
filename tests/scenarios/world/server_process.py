"""Starts a server of the world as a real process on a free loopback port, and ends it."""

import contextlib
import os
import socket
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import httpx

from harness.clock import Deadline, block_s


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerProcess:
    """A running server: where it listens, and its process."""

    url: str
    process: subprocess.Popen[str]


def free_port() -> int:
    """A port of 127.0.0.1 that nobody listened on a moment ago."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
        return port


@contextlib.contextmanager
def running(module: str, environ: Mapping[str, str], *, limit_s: float = 20.0) -> Iterator[ServerProcess]:
    """The server of `module`, from the moment that it answers; ended on the way out."""
    port = free_port()
    process = subprocess.Popen(
        [sys.executable, "-m", module],
        env={**os.environ, **environ, "PORT": str(port)},
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        url = f"http://127.0.0.1:{port}"
        deadline = Deadline(limit_s)
        while True:
            with contextlib.suppress(httpx.TransportError):
                if httpx.get(f"{url}/healthz", timeout=1).status_code == 200:
                    break
            if process.poll() is not None or deadline.passed:
                raise RuntimeError(f"{module} did not come up: {process.communicate(timeout=5)[1]}")
            block_s(0.02)
        yield ServerProcess(url=url, process=process)
    finally:
        process.kill()
        process.communicate()
