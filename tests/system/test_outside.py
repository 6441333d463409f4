"""An outside party is asked as httpx itself would ask: the same address, headers, body and time limit."""

import asyncio
import ssl
from collections.abc import Mapping
from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import SecretStr

from system.outside import RETRY_AFTER_S_MAX, Party, certificates, retry_after_s, spelled

_json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


def _sent(path: str, *, key: str = "", **asked: Any) -> tuple[httpx.Request, httpx.Request]:
    """The same request by `Party` and by httpx."""
    requests: list[httpx.Request] = []

    def receive(request: httpx.Request) -> httpx.Response:
        requests.append(request)
        return httpx.Response(200)

    async def main() -> None:
        async with httpx.AsyncClient(transport=httpx.MockTransport(receive), headers={"X-Ours": "1"}) as client:
            document = asked.pop("document", None)
            body = None if document is None else spelled(document)
            party = Party(client, "http://there.invalid/v1/", key=SecretStr(key), timeout_s=2.5)
            await party.ask(body=body, path=path, **asked)
            headers = {"Authorization": f"Bearer {key}"} if key else {}
            url = f"http://there.invalid/v1{path}"
            await client.request(url=url, json=document, headers=headers, timeout=2.5, **asked)

    asyncio.run(main())
    return requests[0], requests[1]


def _told(request: httpx.Request) -> tuple[str, str, bytes, Mapping[str, str], Any]:
    return request.method, str(request.url), request.content, dict(request.headers), request.extensions["timeout"]


@pytest.mark.parametrize(
    "asked",
    [
        {"method": "GET", "path": "/loads", "params": {"reference": "P1:S 1/ü&x=y+z"}},
        {"method": "POST", "path": "/loads", "document": {"a": "ü", "n": [1.5, None]}},
        {"method": "PATCH", "path": "/loads/L1", "document": {}},
    ],
)
@pytest.mark.parametrize("key", ["", "secret"])
def test_it_is_what_httpx_would_send(asked: dict[str, Any], key: str) -> None:
    one, other = _sent(key=key, **asked)
    assert _told(one) == _told(other)


def test_an_idempotency_key_goes_with_it() -> None:
    async def main() -> str:
        transport = httpx.MockTransport(lambda request: httpx.Response(200, text=request.headers["idempotency-key"]))
        async with httpx.AsyncClient(transport=transport) as client:
            party = Party(client, "http://there.invalid", key=SecretStr(""), timeout_s=1)
            return (await party.ask("POST", "/loads", body=b"{}", key="book:P1:S1")).text

    assert asyncio.run(main()) == "book:P1:S1"


@given(_json.filter(lambda document: document is not None))
def test_a_body_is_spelled_as_httpx_spells_it(document: Any) -> None:
    assert spelled(document) == httpx.Request("POST", "http://x/", json=document).content


@pytest.mark.parametrize(
    ("said", "seconds"), [("7", 7.0), ("99999", RETRY_AFTER_S_MAX), ("Wed, 21 Oct 2026 07:28:00 GMT", 0.0), ("-1", 0.0)]
)
def test_when_to_come_back(said: str, seconds: float) -> None:
    assert retry_after_s(httpx.Response(429, headers={"Retry-After": said})) == seconds


def test_nobody_is_trusted_where_no_address_needs_it() -> None:
    """And so TLS, should it be spoken all the same, fails closed."""
    nobody = certificates("http://127.0.0.1:8001/v1", "http://127.0.0.1:8002")
    assert (nobody.get_ca_certs(), nobody.check_hostname, nobody.verify_mode) == ([], True, ssl.CERT_REQUIRED)
    trusting = certificates("http://127.0.0.1:8001/v1", "HTTPS://motion.example")
    assert len(trusting.get_ca_certs()) > 50
    assert (trusting.check_hostname, trusting.verify_mode) == (True, ssl.CERT_REQUIRED)
