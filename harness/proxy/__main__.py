"""`python -m harness.proxy`: the fault proxy as a process of its own, as `toxiproxy-server` is one.

It ends with exit code 0 on SIGTERM and SIGINT, within a second, whatever is still open.
"""

import asyncio
import contextlib
import json
import logging
import signal
import socket
import sys
from collections.abc import Iterator
from pathlib import Path

import click
import uvicorn

from harness.proxy import bodies
from harness.proxy.app import make_app
from harness.proxy.collection import Proxies
from harness.proxy.errors import ApiError

DEFAULT_PORT = 8474
_LOG = logging.getLogger(__name__)


class _Server(uvicorn.Server):
    """A uvicorn server that leaves signals to `_serve`, which has connections of its own to end."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


class _JsonLines(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        line = {"at_epoch_s": round(record.created, 3), "level": record.levelname.lower(), "service": "proxy"}
        line["message"] = record.getMessage()
        if record.exc_info:
            line["exception"] = self.formatException(record.exc_info)
        return json.dumps(line, separators=(",", ":"))


def _log_json_lines() -> None:
    """All logging of this process goes to standard error, one JSON object a line."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_JsonLines())
    logging.basicConfig(handlers=[handler], level=logging.INFO, force=True)


@click.command(help="The embedded fault proxy, which speaks Toxiproxy's HTTP API.")
@click.option("--host", default=bodies.LOOPBACK, show_default=True, help="Where the control API listens.")
@click.option("--port", default=DEFAULT_PORT, show_default=True, type=click.IntRange(0, bodies.MAX_PORT))
@click.option(
    "--config",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Proxies to start with: a JSON list, as POST /populate takes it.",
)
@click.option("--seed", default=0, show_default=True, help="Decides jitter, sizes, losses and toxicity.")
def main(host: str, port: int, config: Path | None, seed: int) -> None:
    """Serve until SIGTERM or SIGINT."""
    try:
        specs = bodies.many_proxies(bodies.parsed(config.read_bytes())) if config else ()
    except ApiError as error:
        raise click.ClickException(f"{config}: {error.message}") from error
    try:
        family = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0][0]
        control = socket.create_server((host, port), family=family)
    except (OSError, ValueError) as error:
        why = getattr(error, "strerror", None) or error
        raise click.ClickException(f"cannot listen on {host}:{port}: {why}") from error
    _log_json_lines()
    with control:
        asyncio.run(_serve(control, specs, seed))


async def _serve(control: socket.socket, specs: tuple[bodies.ProxySpec, ...], seed: int) -> None:
    proxies = Proxies(seed=seed)
    try:
        _, error = await proxies.populate(specs)
        if error is not None:
            raise click.ClickException(error.message)
        config = uvicorn.Config(
            make_app(proxies),
            http="h11",
            ws="none",
            lifespan="off",
            log_config=None,
            log_level="warning",
            access_log=False,
            server_header=False,
            timeout_graceful_shutdown=1,
        )
        server = _Server(config)
        for number in (signal.SIGTERM, signal.SIGINT):
            asyncio.get_running_loop().add_signal_handler(number, _stop, server, proxies)
        bound_host, bound_port = control.getsockname()[:2]
        _LOG.info("control API on %s:%d", bound_host, bound_port)
        await server.serve(sockets=[control])
    finally:
        proxies.close()


def _stop(server: _Server, proxies: Proxies) -> None:
    proxies.close()
    server.should_exit = True


if __name__ == "__main__":
    main()
