"""Several proxies: made, replaced, reset together; one that cannot be had stops nothing else."""

import asyncio
import socket

import pytest

from harness.proxy.bodies import new_toxic
from harness.proxy.collection import Proxies
from harness.proxy.errors import ApiError
from harness.proxy.specs import ProxySpec


def spec(name: str, *, listen: str = "127.0.0.1:0", upstream: str = "127.0.0.1:1", enabled: bool = True) -> ProxySpec:
    return ProxySpec(name=name, listen=listen, upstream=upstream, enabled=enabled)


def test_populate_makes_what_is_missing_and_replaces_what_differs() -> None:
    async def scenario() -> None:
        proxies = Proxies()
        (a, b), error = await proxies.populate([spec("a"), spec("b")])
        assert error is None
        a.add_toxic(new_toxic({"type": "latency"}))
        (same, other, new), error = await proxies.populate([spec("a"), spec("b", upstream="127.0.0.1:2"), spec("c")])
        assert error is None
        assert same is a
        assert list(same.toxics) == ["latency_downstream"]
        assert other is not b
        assert not b.enabled
        assert [proxy.name for proxy in proxies.all()] == ["a", "b", "c"]
        assert new.enabled
        proxies.close()

    asyncio.run(scenario())


def test_populate_tells_what_was_done_before_it_failed() -> None:
    async def scenario() -> None:
        proxies = Proxies()
        with socket.create_server(("127.0.0.1", 0)) as taken:
            listen = f"127.0.0.1:{taken.getsockname()[1]}"
            done, error = await proxies.populate([spec("a"), spec("b", listen=listen), spec("c")])
        assert [proxy.name for proxy in done] == ["a"]
        assert error is not None
        assert error.status == 500
        assert [proxy.name for proxy in proxies.all()] == ["a"]
        proxies.close()

    asyncio.run(scenario())


def test_reset_removes_every_toxic_even_when_a_proxy_cannot_be_enabled() -> None:
    async def scenario() -> None:
        proxies = Proxies()
        first, second = await proxies.create(spec("a")), await proxies.create(spec("b"))
        for proxy in (first, second):
            proxy.add_toxic(new_toxic({"type": "latency"}))
            proxy.disable()
        host, port = first.listen.split(":")
        with socket.create_server((host, int(port))), pytest.raises(ApiError, match=first.listen):
            await proxies.reset()
        assert not first.toxics
        assert not second.toxics
        assert second.enabled
        await proxies.reset()
        assert first.enabled
        proxies.close()

    asyncio.run(scenario())


def test_two_that_ask_for_one_name_at_once_do_not_both_get_it() -> None:
    async def scenario() -> None:
        proxies = Proxies()
        results = await asyncio.gather(*(proxies.create(spec("a")) for _ in range(2)), return_exceptions=True)
        assert sorted(type(result).__name__ for result in results) == ["ApiError", "Proxy"]
        proxies.close()

    asyncio.run(scenario())


def test_a_proxy_made_disabled_does_not_listen_and_a_removed_one_no_longer() -> None:
    async def scenario() -> None:
        proxies = Proxies()
        assert not (await proxies.create(spec("off", enabled=False))).enabled
        on = await proxies.create(spec("on"))
        await proxies.remove("on")
        assert not on.enabled
        with pytest.raises(ApiError, match="proxy not found"):
            proxies.get("on")

    asyncio.run(scenario())
