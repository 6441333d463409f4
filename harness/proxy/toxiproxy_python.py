"""toxiproxy-python, mended. What that library does wrong, and what is done here instead:

* It keeps the server's address in a class, so there is one server to a process: here every call knows its own.
* It sets no limit on a request, and takes `HTTP_PROXY` for its own: here there is a limit, and nothing is inherited.
* Any status but 400, 404 and 409 is success to it, and a 500 surfaces as `KeyError: 'name'`: here all is one error that
  says what was asked and what came back.

What its calls lack is in `client.py`. It blocks, and so does this.
"""

import contextvars
import warnings
from collections.abc import Callable
from typing import Any, TypeVar

import requests

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    import toxiproxy
    from toxiproxy.api import APIConsumer
    from toxiproxy.exceptions import InvalidToxic, NotFound, ProxyExists

__all__ = ["InvalidToxic", "NotFound", "NotSupported", "ProxyError", "ProxyExists", "Server", "toxiproxy"]

SHOWN_CHARACTERS = 500
_T = TypeVar("_T")


class ProxyError(RuntimeError):
    """The fault proxy did not do what was asked: what was asked, and what came back."""


class NotSupported(ProxyError):
    """This server has no such route: Toxiproxy itself does not tell of connections, the embedded proxy does."""


class Server:
    """One control API, asked by whichever thread. `timeout_s` limits each wait for it."""

    def __init__(self, base_url: str, timeout_s: float) -> None:
        self._base_url = base_url.rstrip("/")
        self._timeout_s = timeout_s
        self._session = requests.Session()
        self._session.trust_env = False

    def close(self) -> None:
        """Close the connections that are kept."""
        self._session.close()

    def call(self, function: Callable[[], _T]) -> _T:
        """Run what calls the library, with every request of it going to this server; raises ProxyError."""
        return contextvars.copy_context().run(self._call, function)

    def _call(self, function: Callable[[], _T]) -> _T:
        _ASKED.set(self)
        try:
            return function()
        except (ProxyExists, NotFound, InvalidToxic, ValueError, LookupError) as error:
            why = f"{type(error).__name__} {error}"
            raise ProxyError(f"the fault proxy at {self._base_url} answered otherwise than expected: {why}") from error

    def ask(self, method: str, path: str, body: Any = None) -> requests.Response:
        """A 2xx answer; raises ProxyError for anything else."""
        asked = f"{method} {self._base_url}{path}" + (f" {body}" if body is not None else "")
        try:
            response = self._session.request(
                method, self._base_url + path, json=body, timeout=self._timeout_s, allow_redirects=False
            )
        except requests.RequestException as error:
            raise ProxyError(f"{asked}: no answer from the fault proxy: {type(error).__name__} {error}") from error
        if 200 <= response.status_code < 300:
            return response
        kind = NotSupported if response.status_code == 404 and not _is_error(response) else ProxyError
        raise kind(f"{asked}: the fault proxy answered {response.status_code}: {response.text[:SHOWN_CHARACTERS]}")


def _is_error(response: requests.Response) -> bool:
    """Whether it is an answer of a route, and not of a server that has no such route."""
    try:
        return "error" in response.json()
    except ValueError:
        return False


_ASKED: contextvars.ContextVar[Server | None] = contextvars.ContextVar("the server of a call", default=None)


class _Consumer(APIConsumer):  # type: ignore[misc]
    """Where the library's calls go. Whoever else uses it in this process gets what it always did."""

    @classmethod
    def get(cls, url: str, params: Any = None, **options: Any) -> Any:
        server = _ASKED.get()
        return server.ask("GET", url) if server else super().get(url, params, **options)

    @classmethod
    def delete(cls, url: str, **options: Any) -> Any:
        server = _ASKED.get()
        return server.ask("DELETE", url) if server else super().delete(url, **options)

    @classmethod
    def post(cls, url: str, data: Any = None, json: Any = None, **options: Any) -> Any:
        server = _ASKED.get()
        return server.ask("POST", url, json) if server else super().post(url, data, json, **options)


toxiproxy.server.APIConsumer = toxiproxy.proxy.APIConsumer = _Consumer
