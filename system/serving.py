"""How a process of the system serves HTTP, works in the background, and stops.

Every part of the system is one process with one event loop: an ASGI app (at least the health routes below) and any
number of background tasks. `serve` runs both and returns the exit code: 0 after SIGTERM or SIGINT, 1 when a task died
by itself or the port cannot be had. A stop is done within two seconds, also when a thread is still waiting for a dead
server, because whoever replaces the process must not have to wait for it.

It is not a process manager: nothing here restarts anything.
"""

import asyncio
import contextlib
import logging
import os
import signal
import socket
import threading
from collections.abc import Awaitable, Callable, Collection, Coroutine, Iterator, Mapping, Sequence
from typing import Any

import uvicorn
from prometheus_client import CollectorRegistry
from prometheus_client.exposition import choose_encoder
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp

Background = Callable[[], Coroutine[Any, Any, None]]
"""Makes the coroutine of one background task; it runs until it is cancelled."""

Readiness = Callable[[], Awaitable[Mapping[str, object]]]
"""Answers with the checks that keep this process from working: name to None when fine, else to what is wrong."""

REQUESTS_GRACE_S = 1
FORCED_STOP_S = 1.7

_log = logging.getLogger(__name__)


def health_routes(
    service: str,
    *,
    registry: CollectorRegistry,
    ready: Readiness | None = None,
    unsafe: Sequence[str] = (),
    tolerated: Collection[str] = (),
) -> list[Route]:
    """The routes every process has: `/healthz` (the loop turns), `/readyz` (it can do its work), `/metrics`.

    `ready` may take as long as its own timeouts allow. Checks named in `tolerated` are shown, but the process can work
    while they fail. `unsafe` lists the unsafe switches that are on, always shown.
    """

    async def healthz(_: Request) -> Response:
        return JSONResponse({"status": "ok", "service": service})

    async def readyz(_: Request) -> Response:
        checks = dict(await ready()) if ready is not None else {}
        failing = any(value is not None for name, value in checks.items() if name not in tolerated)
        body = {"ready": not failing, "service": service, "checks": checks, "unsafe": list(unsafe)}
        return JSONResponse(body, status_code=503 if failing else 200)

    async def metrics(request: Request) -> Response:
        encode, content_type = choose_encoder(request.headers.get("accept", ""))
        return Response(encode(registry), headers={"content-type": content_type})

    return [
        Route("/healthz", healthz, methods=["GET"], name="healthz"),
        Route("/readyz", readyz, methods=["GET"], name="readyz"),
        Route("/metrics", metrics, methods=["GET"], name="metrics"),
    ]


def listen_address() -> tuple[str, int]:
    """Host and port from `HOST` (127.0.0.1) and `PORT` (0: any free one); ValueError says which is wrong."""
    host, port = os.environ.get("HOST", "127.0.0.1"), os.environ.get("PORT", "0")
    if not (port.isascii() and port.isdigit() and int(port) <= 65535):
        raise ValueError(f"PORT: expected a number from 0 to 65535, seen {port!r}; set PORT to a free port")
    return host, int(port)


def listen(host: str, port: int) -> socket.socket:
    """A bound TCP socket; OSError says why there is none.

    Its protocol is named, which `socket.create_server` leaves at 0: asyncio switches Nagle's algorithm off only where
    it sees TCP, and with it on an answer can wait 40 ms for the client's delayed acknowledgment.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((host, port))
    except OSError:
        listener.close()
        raise
    return listener


def serve(
    app: ASGIApp, *, background: Sequence[Background] = (), host: str | None = None, port: int | None = None
) -> int:
    """Runs `app` and the `background` tasks until SIGTERM or SIGINT; returns the exit code.

    Host and port come from the environment unless given. Background tasks start once the port is bound and are
    cancelled when the stop begins, while requests in flight get up to `REQUESTS_GRACE_S`. A task that ends by itself,
    with or without an exception, stops the process with 1: half a process is worse than none.
    """
    try:
        from_environment = listen_address()
        address = (host or from_environment[0], from_environment[1] if port is None else port)
        listener = listen(*address)
    except (OSError, ValueError) as error:
        _log.error("cannot listen: %s", error)
        return 1
    with listener:
        return asyncio.run(_run(app, listener, background))


class _Server(uvicorn.Server):
    """A uvicorn server that leaves signals alone: `_run` handles them for the background tasks as well."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


async def _run(app: ASGIApp, listener: socket.socket, background: Sequence[Background]) -> int:
    config = uvicorn.Config(
        app,
        log_config=None,
        log_level="warning",
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=REQUESTS_GRACE_S,
    )
    server = _Server(config)
    stopping = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stopping.set)
    serving: asyncio.Task[Any] = asyncio.create_task(server.serve(sockets=[listener]))
    tasks: list[asyncio.Task[Any]] = [asyncio.create_task(make()) for make in background]
    asked: asyncio.Task[Any] = asyncio.create_task(stopping.wait())
    _log.info("listening on %s:%d", *listener.getsockname()[:2])
    await asyncio.wait([serving, asked, *tasks], return_when=asyncio.FIRST_COMPLETED)

    ended = [task for task in (serving, *tasks) if task.done()]
    for task in ended:
        error = None if task.cancelled() else task.exception()
        _log.error("ended by itself: %s", task.get_coro(), exc_info=error)
    code = 1 if ended else 0
    force_stop_later(code)
    _log.info("stopping")
    server.should_exit = True
    for task in (asked, *tasks):
        task.cancel()
    await asyncio.gather(serving, asked, *tasks, return_exceptions=True)
    return code


def force_stop_later(code: int) -> None:
    """Ends the process from a thread if the loop, a task or another thread has not let it end by then."""

    def end() -> None:
        waiting = [thread.name for thread in threading.enumerate() if not thread.daemon]
        _log.warning("stop forced", extra={"threads": waiting})
        os._exit(code)

    timer = threading.Timer(FORCED_STOP_S, end)
    timer.daemon = True
    timer.start()
