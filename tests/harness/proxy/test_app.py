"""Toxiproxy's routes with its bodies and status codes, and the routes for connections."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import httpx
import pytest

from harness.proxy.app import MAX_BODY_BYTES, make_app
from harness.proxy.collection import Proxies


def with_api(test: Callable[[httpx.AsyncClient], Awaitable[None]], **headers: str) -> None:
    async def scenario() -> None:
        proxies = Proxies()
        transport = httpx.ASGITransport(app=make_app(proxies))
        async with httpx.AsyncClient(transport=transport, base_url="http://proxy", headers=headers) as api:
            await test(api)
        proxies.close()

    asyncio.run(scenario())


BODY = {"name": "redis", "upstream": "127.0.0.1:1", "listen": "127.0.0.1:0"}


def test_proxies_are_made_shown_changed_and_removed() -> None:
    async def test(api: httpx.AsyncClient) -> None:
        made = await api.post("/proxies", json=BODY)
        assert made.status_code == 201
        proxy = made.json()
        assert set(proxy) == {"name", "listen", "upstream", "enabled", "toxics"}
        assert proxy["listen"] != "127.0.0.1:0"
        assert (await api.get("/proxies")).json() == {"redis": proxy}
        assert (await api.get("/proxies/redis")).json() == proxy
        for method in ("PATCH", "POST"):
            changed = await api.request(method, "/proxies/redis", json={"enabled": False, "upstream": "127.0.0.1:2"})
            assert changed.status_code == 200
            assert changed.json() == {**proxy, "enabled": False, "upstream": "127.0.0.1:2"}
        assert (await api.delete("/proxies/redis")).status_code == 204
        assert (await api.get("/proxies")).json() == {}

    with_api(test)


def test_toxics_are_made_shown_changed_and_removed() -> None:
    async def test(api: httpx.AsyncClient) -> None:
        await api.post("/proxies", json=BODY)
        toxics = "/proxies/redis/toxics"
        made = await api.post(toxics, json={"type": "latency", "attributes": {"latency": 10}})
        assert made.status_code == 200
        toxic = made.json()
        assert toxic["name"] == "latency_downstream"
        await api.post(toxics, json={"type": "slicer", "stream": "upstream", "attributes": {"average_size": 9}})
        assert [one["stream"] for one in (await api.get(toxics)).json()] == ["upstream", "downstream"]
        assert (await api.get(f"{toxics}/latency_downstream")).json() == toxic
        for method in ("PATCH", "POST"):
            body = {"attributes": {"jitter": 3}, "toxicity": 0.5}
            changed = await api.request(method, f"{toxics}/latency_downstream", json=body)
            assert changed.json() == {**toxic, "toxicity": 0.5, "attributes": {"latency": 10, "jitter": 3}}
        assert (await api.delete(f"{toxics}/latency_downstream")).status_code == 204
        assert (await api.post("/reset")).status_code == 204
        assert (await api.get(toxics)).json() == []

    with_api(test)


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
        ("POST", "/proxies", BODY, 409, "proxy already exists"),
        ("POST", "/proxies", {"name": "x"}, 400, "missing required field: upstream"),
        ("POST", "/proxies", None, 400, "bad request body"),
        ("GET", "/proxies/other", None, 404, "proxy not found"),
        ("PATCH", "/proxies/other", {}, 404, "proxy not found"),
        ("DELETE", "/proxies/other", None, 404, "proxy not found"),
        ("GET", "/proxies/other/toxics", None, 404, "proxy not found"),
        ("GET", "/proxies/other/connections", None, 404, "proxy not found"),
        ("DELETE", "/proxies/other/connections", None, 404, "proxy not found"),
        ("DELETE", "/proxies/redis/connections/1", None, 404, "connection not found"),
        ("DELETE", "/proxies/redis/connections/x", None, 404, "Not Found"),
        ("GET", "/proxies/redis/toxics/other", None, 404, "toxic not found"),
        ("PATCH", "/proxies/redis/toxics/other", {}, 404, "toxic not found"),
        ("DELETE", "/proxies/redis/toxics/other", None, 404, "toxic not found"),
        ("POST", "/proxies/redis/toxics", {"type": "latency", "name": "slow"}, 409, "toxic already exists"),
        ("POST", "/proxies/redis/toxics", {"type": "nothing"}, 400, "invalid toxic type"),
        ("POST", "/proxies/redis/toxics", {"type": "latency", "stream": "x"}, 400, "stream was invalid"),
        ("PATCH", "/proxies/redis/toxics/slow", {"attributes": {"latncy": 1}}, 400, "latncy"),
        ("POST", "/populate", [{"name": "x"}], 400, "upstream at proxy 1"),
        ("GET", "/nothing", None, 404, "Not Found"),
        ("GET", "/proxies/", None, 404, "Not Found"),
        ("PUT", "/proxies", {}, 405, "Method Not Allowed"),
    ],
)
def test_errors_have_toxiproxys_status_and_body(method: str, path: str, body: Any, status: int, error: str) -> None:
    async def test(api: httpx.AsyncClient) -> None:
        await api.post("/proxies", json=BODY)
        await api.post("/proxies/redis/toxics", json={"type": "latency", "name": "slow"})
        answer = await api.request(method, path, json=body)
        assert answer.status_code == status
        assert set(answer.json()) == {"error", "status"} | ({"proxies"} if path == "/populate" else set())
        assert answer.json()["status"] == status
        assert error in answer.json()["error"]

    with_api(test)


def test_populate_answers_201_or_what_was_done_with_the_error() -> None:
    async def test(api: httpx.AsyncClient) -> None:
        done = await api.post("/populate", json=[BODY])
        assert done.status_code == 201
        (proxy,) = done.json()["proxies"]
        other = {**BODY, "name": "other", "listen": proxy["listen"]}
        partly = await api.post("/populate", json=[BODY, other])
        assert partly.status_code == partly.json()["status"] == 500
        assert proxy["listen"] in partly.json()["error"]
        assert partly.json()["proxies"] == [proxy]

    with_api(test)


def test_browsers_are_refused() -> None:
    async def test(api: httpx.AsyncClient) -> None:
        assert (await api.get("/version")).status_code == 403

    with_api(test, **{"User-Agent": "Mozilla/5.0 (X11; Linux x86_64)"})


def test_a_body_that_is_too_large_is_refused() -> None:
    async def test(api: httpx.AsyncClient) -> None:
        assert (await api.post("/proxies", content=b" " * (MAX_BODY_BYTES + 1))).status_code == 413

    with_api(test)


def test_version_metrics_and_connections_answer() -> None:
    async def test(api: httpx.AsyncClient) -> None:
        await api.post("/proxies", json=BODY)
        assert set((await api.get("/version")).json()) == {"version"}
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
