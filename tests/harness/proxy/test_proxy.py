"""Enabled, disabled, moved; toxicity drawn per connection, the same for the same seed; books that add up."""

import asyncio
import gc
import socket
from random import Random

import pytest

from harness.proxy.bodies import changed_proxy, changed_toxic, new_toxic
from harness.proxy.connection import Connection
from harness.proxy.errors import ApiError
from harness.proxy.proxy import Proxy
from harness.proxy.specs import ProxySpec, ToxicSpec
from harness.proxy.stage import Stage
from tests.harness.proxy.wires import Client, Wire, echo, wired


def test_disabled_is_refused_and_open_connections_are_reset() -> None:
    async def scenario() -> None:
        async with wired(echo) as wire:
            clients = [await wire.connect() for _ in range(3)]
            for client in clients:
                await client.ask(b"x")
            wire.proxy.disable()
            assert wire.proxy.traffic()["connections_open"] == 0
            assert wire.proxy.traffic()["connections_cut"] == 3
            for client in clients:
                with pytest.raises(ConnectionResetError):
                    await client.rest()
            with pytest.raises(ConnectionRefusedError):
                await wire.connect()
            before = wire.proxy.listen
            await wire.proxy.enable()
            assert wire.proxy.listen == before
            assert await (await wire.connect()).ask(b"back") == b"back"
            assert wire.proxy.traffic()["connections_accepted"] == 4

    asyncio.run(scenario())


def test_a_changed_upstream_is_where_new_connections_lead_and_old_ones_are_reset() -> None:
    async def scenario() -> None:
        async with wired(echo) as first, wired(echo) as second:
            client = await first.connect()
            await client.ask(b"x")
            await first.proxy.update(changed_proxy({"upstream": second.proxy.upstream}, first.proxy.spec()))
            with pytest.raises(ConnectionResetError):
                await client.rest()
            assert await (await first.connect()).ask(b"y") == b"y"
            assert second.arrived.qsize() == 1

    asyncio.run(scenario())


def test_an_upstream_moves_without_a_client_being_refused() -> None:
    async def scenario() -> None:
        async with wired(echo) as first, wired(echo) as second:
            listening = first.proxy._server
            for upstream in [second.proxy.upstream, first.proxy.upstream] * 5:
                connecting = asyncio.create_task(first.connect())
                await first.proxy.update(changed_proxy({"upstream": upstream}, first.proxy.spec()))
                await connecting
                assert await (await first.connect()).ask(b"y") == b"y"
            assert first.proxy._server is listening

    asyncio.run(scenario())


def test_an_address_that_is_the_same_by_another_name_is_no_move() -> None:
    """Toxiproxy says `127.0.0.1` to a client that said `localhost`, and the client says `localhost` again."""

    async def scenario() -> None:
        async with wired(echo) as wire:
            (client,) = await _having(wire, 1)
            port = wire.proxy.listen.rpartition(":")[2]
            assert await wire.proxy.listens_on(f"localhost:{port}")
            await wire.proxy.update(changed_proxy({"listen": f"localhost:{port}"}, wire.proxy.spec()))
            assert await client.ask(b"still") == b"still"
            assert not await wire.proxy.listens_on("localhost:1")

    asyncio.run(scenario())


def test_an_address_that_is_taken_changes_nothing() -> None:
    async def scenario() -> None:
        async with wired(echo) as wire:
            with socket.create_server(("127.0.0.1", 0)) as taken:
                there = f"127.0.0.1:{taken.getsockname()[1]}"
                client = await wire.connect()
                await client.ask(b"x")
                with pytest.raises(ApiError) as raised:
                    await wire.proxy.update(changed_proxy({"listen": there}, wire.proxy.spec()))
                assert raised.value.status == 500
                assert there in raised.value.message
                assert await client.ask(b"still") == b"still"

    asyncio.run(scenario())


def test_a_moved_listener_keeps_its_toxics_and_its_books() -> None:
    async def scenario() -> None:
        async with wired(echo) as wire:
            before = wire.proxy.listen
            await (await wire.connect()).ask(b"x")
            wire.toxic("latency", latency=1)
            with socket.create_server(("127.0.0.1", 0)) as free:
                there = f"127.0.0.1:{free.getsockname()[1]}"
            await wire.proxy.update(changed_proxy({"listen": there}, wire.proxy.spec()))
            assert wire.proxy.listen == there != before
            assert list(wire.proxy.toxics) == ["latency_downstream"]
            await (await wire.connect()).ask(b"y")
            assert wire.proxy.traffic()["upstream_passed"] == 2

    asyncio.run(scenario())


