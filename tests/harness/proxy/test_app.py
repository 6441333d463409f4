"""What the control API has beyond Toxiproxy's: routes for connections, errors for what could not work, limits.

What it shares with Toxiproxy is held against that, in `test___init__.py`.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import httpx
import pytest

from harness.proxy.app import MAX_BODY_BYTES, make_app
from harness.proxy.collection import Proxies


def with_api(test: Callable[[httpx.AsyncClient], Awaitable[None]]) -> None:
    async def scenario() -> None:
        proxies = Proxies()
        transport = httpx.ASGITransport(app=make_app(proxies))
        async with httpx.AsyncClient(transport=transport, base_url="http://proxy") as api:
            await test(api)
        proxies.close()

    asyncio.run(scenario())


BODY = {"name": "redis", "upstream": "127.0.0.1:1", "listen": "127.0.0.1:0"}


def test_a_change_whose_body_comes_late_does_not_undo_another() -> None:
    async def test(api: httpx.AsyncClient) -> None:
        begun, go = asyncio.Event(), asyncio.Event()

        async def late() -> AsyncIterator[bytes]:
            yield b'{"upstream": '
            begun.set()
            await go.wait()
            yield b'"127.0.0.1:2"}'

        await api.post("/proxies", json=BODY)
        changing = asyncio.create_task(api.patch("/proxies/redis", content=late()))
        await begun.wait()
        assert (await api.patch("/proxies/redis", json={"enabled": False})).json()["enabled"] is False
        go.set()
        changed = (await changing).json()
        assert (changed["enabled"], changed["upstream"]) == (False, "127.0.0.1:2")

    with_api(test)


@pytest.mark.parametrize(
    ("method", "path", "body", "status", "error"),
    [
        ("GET", "/proxies/other/connections", None, 404, "proxy not found"),
        ("DELETE", "/proxies/other/connections", None, 404, "proxy not found"),
        ("DELETE", "/proxies/redis/connections/1", None, 404, "connection not found"),
        ("DELETE", "/proxies/redis/connections/x", None, 404, "Not Found"),
        ("POST", "/proxies", {"name": "x", "upstream": "nowhere"}, 400, "upstream must be host:port"),
        ("POST", "/proxies", {"name": "x", "upstream": "a:1", "listen": "nowhere"}, 400, "listen must be host:port"),
        ("POST", "/proxies/redis/toxics", {"type": "nothing"}, 400, "there are latency, bandwidth, slow_close"),
        ("POST", "/proxies/redis/toxics", {"type": "slicer"}, 400, "average_size"),
        ("POST", "/proxies/redis/toxics", {"type": "latency", "toxicity": 2}, 400, "toxicity must be"),
        ("PATCH", "/proxies/redis/toxics/slow", {"attributes": {"latncy": 1}}, 400, "latncy"),
        ("GET", "/nothing", None, 404, "Not Found"),
        ("PUT", "/proxies", {}, 405, "Method Not Allowed"),
    ],
)
def test_what_goes_beyond_toxiproxy_is_an_error_like_the_others(
    method: str, path: str, body: Any, status: int, error: str
) -> None:
    async def test(api: httpx.AsyncClient) -> None:
        await api.post("/proxies", json=BODY)
        await api.post("/proxies/redis/toxics", json={"type": "latency", "name": "slow"})
        answer = await api.request(method, path, json=body)
        assert answer.status_code == status
        assert set(answer.json()) == {"error", "status"}
        assert answer.json()["status"] == status
        assert error in answer.json()["error"]

    with_api(test)


def test_a_body_that_is_too_large_is_refused() -> None:
    async def test(api: httpx.AsyncClient) -> None:
        assert (await api.post("/proxies", content=b" " * (MAX_BODY_BYTES + 1))).status_code == 413

    with_api(test)


def test_metrics_and_connections_answer() -> None:
    async def test(api: httpx.AsyncClient) -> None:
        await api.post("/proxies", json=BODY)
        metrics = await api.get("/metrics")
        assert metrics.headers["content-type"].startswith("text/plain; version=0.0.4")
        assert 'proxy="redis"' in metrics.text
        assert (await api.get("/proxies/redis/connections")).json() == {
            "open": [],
            "totals": {
                "connections_open": 0,
                "connections_accepted": 0,
                "connections_cut": 0,
                "connections_refused": 0,
                "upstream_received": 0,
                "downstream_received": 0,
                "upstream_passed": 0,
                "downstream_passed": 0,
                "upstream_withheld": 0,
                "downstream_withheld": 0,
            },
        }
        assert (await api.delete("/proxies/redis/connections")).json() == {"cut": 0}

    with_api(test)


def test_a_name_with_an_arrow_in_it_is_a_name() -> None:
    async def test(api: httpx.AsyncClient) -> None:
        await api.post("/proxies", json={**BODY, "name": "replica->primary"})
        assert (await api.get("/proxies/replica-%3Eprimary")).json()["name"] == "replica->primary"

    with_api(test)
