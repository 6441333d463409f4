"""`ProxyControl` against both fault proxies: everything the engine asks of it, and errors that say what went wrong."""

import asyncio
import dataclasses
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import pytest

from harness.environments.base import LinkTraffic
from harness.proxy.client import NotSupported, ProxyControl, ProxyError, ProxyTraffic
from tests.harness.proxy.servers import Running, running, running_toxiproxy
from tests.harness.proxy.wires import LIMIT_S, Client, close, echo

LINK = "replica->primary"
ANY = "127.0.0.1:0"
NOWHERE = "127.0.0.1:1"


@asynccontextmanager
async def echoing() -> AsyncIterator[str]:
    """The address of a server that sends everything back."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await echo(reader, writer)
        finally:
            await close(writer)

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    yield f"127.0.0.1:{server.sockets[0].getsockname()[1]}"
    server.close()


@asynccontextmanager
async def connected(listen: str) -> AsyncIterator[Client]:
    host, port = listen.split(":")
    client = Client(*await asyncio.open_connection(host, int(port)))
    yield client
    await close(client.writer)


def controlling(server: Running, test: Callable[[ProxyControl], Awaitable[None]]) -> None:
    async def scenario() -> None:
        async with ProxyControl(server.base_url) as control:
            await test(control)

    asyncio.run(scenario())


async def silence(control: ProxyControl) -> None:
    await control.add_toxic(LINK, name="t", kind="timeout", stream="downstream", attributes={"timeout": 0})


async def ended(client: Client) -> bool:
    try:
        return await client.rest() == b""
    except ConnectionResetError:
        return True


def test_everything_that_is_asked_is_done(server: Running) -> None:
    async def test(control: ProxyControl) -> None:
        assert await control.version() == "2.12.0"
        listen = await control.create(LINK, ANY, NOWHERE)
        async with echoing() as upstream:
            await control.set_upstream(LINK, upstream)
            async with connected(listen) as client:
                assert await client.ask(b"hello") == b"hello"
                await silence(control)
                await client.send(b"lost")
                await control.remove_toxic(LINK, "t")
                assert await ended(client)
            async with connected(listen) as client:
                assert await client.ask(b"again") == b"again"
                await control.set_enabled(LINK, False)
                assert await ended(client)
            with pytest.raises(ConnectionRefusedError):
                await asyncio.open_connection(*listen.split(":"))
            await control.set_enabled(LINK, True)
            await silence(control)
            await control.reset()
            async with connected(listen) as client:
                assert await client.ask(b"back") == b"back"
            await control.delete(LINK)
        with pytest.raises(ProxyError, match="proxy not found"):
            await control.set_enabled(LINK, True)

    controlling(server, test)


def test_many_are_made_in_one_request(server: Running) -> None:
    async def test(control: ProxyControl) -> None:
        wanted = [{"name": name, "listen": ANY, "upstream": NOWHERE} for name in ("a", "b")]
        made = await control.populate(wanted)
        assert set(made) == {"a", "b"}
        assert await control.populate([]) == {}
        with pytest.raises(ProxyError, match=r"500.*address already in use"):
            await control.populate([{"name": "c", "listen": made["a"], "upstream": NOWHERE}])
        with pytest.raises(ProxyError, match="lacks listen"):
            await control.populate([{"name": "d", "upstream": NOWHERE}])

    controlling(server, test)


@pytest.mark.parametrize("name", ["replica->primary", "a b", "50%", "a?b#c", "ü"])
def test_a_name_is_a_name_whatever_is_in_it(server: Running, name: str) -> None:
    async def test(control: ProxyControl) -> None:
        await control.create(name, ANY, NOWHERE)
        await control.add_toxic(name, name=name, kind="latency", stream="upstream", attributes={"latency": 1})
        await control.remove_toxic(name, name)
        await control.set_upstream(name, "127.0.0.1:2")
        await control.delete(name)

    controlling(server, test)


def test_errors_say_what_was_asked_and_what_came_back(server: Running) -> None:
    async def test(control: ProxyControl) -> None:
        listen = await control.create("a", ANY, NOWHERE)
        with pytest.raises(ProxyError) as raised:
            await control.add_toxic("a", name="t", kind="lag", stream="upstream", attributes={"latency": 1})
        for part in ("POST", "/proxies/a/toxics", "'latency': 1", "400", "invalid toxic type"):
            assert part in str(raised.value)
        with pytest.raises(ProxyError, match=r"POST .*/proxies .*answered 500: .*address already in use"):
            await control.create("b", listen, NOWHERE)
        with pytest.raises(ProxyError, match="This proxy already exists"):
            await control.create("a", ANY, NOWHERE)

    controlling(server, test)


def test_connections_are_counted_and_cut() -> None:
    async def test(control: ProxyControl) -> None:
        async with echoing() as upstream, connected(await control.create(LINK, ANY, upstream)) as client:
            await client.ask(b"hello")
            await silence(control)
            await client.send(b"lost")
            async with asyncio.timeout(LIMIT_S):
                while (await control.connections(LINK)).downstream_withheld < 4:
                    await asyncio.sleep(0.01)
            assert (await control.connections(LINK)).connections_open == 1
            assert await control.cut(LINK) == 1
            with pytest.raises(ConnectionResetError):
                await client.rest()

    with running() as server:
        controlling(server, test)


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_toxiproxy_itself_does_not_tell_of_connections() -> None:
    async def test(control: ProxyControl) -> None:
        await control.create(LINK, ANY, NOWHERE)
        with pytest.raises(NotSupported):
            await control.connections(LINK)
        with pytest.raises(NotSupported):
            await control.cut(LINK)

    with running_toxiproxy() as server:
        controlling(server, test)


def test_nothing_of_the_environment_applies(monkeypatch: pytest.MonkeyPatch) -> None:
    async def test(control: ProxyControl) -> None:
        assert await control.version()

    with running() as server:
        for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY"):
            monkeypatch.setenv(name, "http://127.0.0.1:1")
        controlling(server, test)


def test_no_answer_is_an_error_and_not_a_wait() -> None:
    async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()
        await close(writer)

    async def nonsense(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\nConnection: close\r\n\r\nwhat")
        await writer.drain()
        await close(writer)

    async def scenario() -> None:
        for handler, said in ((silent, r"GET .*/version: no answer"), (nonsense, "answered otherwise than expected")):
            server = await asyncio.start_server(handler, "127.0.0.1", 0)
            port = server.sockets[0].getsockname()[1]
            async with ProxyControl(f"http://127.0.0.1:{port}", timeout_s=0.5) as control:
                with pytest.raises(ProxyError, match=said):
                    await control.version()
            server.close()
        with socket.create_server(("127.0.0.1", 0)) as gone:
            port = gone.getsockname()[1]
        async with ProxyControl(f"http://127.0.0.1:{port}") as control:
            with pytest.raises(ProxyError, match="no answer"):
                await control.cut("a->b")

    asyncio.run(scenario())


def test_traffic_has_the_shape_that_environments_give_on() -> None:
    assert [field.name for field in dataclasses.fields(ProxyTraffic)] == [
        field.name for field in dataclasses.fields(LinkTraffic)
    ]