async def _answers(wire: Wire, connections: int) -> list[bool]:
    """Which of so many connections, one after the other, got an answer although the toxic closes those it gets."""
    answered = []
    for _ in range(connections):
        client = await wire.connect()
        try:
            await client.send(b"x")
            answered.append(await client.rest_of(1) == b"x")
        except ConnectionResetError:
            answered.append(False)
    return answered


@pytest.mark.parametrize("toxicity", [0.0, 0.5, 1.0])
def test_toxicity_is_drawn_per_connection_and_the_same_for_the_same_seed(toxicity: float) -> None:
    async def run(seed: int) -> list[bool]:
        async with wired(echo, seed=seed) as wire:
            wire.proxy.add_toxic(
                new_toxic({"type": "limit_data", "toxicity": toxicity, "attributes": {"bytes": 0}}),
            )
            return await _answers(wire, 24)

    first, again, other = (asyncio.run(run(seed)) for seed in (1, 1, 2))
    assert first == again
    if toxicity == 0.5:
        assert 0 < sum(first) < len(first)
        assert first != other
    else:
        assert set(first) == {toxicity == 0.0}


def test_toxics_that_have_gone_leave_no_task_and_no_stage() -> None:
    async def scenario() -> None:
        async with wired(echo) as wire:
            clients = await _having(wire, 3)
            before = len(asyncio.all_tasks())
            for number in range(300):
                kind = ("latency", "bandwidth", "slow_close", "packet_loss")[number % 4]
                wire.toxic(kind, name=f"t{number}", stream=("upstream", "downstream")[number % 2])
                await clients[number % 3].send(b"x")
                if number >= 3:
                    wire.proxy.remove_toxic(f"t{number - 3}")
            for name in list(wire.proxy.toxics):
                wire.proxy.remove_toxic(name)
            assert len(asyncio.all_tasks()) == before
            gc.collect()
            assert not [left for left in gc.get_objects() if isinstance(left, Stage)]

    asyncio.run(scenario())


async def _having(wire: Wire, count: int) -> list[Client]:
    """So many connections, one after the other, each established."""
    clients = []
    for _ in range(count):
        clients.append(client := await wire.connect())
        await client.ask(b"x")
    return clients


def _have(wire: Wire, toxic: str) -> set[int]:
    """The connections that got it."""
    return {row["id"] for row in wire.proxy.open_connections() if toxic in row["toxics"]}


def _half(name: str, kind: str = "slow_close") -> ToxicSpec:
    return new_toxic({"type": kind, "name": name, "toxicity": 0.5})


def test_other_toxics_do_not_roll_one_again() -> None:
    async def scenario() -> None:
        async with wired(echo) as wire:
            await _having(wire, 16)
            wire.proxy.add_toxic(_half("first"))
            before = _have(wire, "first")
            assert 0 < len(before) < 16
            for name in ("second", "third"):
                wire.proxy.add_toxic(_half(name))
            assert _have(wire, "first") == before != _have(wire, "second")
            wire.proxy.remove_toxic("second")
            wire.proxy.change_toxic(changed_toxic({"attributes": {"delay": 5}}, wire.proxy.toxic("third")))
            assert _have(wire, "first") == before

    asyncio.run(scenario())


def test_a_toxic_draws_the_same_with_and_without_one_behind_it() -> None:
    async def jitters(behind: bool) -> list[float]:
        async with wired(echo) as wire:
            spec = new_toxic({"type": "latency", "stream": "upstream", "attributes": {"latency": 5, "jitter": 5}})
            wire.proxy.add_toxic(spec)
            if behind:
                wire.proxy.add_toxic(_half("behind"))
                wire.proxy.add_toxic(_half("more", "latency"))
            await _having(wire, 1)
            (connection,) = wire.proxy._connections.values()
            chance = wire.proxy.chance(connection, wire.proxy.toxic("latency_upstream"), "shape")
            return [chance.random() for _ in range(5)]

    assert asyncio.run(jitters(False)) == asyncio.run(jitters(True))


def test_more_toxicity_adds_connections_and_less_takes_some_away() -> None:
    async def scenario() -> None:
        async with wired(echo) as wire:
            await _having(wire, 24)
            wire.proxy.add_toxic(_half("t"))
            had = {0.5: _have(wire, "t")}
            for toxicity in (0.8, 1.0, 0.2, 0.5, 0.0):
                wire.proxy.change_toxic(changed_toxic({"toxicity": toxicity}, wire.proxy.toxic("t")))
                if toxicity in had:
                    assert _have(wire, "t") == had[toxicity]
                had[toxicity] = _have(wire, "t")
            assert had[0.0] < had[0.2] < had[0.5] < had[0.8] < had[1.0]

    asyncio.run(scenario())


