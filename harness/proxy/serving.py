"""The fault proxy at work: the control API on a socket, and the proxies that it was started with.

It ends on SIGTERM and SIGINT, within a second, whatever is still open.
"""

import asyncio
import contextlib
import json
import logging
import resource
import signal
import socket
import sys
from collections.abc import Iterator, Sequence

import uvicorn

from harness.proxy.addresses import bound, why, written
from harness.proxy.app import make_app
from harness.proxy.collection import Proxies
from harness.proxy.specs import ProxySpec

IDLE_S = 60
"""So long a client may keep a connection to the control API without asking."""
_LOG = logging.getLogger("harness.proxy")


class CannotServe(RuntimeError):
    """An address cannot be had: which, and why."""


def serve(host: str, port: int, specs: Sequence[ProxySpec], *, seed: int, log_level: int) -> None:
    """Make the proxies, answer the control API, return when told to end. Raises CannotServe."""
    with _control(host, port) as control:
        _log_json_lines(log_level)
        _allow_many_connections()
        asyncio.run(_serve(control, specs, seed))


def _control(host: str, port: int) -> socket.socket:
    try:
        return bound(str(socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0][4][0]), port)
    except (OSError, ValueError) as error:
        raise CannotServe(f"cannot listen on {written(host, port)}: {why(error)}") from error


async def _serve(control: socket.socket, specs: Sequence[ProxySpec], seed: int) -> None:
    proxies = Proxies(seed=seed)
    try:
        _, error = await proxies.populate(specs)
        if error is not None:
            raise CannotServe(error.message)
        config = uvicorn.Config(
            make_app(proxies),
            http="h11",
            ws="none",
            lifespan="off",
            log_config=None,
            log_level="warning",
            access_log=False,
            server_header=False,
            proxy_headers=False,
            timeout_keep_alive=IDLE_S,
            timeout_graceful_shutdown=1,
        )
        server = _Server(config)
        for number in (signal.SIGTERM, signal.SIGINT):
            asyncio.get_running_loop().add_signal_handler(number, _stop, server, proxies)
        _LOG.info("control API on %s", written(*control.getsockname()[:2]))
        await server.serve(sockets=[control])
    finally:
        proxies.close()


class _Server(uvicorn.Server):
    """A uvicorn server that leaves signals to `_serve`, which has connections of its own to end."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


def _stop(server: _Server, proxies: Proxies) -> None:
    proxies.close()
    server.should_exit = True


def _allow_many_connections() -> None:
    """A connection takes two descriptors, and the usual limit is 1,024: as many as we may have."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


class _JsonLines(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        line = {"at_epoch_s": round(record.created, 3), "level": record.levelname.lower(), "service": "proxy"}
        line["message"] = record.getMessage()
        if record.exc_info:
            line["exception"] = self.formatException(record.exc_info)
        return json.dumps(line, separators=(",", ":"))


def _log_json_lines(level: int) -> None:
    """All logging of this process goes to standard error, one JSON object a line."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_JsonLines())
    logging.basicConfig(handlers=[handler], level=level, force=True)
