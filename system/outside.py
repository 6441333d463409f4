"""What the clients of outside parties have in common: who is trusted, how they are asked, when to come back.

What an answer means is each client's own business.
"""

import json
import ssl
from collections.abc import Mapping
from typing import Any

import httpx
from pydantic import SecretStr

RETRY_AFTER_S_MAX = 60.0
_ADDRESSES_MAX = 8
MODEL_IN_TRACES, MOTION_IN_TRACES = "http://model.invalid/v1", "http://motion.invalid"
"""Where the outside parties of a recorded trace are; nothing is there."""


def certificates(*addresses: str) -> ssl.SSLContext:
    """Whom a client for these addresses trusts: nobody, unless one of them begins with `https`.

    To load all that are trusted by default takes each process 0.1 s of a processor, for nothing where no TLS is spoken.
    """
    if any(address.lower().startswith("https") for address in addresses):
        return httpx.create_ssl_context(trust_env=False)
    return ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)


def retry_after_s(response: httpx.Response) -> float:
    """The seconds that `Retry-After` asks for, bounded; 0 when it asks for none or names a date."""
    text = response.headers.get("Retry-After", "")
    return min(float(text), RETRY_AFTER_S_MAX) if text.isascii() and text.isdigit() else 0.0


class Party:
    """An outside party at an address, over an HTTP client that is passed in and stays its owner's to close.

    What is the same in every request (address, key, the client's own headers, time limit) is put together once.
    """

    def __init__(self, client: httpx.AsyncClient, base_url: str, *, key: SecretStr, timeout_s: float) -> None:
        self._client, self._base = client, base_url.rstrip("/")
        secret = key.get_secret_value()
        authorization = {"Authorization": f"Bearer {secret}"} if secret else {}
        self._headers = httpx.Headers({**client.headers, **authorization}).multi_items()
        self._limits = {"timeout": httpx.Timeout(timeout_s).as_dict()}
        self._known: dict[str, httpx.URL] = {}

    async def ask(
        self,
        method: str,
        path: str,
        *,
        params: Mapping[str, str] | None = None,
        body: bytes | None = None,
        key: str | None = None,
    ) -> httpx.Response:
        """One request; `body` is JSON, `key` its Idempotency-Key. Raises httpx.HTTPError when no whole answer came."""
        headers = list(self._headers)
        if body is not None:
            headers.append(("Content-Type", "application/json"))
        if key is not None:
            headers.append(("Idempotency-Key", key))
        request = httpx.Request(
            method, self._url(path), params=params, headers=headers, content=body, extensions=self._limits
        )
        return await self._client.send(request)

    def _url(self, path: str) -> httpx.URL:
        """Most requests go to one of a few addresses, which are taken apart once; those of single things are not."""
        known = self._known.get(path)
        if known is None:
            known = httpx.URL(f"{self._base}{path}")
            if len(self._known) < _ADDRESSES_MAX:
                self._known[path] = known
        return known


def spelled(document: Any) -> bytes:
    """A document as the body of a request."""
    return json.dumps(document, ensure_ascii=False, separators=(",", ":"), allow_nan=False).encode("utf-8")