def test_what_a_toxic_does_to_a_connection_says_nothing_of_why_it_got_it() -> None:
    """One chance for both would give those that a half gets only the lower half of the jitter."""

    async def scenario() -> None:
        async with wired(echo) as wire:
            asked = []
            chance = wire.proxy.chance

            def noted(connection: Connection, toxic: ToxicSpec, what: str) -> Random:
                asked.append(what)
                return chance(connection, toxic, what)

            wire.proxy.chance = noted  # type: ignore[method-assign]
            body = {"type": "latency", "toxicity": 0.99, "attributes": {"latency": 1, "jitter": 1}}
            wire.proxy.add_toxic(new_toxic(body))
            await _having(wire, 1)
            assert asked == ["toxicity", "shape"]

    asyncio.run(scenario())


def test_a_toxic_given_again_is_drawn_again() -> None:
    async def scenario() -> None:
        async with wired(echo) as wire:
            await _having(wire, 24)
            seen = set()
            for _ in range(3):
                wire.proxy.add_toxic(_half("t"))
                seen.add(frozenset(_have(wire, "t")))
                wire.proxy.remove_toxic("t")
            assert len(seen) == 3

    asyncio.run(scenario())


def test_a_toxic_of_one_direction_leaves_the_other_alone() -> None:
    async def scenario() -> None:
        async with wired() as wire:
            wire.toxic("timeout", stream="upstream", timeout=0)
            client, server = await wire.pair()
            await client.send(b"unheard")
            await server.send(b"heard")
            assert await client.rest_of(5) == b"heard"
            await wire.until(lambda: wire.proxy.traffic()["upstream_withheld"] == 7)
            assert wire.proxy.traffic()["downstream_withheld"] == 0

    asyncio.run(scenario())


def test_a_changed_toxic_reaches_open_connections() -> None:
    async def scenario() -> None:
        async with wired(echo) as wire:
            client = await wire.connect()
            wire.toxic("latency", name="slow", latency=3_600_000)
            await client.send(b"held")
            wire.proxy.change_toxic(changed_toxic({"attributes": {"latency": 0}}, wire.proxy.toxic("slow")))
            assert await client.rest_of(4) == b"held"

    asyncio.run(scenario())


def test_the_books_of_a_connection_stand_when_it_has_ended() -> None:
    async def scenario() -> None:
        async with wired(echo) as wire:
            client = await wire.connect()
            await client.ask(b"12345")
            (row,) = wire.proxy.open_connections()
            assert row["client"] == "{}:{}".format(*client.writer.get_extra_info("sockname"))
            assert (row["upstream_passed"], row["downstream_passed"]) == (5, 5)
            assert (row["upstream_waiting"], row["downstream_withheld"], row["toxics"]) == (0, 0, [])
            assert wire.proxy.cut() == 1
            assert wire.proxy.open_connections() == []
            assert wire.proxy.traffic() == {
                "connections_open": 0,
                "connections_accepted": 1,
                "connections_cut": 1,
                "connections_refused": 0,
                "upstream_received": 5,
                "downstream_received": 5,
                "upstream_passed": 5,
                "downstream_passed": 5,
                "upstream_withheld": 0,
                "downstream_withheld": 0,
            }
            assert wire.proxy.cut() == 0

    asyncio.run(scenario())


def test_one_connection_is_cut_and_the_others_stay() -> None:
    async def scenario() -> None:
        async with wired(echo) as wire:
            first, second = await _having(wire, 2)
            number = wire.proxy.open_connections()[0]["id"]
            assert wire.proxy.cut(number) == 1
            with pytest.raises(ConnectionResetError):
                await first.rest()
            assert await second.ask(b"still") == b"still"
            with pytest.raises(ApiError, match="connection not found"):
                wire.proxy.cut(number)

    asyncio.run(scenario())


def test_a_name_that_is_taken_and_one_that_is_not_there_are_refused() -> None:
    proxy = Proxy(ProxySpec(name="p", listen="127.0.0.1:0", upstream="127.0.0.1:1"), seed=0)
    proxy.add_toxic(new_toxic({"type": "latency"}))
    with pytest.raises(ApiError) as taken:
        proxy.add_toxic(new_toxic({"type": "latency"}))
    assert taken.value.status == 409
    with pytest.raises(ApiError) as unknown:
        proxy.remove_toxic("other")
    assert unknown.value.status == 404
