"""The library as it is steers either fault proxy; mended, it steers several from one process, beside itself."""

import asyncio
import socket

import pytest

from harness.clock import monotonic_s
from harness.proxy.client import ProxyControl
from harness.proxy.toxiproxy_python import InvalidToxic, NotFound, ProxyError, ProxyExists, Server, toxiproxy
from tests.harness.proxy.servers import Running, connected, echoing, running

ANY = "127.0.0.1:0"
NOWHERE = "127.0.0.1:1"


def test_toxiproxys_own_python_client_steers_it(server: Running) -> None:
    library = toxiproxy.Toxiproxy()
    library.update_api_consumer(server.host, server.port)
    assert library.running()
    assert b"2.12.0" in library.version()
    with echoing() as upstream:
        proxy = library.create(upstream=upstream, name="redis", enabled=True)
        assert library.get_proxy("redis").listen == proxy.listen
        with pytest.raises(ProxyExists):
            library.create(upstream=upstream, name="redis")
        with connected(proxy.listen) as connection:
            asked(connection, b"x")
            proxy.add_toxic(type="latency", attributes={"latency": 80})
            assert asked(connection, b"y") >= 0.08
            toxic = proxy.get_toxic("latency_downstream")
            assert (toxic.type, toxic.attributes["latency"]) == ("latency", 80)
            assert proxy.destroy_toxic("latency_downstream")
            assert proxy.toxics() == {}
            with pytest.raises(NotFound):
                proxy.destroy_toxic("latency_downstream")
            with pytest.raises(InvalidToxic):
                proxy.add_toxic(type="latency", attributes={"latency": "long"})
            with pytest.raises(InvalidToxic):
                proxy.add_toxic(type="unheard_of")
            with proxy.down():
                assert ended(connection)
                with pytest.raises(ConnectionRefusedError):
                    connected(proxy.listen)
        with connected(proxy.listen) as connection:
            asked(connection, b"back")
        more = [{"name": "redis", "upstream": upstream, "listen": proxy.listen}]
        assert library.populate(more) == []
        assert len(library.populate([{"name": "other", "upstream": upstream, "listen": ANY}])) == 1
        proxy.add_toxic(type="timeout", stream="upstream", attributes={"timeout": 0})
        assert library.reset()
        assert proxy.toxics() == {}
        assert library.destroy(proxy)
        library.destroy_all()
        assert library.proxies() == {}


def asked(connection: socket.socket, data: bytes) -> float:
    """Seconds until the bytes came back."""
    started_s = monotonic_s()
    connection.sendall(data)
    assert connection.recv(65536) == data
    return monotonic_s() - started_s


def ended(connection: socket.socket) -> bool:
    try:
        return connection.recv(1) == b""
    except ConnectionResetError:
        return True


def test_two_servers_are_steered_from_one_process_at_once_and_the_library_beside_them() -> None:
    async def scenario(first: Running, second: Running, third: Running) -> None:
        library = toxiproxy.Toxiproxy()
        library.update_api_consumer(third.host, third.port)
        async with ProxyControl(first.base_url) as one, ProxyControl(second.base_url) as two:
            for number in range(5):
                names = f"one{number}", f"two{number}", f"three{number}"
                await asyncio.gather(one.create(names[0], ANY, NOWHERE), two.create(names[1], ANY, NOWHERE))
                library.create(upstream=NOWHERE, name=names[2])
            await one.reset()
            assert set(library.proxies()) == {f"three{number}" for number in range(5)}
            assert b"version" in library.version()
            assert set(Server(first.base_url, 5.0).call(library.proxies)) == {f"one{number}" for number in range(5)}
            assert library.destroy(library.get_proxy("three0"))
            with pytest.raises(ProxyError, match="proxy not found"):
                await one.delete("two0")
            await two.delete("two0")

    with running() as first, running() as second, running() as third:
        asyncio.run(scenario(first, second, third))
