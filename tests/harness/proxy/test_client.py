"""`ProxyControl` against the running process, through everything the engine asks of it."""

import asyncio
import dataclasses

import pytest

from harness.environments.base import LinkTraffic
from harness.proxy.client import ProxyControl, ProxyError, ProxyTraffic
from tests.harness.proxy.running import running
from tests.harness.proxy.wires import LIMIT_S, close, echo

LINK = "replica->primary"


async def _echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        await echo(reader, writer)
    finally:
        await close(writer)


def test_everything_that_is_asked_is_done() -> None:
    async def scenario(base_url: str) -> None:
        server = await asyncio.start_server(_echo, "127.0.0.1", 0)
        upstream = f"127.0.0.1:{server.sockets[0].getsockname()[1]}"
        async with ProxyControl(base_url) as control:
            assert await control.version()
            listen = await control.create(LINK, "127.0.0.1:0", "127.0.0.1:1")
            await control.set_upstream(LINK, upstream)
            host, port = listen.split(":")
            reader, writer = await asyncio.open_connection(host, int(port))
            writer.write(b"hello")
            await asyncio.wait_for(reader.readexactly(5), LIMIT_S)
            await control.add_toxic(LINK, name="t", kind="timeout", stream="downstream", attributes={"timeout": 0})
            writer.write(b"lost")
            async with asyncio.timeout(LIMIT_S):
                while (await control.connections(LINK)).downstream_withheld < 4:
                    await asyncio.sleep(0.01)
            assert (await control.connections(LINK)).connections_open == 1
            await control.remove_toxic(LINK, "t")
            assert await asyncio.wait_for(reader.read(), LIMIT_S) == b""
            await close(writer)
            reader, writer = await asyncio.open_connection(host, int(port))
            writer.write(b"again")
            await asyncio.wait_for(reader.readexactly(5), LIMIT_S)
            assert await control.cut(LINK) == 1
            with pytest.raises(ConnectionResetError):
                await asyncio.wait_for(reader.read(), LIMIT_S)
            await close(writer)
            await control.set_enabled(LINK, False)
            with pytest.raises(ConnectionRefusedError):
                await asyncio.open_connection(host, int(port))
            await control.reset()
            _, writer = await asyncio.open_connection(host, int(port))
            await close(writer)
            await control.delete(LINK)
            with pytest.raises(ProxyError, match="proxy not found"):
                await control.connections(LINK)
        server.close()

    with running() as proxy:
        asyncio.run(scenario(proxy.base_url))


def test_errors_say_what_was_asked_and_what_came_back() -> None:
    async def scenario(base_url: str) -> None:
        async with ProxyControl(base_url) as control:
            await control.create("a", "127.0.0.1:0", "127.0.0.1:1")
            with pytest.raises(ProxyError) as raised:
                await control.add_toxic("a", name="t", kind="latency", stream="upstream", attributes={"latncy": 1})
            for part in ("POST", "/proxies/a/toxics", "'latncy': 1", "400", "has no attribute 'latncy'"):
                assert part in str(raised.value)

    with running() as proxy:
        asyncio.run(scenario(proxy.base_url))


def test_no_answer_is_an_error_and_not_a_wait() -> None:
    async def scenario() -> None:
        async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await reader.read()
            await close(writer)

        server = await asyncio.start_server(silent, "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        async with ProxyControl(f"http://127.0.0.1:{port}", timeout_s=0.05) as control:
            with pytest.raises(ProxyError, match=r"GET .*/version: no answer"):
                await control.version()
        server.close()
        async with ProxyControl("http://127.0.0.1:1") as control:
            with pytest.raises(ProxyError, match="no answer"):
                await control.cut("a->b")

    asyncio.run(scenario())


def test_traffic_has_the_shape_that_environments_give_on() -> None:
    assert [field.name for field in dataclasses.fields(ProxyTraffic)] == [
        field.name for field in dataclasses.fields(LinkTraffic)
    ]
