"""The engine's side of the fault proxy's control API, with a limit on every request.

Nothing of the environment's proxies (`HTTP_PROXY`) applies: the control API is on this machine or next to it.
"""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from types import TracebackType
from typing import Any, Self
from urllib.parse import quote

import httpx

REQUEST_TIMEOUT_S = 5.0


class ProxyError(RuntimeError):
    """The fault proxy did not do what was asked: what was asked, and what came back."""


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
    """`base_url` is that of the control API, as `http://127.0.0.1:8474`."""

    def __init__(self, base_url: str, *, timeout_s: float = REQUEST_TIMEOUT_S) -> None:
        # Without TLS there is nothing to verify, and loading the certificates takes 20 ms.
        self._http = httpx.AsyncClient(base_url=base_url, timeout=timeout_s, trust_env=False, verify=False)  # noqa: S501

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.aclose()

    async def aclose(self) -> None:
        """Close the connections to the control API."""
        await self._http.aclose()

    async def version(self) -> str:
        """The version of the API that the proxy speaks."""
        return str((await self._ask("GET", "/version"))["version"])

    async def create(self, name: str, listen: str, upstream: str) -> str:
        """Make a proxy and enable it; returns the `host:port` it listens on. Raises ProxyError."""
        body = {"name": name, "listen": listen, "upstream": upstream, "enabled": True}
        return str((await self._ask("POST", "/proxies", body))["listen"])

    async def delete(self, name: str) -> None:
        """Remove a proxy, resetting what is open. Raises ProxyError."""
        await self._ask("DELETE", _path(name))

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
        """Put a toxic on one direction, for open connections too. Raises ProxyError."""
        body = {
            "name": name,
            "type": kind,
            "stream": stream,
            "toxicity": toxicity,
            "attributes": dict(attributes),
        }
        await self._ask("POST", _path(proxy, "toxics"), body)

    async def remove_toxic(self, proxy: str, name: str) -> None:
        """Take it away, from open connections too. Raises ProxyError."""
        await self._ask("DELETE", _path(proxy, "toxics", name))

    async def set_enabled(self, proxy: str, enabled: bool) -> None:
        """Disabled: new connections are refused and open ones are reset. Raises ProxyError."""
        await self._ask("PATCH", _path(proxy), {"enabled": enabled})

    async def set_upstream(self, proxy: str, upstream: str) -> None:
        """Lead to another `host:port`; open connections are reset. Raises ProxyError."""
        await self._ask("PATCH", _path(proxy), {"upstream": upstream})

    async def connections(self, name: str) -> ProxyTraffic:
        """Counts of a proxy since it was made. Raises ProxyError."""
        totals = (await self._ask("GET", _path(name, "connections")))["totals"]
        return ProxyTraffic(**{field.name: int(totals[field.name]) for field in fields(ProxyTraffic)})

    async def cut(self, name: str) -> int:
        """Reset all open connections; returns how many. Raises ProxyError."""
        return int((await self._ask("DELETE", _path(name, "connections")))["cut"])

    async def reset(self) -> None:
        """Enable every proxy and remove every toxic. Raises ProxyError."""
        await self._ask("POST", "/reset")

    async def _ask(self, method: str, path: str, body: Any = None) -> Any:
        asked = f"{method} {self._http.base_url.join(path)}" + (f" {body}" if body is not None else "")
        try:
            response = await self._http.request(method, path, json=body)
        except httpx.HTTPError as error:
            raise ProxyError(f"{asked}: no answer from the fault proxy: {type(error).__name__} {error}") from error
        if not response.is_success:
            raise ProxyError(f"{asked}: the fault proxy answered {response.status_code}: {response.text[:500]}")
        if not response.content:
            return None
        try:
            return response.json()
        except ValueError as error:
            raise ProxyError(f"{asked}: the fault proxy answered no JSON: {response.text[:500]}") from error


def _path(*parts: str) -> str:
    return "/proxies/" + "/".join(quote(part, safe="") for part in parts)
