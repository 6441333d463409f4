"""The engine's side of the control API: one client for the embedded proxy and for Toxiproxy itself.

It speaks through toxiproxy-python, mended (`toxiproxy_python.py`), and adds what that has no right call for: names are
quoted in URLs, addresses have to be said (by default the library's proxies listen where no other container reaches
them), an upstream can be moved, many proxies are made in one request, and connections are counted and cut.
"""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, fields
from types import TracebackType
from typing import Any, Self, TypeVar
from urllib.parse import quote

from harness.proxy.toxiproxy_python import NotSupported, ProxyError, Server, toxiproxy

__all__ = ["NotSupported", "ProxyControl", "ProxyError", "ProxyTraffic"]

REQUEST_TIMEOUT_S = 5.0
CALLS_AT_ONCE = 4
_T = TypeVar("_T")


@dataclass(frozen=True, slots=True, kw_only=True)
class ProxyTraffic:
    """What the fault proxy has seen on one proxy since it was made, in bytes and connections.

    `upstream` is from the client to the server. Withheld bytes were read and not passed on. The proxy itself ended the
    connections that are counted as cut, by a toxic or otherwise; the refused were reset because the server could not be
    reached.
    """

    connections_open: int
    connections_accepted: int
    connections_cut: int
    connections_refused: int
    upstream_passed: int
    downstream_passed: int
    upstream_withheld: int
    downstream_withheld: int


class ProxyControl:
    """`base_url` is that of the control API, as `http://127.0.0.1:8474`. Every call raises ProxyError."""

    def __init__(self, base_url: str, *, timeout_s: float = REQUEST_TIMEOUT_S) -> None:
        self._server = Server(base_url, timeout_s)
        self._threads = ThreadPoolExecutor(CALLS_AT_ONCE, thread_name_prefix="proxy-control")
        self._api = toxiproxy.Toxiproxy()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the connections to the control API. A call that is still under way ends by itself."""
        self._threads.shutdown(wait=False)
        self._server.close()

    async def version(self) -> str:
        """The version of the API that the proxy speaks."""
        return str((await self._asked("GET", "/version"))["version"])

    async def create(self, name: str, listen: str, upstream: str) -> str:
        """Make a proxy and enable it; returns the `host:port` it listens on."""
        made = await self._call(lambda: self._api.create(upstream=upstream, name=name, listen=listen, enabled=True))
        return str(made.listen)

    async def populate(self, proxies: Sequence[Mapping[str, Any]]) -> dict[str, str]:
        """Make or replace these, each with `name`, `listen` and `upstream`; returns where each listens.

        On an error those before it are there.
        """
        for wanted in proxies:
            if missing := {"name", "listen", "upstream"} - {*wanted}:
                raise ProxyError(f"populate: {dict(wanted)} lacks {', '.join(sorted(missing))}")
        answer = await self._asked("POST", "/populate", [dict(wanted) for wanted in proxies])
        return {made["name"]: made["listen"] for made in answer["proxies"] or ()}

    async def delete(self, name: str) -> None:
        """Remove a proxy, resetting what is open."""
        await self._call(_proxy(name).destroy)

    async def add_toxic(
        self,
        proxy: str,
        *,
        name: str,
        kind: str,
        stream: str,
        attributes: Mapping[str, Any],
        toxicity: float = 1.0,
    ) -> None:
        """Put a toxic on one direction, for open connections too."""
        wanted = {"name": name, "type": kind, "stream": stream, "toxicity": toxicity, "attributes": dict(attributes)}
        await self._call(lambda: _proxy(proxy).add_toxic(**wanted))

    async def remove_toxic(self, proxy: str, name: str) -> None:
        """Take it away, from open connections too."""
        await self._call(lambda: _proxy(proxy).destroy_toxic(_quoted(name)))

    async def set_enabled(self, proxy: str, enabled: bool) -> None:
        """Disabled: new connections are refused and open ones are ended."""
        await self._call(_proxy(proxy).enable if enabled else _proxy(proxy).disable)

    async def set_upstream(self, proxy: str, upstream: str) -> None:
        """Lead to another `host:port`; open connections are ended."""
        await self._asked("PATCH", _path(proxy), {"upstream": upstream})

    async def connections(self, name: str) -> ProxyTraffic:
        """Counts of a proxy since it was made. Raises NotSupported for Toxiproxy itself."""
        totals = (await self._asked("GET", _path(name, "connections")))["totals"]
        return ProxyTraffic(**{field.name: int(totals[field.name]) for field in fields(ProxyTraffic)})

    async def cut(self, name: str) -> int:
        """Reset all open connections; returns how many. Raises NotSupported for Toxiproxy itself."""
        return int((await self._asked("DELETE", _path(name, "connections")))["cut"])

    async def reset(self) -> None:
        """Enable every proxy and remove every toxic."""
        await self._call(self._api.reset)

    async def _asked(self, method: str, path: str, body: Any = None) -> Any:
        """The JSON of an answer to a request that the library has no call for."""
        return await self._call(lambda: self._server.ask(method, path, body).json())

    async def _call(self, function: Callable[[], _T]) -> _T:
        """Calls block, so each runs in a thread."""
        return await asyncio.get_running_loop().run_in_executor(self._threads, self._server.call, function)


def _proxy(name: str) -> Any:
    """The library's proxy of that name. Nothing is asked for it: its calls need the name alone, quoted for a URL."""
    return toxiproxy.Proxy(name=_quoted(name), upstream="", enabled=True, listen="")


def _quoted(name: str) -> str:
    return quote(name, safe="")


def _path(*parts: str) -> str:
    return "/proxies/" + "/".join(_quoted(part) for part in parts)
