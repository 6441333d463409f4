"""`harness proxy` and `python -m harness.proxy`: a process of its own, started as `toxiproxy-server` is.

Only words are read here; what serves is imported when they were understood.
"""

import os
from pathlib import Path

import click

from harness.proxy import API_VERSION
from harness.proxy.addresses import LOOPBACK, MAX_PORT
from harness.proxy.errors import ApiError

DEFAULT_PORT = 8474
LOG_LEVEL = "LOG_LEVEL"
LOG_LEVELS = {
    "trace": 10,
    "debug": 10,
    "info": 20,
    "warn": 30,
    "warning": 30,
    "error": 40,
    "fatal": 50,
    "panic": 50,
}
_MANY = "Accepted and without effect: GET /metrics always answers, and there is no Go runtime to tell of."
_EPILOG = (
    f"Options may have one dash, as for toxiproxy-server. {LOG_LEVEL} in the environment: {', '.join(LOG_LEVELS)}."
)


@click.command(context_settings={"help_option_names": ["-h", "-help", "--help"]}, epilog=_EPILOG)
@click.option("--host", "-host", default=LOOPBACK, show_default=True, help="Where the control API listens.")
@click.option("--port", "-port", default=DEFAULT_PORT, show_default=True, type=click.IntRange(0, MAX_PORT))
@click.option(
    "--config",
    "-config",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Proxies to start with: a JSON list, as POST /populate takes it.",
)
@click.option(
    "--seed",
    "-seed",
    default=0,
    show_default=True,
    help="Decides toxicity, jitter, sizes and losses; the same every time.",
)
@click.option("--proxy-metrics", "-proxy-metrics", is_flag=True, help=_MANY)
@click.option("--runtime-metrics", "-runtime-metrics", is_flag=True, help="The same.")
@click.option(
    "--version", "-version", is_flag=True, help="Print the version of Toxiproxy's API that it speaks, and end."
)
def main(
    host: str, port: int, config: Path | None, seed: int, proxy_metrics: bool, runtime_metrics: bool, version: bool
) -> None:
    """The fault proxy: passes TCP connections on and harms them when told to, over Toxiproxy's HTTP API.

    \b
    A drop-in for toxiproxy-server: its clients work unchanged. Ends with 0 on SIGTERM and SIGINT.
    Beyond Toxiproxy:
      GET    /proxies/NAME/connections       open connections with their toxics, and all counts
      DELETE /proxies/NAME/connections       reset them all
      DELETE /proxies/NAME/connections/ID    reset one
      PATCH  /proxies/NAME {"upstream": ..}  without closing the listener
    """
    if version:
        click.echo(f"toxiproxy-server version {API_VERSION}")
        return
    from harness.proxy import bodies
    from harness.proxy.serving import CannotServe, serve

    try:
        specs = bodies.many_proxies(bodies.parsed(config.read_bytes())) if config else ()
    except ApiError as error:
        raise click.ClickException(f"{config}: {error.message}") from error
    try:
        serve(host, port, specs, seed=seed, log_level=_log_level())
    except CannotServe as error:
        raise click.ClickException(str(error)) from error


def _log_level() -> int:
    asked = os.environ.get(LOG_LEVEL) or "info"
    if asked.lower() not in LOG_LEVELS:
        raise click.ClickException(f"{LOG_LEVEL} must be one of {', '.join(LOG_LEVELS)}, not {asked!r}")
    return LOG_LEVELS[asked.lower()]


if __name__ == "__main__":
    main()
