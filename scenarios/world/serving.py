"""How a server of the world listens, answers and stops.

One process, one event loop: an ASGI app and any number of background tasks. It logs JSON lines to standard error and
exits with 0 within two seconds of SIGTERM, also while requests hang on purpose. An app can ask that its answer be lost:
the connection is then reset without a byte of it, as when the other side dies after doing the work.
"""

import asyncio
import contextlib
import hmac
import json
import logging
import os
import signal
import socket
import sys
import threading
from collections.abc import Callable, Coroutine, Iterator, Mapping, Sequence
from typing import Any

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route
from starlette.types import ASGIApp, Receive, Scope, Send

from harness.clock import Deadline

Background = Callable[[], Coroutine[Any, Any, None]]

BODY_BYTES_MAX = 4_194_304
_KEEP_ALIVE_S = 75
"""Longer than any client keeps an idle connection, so that no request meets a connection that is being closed."""
_GRACE_S = 1
_EXIT_AT_THE_LATEST_S = 1.7
_LOSE_ANSWER = "lose_answer"

_log = logging.getLogger(__name__)


class BadRequest(Exception):
    """What a client sent cannot be used; the message says what was expected."""


class _JsonLines(logging.Formatter):
    def __init__(self, service: str) -> None:
        super().__init__()
        self._service = service

    def format(self, record: logging.LogRecord) -> str:
        line = {"at_epoch_s": round(record.created, 3), "level": record.levelname.lower(), "service": self._service}
        line["message"] = record.getMessage()
        if record.exc_info:
            line["exception"] = self.formatException(record.exc_info)
        return json.dumps(line, separators=(",", ":"))


def log_json_lines(service: str) -> None:
    """Send all logging of this process to standard error as JSON lines; called once, by `main`."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_JsonLines(service))
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(logging.INFO)


async def json_object(request: Request) -> dict[str, Any]:
    """The request's body as a JSON object; an empty body is an empty object. Raises BadRequest."""
    chunks = bytearray()
    async for chunk in request.stream():
        chunks += chunk
        if len(chunks) > BODY_BYTES_MAX:
            raise BadRequest(f"the body is larger than {BODY_BYTES_MAX} bytes")
    try:
        document = json.loads(chunks or b"{}", parse_constant=_refuse_constant)
    except (ValueError, RecursionError) as error:
        raise BadRequest(f"the body is not JSON: {error}") from error
    if not isinstance(document, dict):
        raise BadRequest(f"expected a JSON object, seen {type(document).__name__}")
    return document


def _refuse_constant(name: str) -> Any:
    raise ValueError(f"{name} is no JSON number")


def number_asked(request: Request, name: str, default: int = 0) -> int:
    """The query parameter `name` as a number that is not negative. Raises BadRequest."""
    text = request.query_params.get(name, str(default))
    if not (text.isascii() and text.isdigit() and len(text) <= 15):
        raise BadRequest(f"{name}: expected a number, seen {text!r}")
    return int(text)


def bearer_fits(request: Request, key: str) -> bool:
    """Whether the request carries `key` as its bearer token."""
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    return scheme.lower() == "bearer" and hmac.compare_digest(token.strip().encode(), key.encode())


def lose_answer(request: Request) -> Response:
    """What a handler returns when its work is done and nobody shall hear of it."""
    request.scope[_LOSE_ANSWER] = True
    return Response(status_code=500)


def app_of(routes: Sequence[BaseRoute]) -> ASGIApp:
    """An app with `routes`, `/healthz`, JSON errors, and the ability to lose answers."""

    async def healthz(_: Request) -> Response:
        return JSONResponse({"status": "ok"})

    async def bad_request(_: Request, error: Exception) -> Response:
        return JSONResponse({"error": str(error)}, status_code=400)

    known = [Route("/healthz", healthz), *routes]
    return _losing(Starlette(routes=known, exception_handlers={BadRequest: bad_request}))


def _losing(app: ASGIApp) -> ASGIApp:
    async def wrapped(scope: Scope, receive: Receive, send: Send) -> None:
        async def send_unless_lost(message: Any) -> None:
            if not scope.get(_LOSE_ANSWER):
                await send(message)

        await app(scope, receive, send_unless_lost)
        if scope.get(_LOSE_ANSWER):
            # ASGI has no word for dropping a connection. uvicorn's `send` is a method of the object that holds it.
            transport = getattr(getattr(send, "__self__", None), "transport", None)
            if transport is None:
                raise RuntimeError("expected to run under uvicorn, which is what can drop a connection")
            transport.abort()
            await asyncio.sleep(0)

    return wrapped


class _Server(uvicorn.Server):
    """A uvicorn server that leaves signals to `_run`."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


def serve(app: ASGIApp, *, background: Sequence[Background] = (), environ: Mapping[str, str] | None = None) -> int:
    """Run `app` on HOST (127.0.0.1) and PORT until SIGTERM or SIGINT; returns the exit code.

    A background task that ends by itself ends the process with 1, since half a server is worse than none.
    """
    variables = os.environ if environ is None else environ
    host, port = variables.get("HOST", "127.0.0.1"), variables.get("PORT", "")
    if not (port.isascii() and port.isdigit() and 0 < int(port) < 65536):
        _log.error("PORT: expected a number from 1 to 65535, seen %r", port)
        return 2
    try:
        listener = _listener(host, int(port))
    except OSError as error:
        _log.error("cannot listen on %s:%s: %s", host, port, error)
        return 1
    with listener:
        return asyncio.run(_run(app, listener, background))


def _listener(host: str, port: int) -> socket.socket:
    """A bound socket whose protocol is named: only then does asyncio switch off Nagle's algorithm on what it accepts.

    With it on, an answer can wait 40 ms for the client's delayed acknowledgment.
    """
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((host, port))
    except OSError:
        listener.close()
        raise
    return listener


async def _run(app: ASGIApp, listener: socket.socket, background: Sequence[Background]) -> int:
    config = uvicorn.Config(
        app,
        lifespan="off",
        log_config=None,
        access_log=False,
        timeout_keep_alive=_KEEP_ALIVE_S,
        timeout_graceful_shutdown=_GRACE_S,
    )
    server = _Server(config)
    stopping = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stopping.set)
    serving: asyncio.Task[Any] = asyncio.create_task(server.serve(sockets=[listener]))
    others: list[asyncio.Task[Any]] = [asyncio.create_task(make()) for make in background]
    asked: asyncio.Task[Any] = asyncio.create_task(stopping.wait())
    await asyncio.wait([serving, asked, *others], return_when=asyncio.FIRST_COMPLETED)
    code = 0 if stopping.is_set() else 1
    for task in (serving, *others):
        if task.done() and not task.cancelled() and (error := task.exception()):
            _log.error("ended by itself: %s", error, exc_info=error)
    _exit_at_the_latest(code)
    server.should_exit = True
    for task in (asked, *others):
        task.cancel()
    await asyncio.wait([serving, asked, *others])
    return code


def _exit_at_the_latest(code: int) -> None:
    """End the process in time, also when a thread still waits for a dead server: nobody may have to wait for us."""
    timer = threading.Timer(_EXIT_AT_THE_LATEST_S, os._exit, args=(code,))
    timer.daemon = True
    timer.start()


async def hold(request: Request, until: asyncio.Event, limit_s: float) -> None:
    """Keep a request without an answer until `until` is set, its client is gone, or `limit_s` seconds passed."""
    deadline = Deadline(limit_s)
    while not (until.is_set() or deadline.passed or await request.is_disconnected()):
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(until.wait(), timeout=0.1)
