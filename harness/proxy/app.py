"""The control API: Toxiproxy's 14 routes, and connections, which Toxiproxy does not show.

It has no authentication, so it listens on loopback unless told otherwise, and refuses browsers as Toxiproxy does.
"""

import json
from collections.abc import Awaitable, Callable
from typing import Any

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from harness.proxy import API_VERSION, bodies, metrics
from harness.proxy.collection import Proxies
from harness.proxy.errors import ApiError
from harness.proxy.proxy import Proxy

MAX_BODY_BYTES = 1_048_576


class _NoBrowsers:
    """A page in a browser must not be able to steer the proxy of the machine it is shown on."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            agents = [value for name, value in scope["headers"] if name == b"user-agent"]
            if any(agent.startswith(b"Mozilla/") for agent in agents):
                await PlainTextResponse("User agent not allowed\n", status_code=403)(scope, receive, send)
                return
        await self._app(scope, receive, send)


def make_app(proxies: Proxies) -> Starlette:
    """The ASGI application over these proxies."""
    api = _Api(proxies)
    proxy, toxics = "/proxies/{proxy}", "/proxies/{proxy}/toxics"
    table: tuple[tuple[str, tuple[str, ...], Callable[[Request], Awaitable[Response]]], ...] = (
        ("/reset", ("POST",), api.reset),
        ("/proxies", ("GET",), api.proxy_index),
        ("/proxies", ("POST",), api.proxy_create),
        ("/populate", ("POST",), api.populate),
        (proxy, ("GET",), api.proxy_show),
        (proxy, ("POST", "PATCH"), api.proxy_update),
        (proxy, ("DELETE",), api.proxy_delete),
        (toxics, ("GET",), api.toxic_index),
        (toxics, ("POST",), api.toxic_create),
        (f"{toxics}/{{toxic}}", ("GET",), api.toxic_show),
        (f"{toxics}/{{toxic}}", ("POST", "PATCH"), api.toxic_update),
        (f"{toxics}/{{toxic}}", ("DELETE",), api.toxic_delete),
        ("/version", ("GET",), api.version),
        ("/metrics", ("GET",), api.metrics),
        (f"{proxy}/connections", ("GET",), api.connections),
        (f"{proxy}/connections", ("DELETE",), api.cut),
        (f"{proxy}/connections/{{connection:int}}", ("DELETE",), api.cut),
    )
    app = Starlette(
        routes=[Route(path, endpoint, methods=list(methods)) for path, methods, endpoint in table],
        exception_handlers={ApiError: _api_error, HTTPException: _http_error},
    )
    app.router.redirect_slashes = False
    app.add_middleware(_NoBrowsers)
    return app


class _Api:
    """One method a route."""

    def __init__(self, proxies: Proxies) -> None:
        self._proxies = proxies

    async def reset(self, request: Request) -> Response:
        await self._proxies.reset()
        return Response(status_code=204)

    async def proxy_index(self, request: Request) -> Response:
        return _answer({proxy.name: proxy.document() for proxy in self._proxies.all()})

    async def proxy_create(self, request: Request) -> Response:
        proxy = await self._proxies.create(bodies.new_proxy(await _document(request)))
        return _answer(proxy.document(), 201)

    async def populate(self, request: Request) -> Response:
        try:
            proxies, error = await self._proxies.populate(bodies.many_proxies(await _document(request)))
        except ApiError as wrong:
            proxies, error = (), wrong
        document = {"proxies": [proxy.document() for proxy in proxies]}
        return _answer(document, 201) if error is None else _answer({**error.document(), **document}, error.status)

    async def proxy_show(self, request: Request) -> Response:
        return _answer(self._proxy(request).document())

    async def proxy_update(self, request: Request) -> Response:
        name = self._proxy(request).name
        document = await _document(request)
        proxy = await self._proxies.update(name, lambda now: bodies.changed_proxy(document, now))
        return _answer(proxy.document())

    async def proxy_delete(self, request: Request) -> Response:
        await self._proxies.remove(request.path_params["proxy"])
        return Response(status_code=204)

    async def toxic_index(self, request: Request) -> Response:
        return _answer(self._proxy(request).document()["toxics"])

    async def toxic_create(self, request: Request) -> Response:
        document = await _document(request)
        proxy = self._proxy(request)
        spec = bodies.new_toxic(document)
        proxy.add_toxic(spec)
        return _answer(spec.document())

    async def toxic_show(self, request: Request) -> Response:
        return _answer(self._proxy(request).toxic(request.path_params["toxic"]).document())

    async def toxic_update(self, request: Request) -> Response:
        document = await _document(request)
        proxy = self._proxy(request)
        spec = bodies.changed_toxic(document, proxy.toxic(request.path_params["toxic"]))
        proxy.change_toxic(spec)
        return _answer(spec.document())

    async def toxic_delete(self, request: Request) -> Response:
        self._proxy(request).remove_toxic(request.path_params["toxic"])
        return Response(status_code=204)

    async def version(self, request: Request) -> Response:
        return _answer({"version": API_VERSION})

    async def metrics(self, request: Request) -> Response:
        return Response(metrics.exposition(self._proxies.all()), media_type=metrics.CONTENT_TYPE)

    async def connections(self, request: Request) -> Response:
        proxy = self._proxy(request)
        return _answer({"open": proxy.open_connections(), "totals": proxy.traffic()})

    async def cut(self, request: Request) -> Response:
        number = request.path_params.get("connection")
        return _answer({"cut": await self._proxies.cut(request.path_params["proxy"], number)})

    def _proxy(self, request: Request) -> Proxy:
        return self._proxies.get(request.path_params["proxy"])


async def _document(request: Request) -> Any:
    body = bytearray()
    async for part in request.stream():
        body += part
        if len(body) > MAX_BODY_BYTES:
            raise ApiError(f"a body has at most {MAX_BODY_BYTES} bytes", 413)
    return bodies.parsed(bytes(body))


def _answer(document: Any, status: int = 200) -> Response:
    return Response(json.dumps(document, separators=(",", ":")), status_code=status, media_type="application/json")


def _api_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, ApiError)
    return _answer(error.document(), error.status)


def _http_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    return _answer({"error": error.detail, "status": error.status_code}, error.status_code)
