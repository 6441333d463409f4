"""Each fault does its wrong, is seen from outside to have bitten or not, and is healed; on a toy environment."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace

import pytest

from harness.environments.base import Environment
from harness.faults import FAULTS, Evidence, Fault, Kill, Latency, MissingCapability, Noop, Partition, Pause, Withhold
from tests.toy import ToyEnvironment

LINK = "clients->shop"


def injected(fault: Fault, environment: ToyEnvironment, then: Callable[[], None] = lambda: None) -> Evidence:
    """The evidence while the fault stands; `then` happens once it is applied."""

    async def inject() -> Evidence:
        witness = await fault.watch(environment)
        async with fault.apply(environment):
            then()
            return await witness.evidence()

    return asyncio.run(inject())


def test_every_fault_of_the_list_is_there_once_and_has_its_own_name() -> None:
    assert len(set(FAULTS)) == len(FAULTS)


def test_kill_is_proved_by_the_death_of_that_very_process_and_heals_by_starting_it() -> None:
    environment = ToyEnvironment()
    assert injected(Kill(service="shop"), environment).proof
    assert environment.log == ["kill shop", "start shop"]


def test_kill_is_not_proved_by_a_process_that_lives() -> None:
    environment = ToyEnvironment()

    async def blunt(service: str) -> object:
        return environment.process(service)

    environment.kill = blunt  # type: ignore[method-assign,assignment]
    assert not injected(Kill(service="shop"), environment).proof


def test_kill_leaves_the_service_dead_when_told_to() -> None:
    environment = ToyEnvironment()
    injected(Kill(service="shop", restart=False), environment)
    assert environment.state == "dead"


def test_kill_does_not_start_what_somebody_else_has_started() -> None:
    environment = ToyEnvironment()

    def somebody_starts_it() -> None:
        environment.state, environment.ticks = "running", 2

    injected(Kill(service="shop"), environment, somebody_starts_it)
    assert environment.log == ["kill shop"]


def test_pause_is_proved_by_the_state_of_the_process_and_is_continued() -> None:
    environment = ToyEnvironment()
    assert injected(Pause(service="shop"), environment).proof
    assert environment.log == ["pause shop", "resume shop"]


def test_pause_does_not_continue_what_has_died_meanwhile() -> None:
    environment = ToyEnvironment()

    def dies() -> None:
        environment.state = "dead"

    assert not injected(Pause(service="shop"), environment, dies).proof
    assert environment.log == ["pause shop"]


@pytest.mark.parametrize("stream", ["upstream", "downstream"])
def test_withhold_is_proved_by_bytes_kept_in_its_own_direction(stream: str) -> None:
    environment = ToyEnvironment()

    def keep(upstream: int, downstream: int) -> Callable[[], None]:
        def kept() -> None:
            environment.link_traffic = replace(
                environment.link_traffic, upstream_withheld=upstream, downstream_withheld=downstream
            )

        return kept

    fault = Withhold(link=LINK, stream=stream)  # type: ignore[arg-type]
    other = (0, 9) if stream == "upstream" else (9, 0)
    assert not injected(fault, environment, keep(*other)).proof
    assert injected(fault, ToyEnvironment(), lambda: None).proof is False
    own = (7, 9) if stream == "upstream" else (9, 7)
    assert injected(fault, environment, keep(*own)).proof
    assert environment.toxics == {}


async def _with_server(answer_after_s: float, use: Callable[[tuple[str, int]], Awaitable[Evidence]]) -> Evidence:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if await reader.read(1):
            await asyncio.sleep(answer_after_s)
            writer.write(b"HTTP/1.0 200 OK\r\n\r\n")
        writer.transport.abort()

    async with await asyncio.start_server(serve, "127.0.0.1", 0) as server:
        evidence = await use(server.sockets[0].getsockname()[:2])
        await asyncio.sleep(0.01)  # one turn for the connection that was just aborted
        return evidence


@pytest.mark.parametrize(("slow_s", "proof"), [(0.2, True), (0.0, False)])
def test_latency_is_proved_by_a_stopwatch_and_not_by_the_toxic(slow_s: float, proof: bool) -> None:
    """The link answers later than the service itself; a toxic that was set and does nothing proves nothing."""

    async def measure() -> Evidence:
        async def direct(past: tuple[str, int]) -> Evidence:
            async def linked(through: tuple[str, int]) -> Evidence:
                environment = ToyEnvironment(addresses={"shop": past, LINK: through})
                fault: Fault = Latency(link=LINK, latency_ms=200)
                witness = await fault.watch(environment)
                async with fault.apply(environment):
                    assert environment.toxics
                    return await witness.evidence()

            return await _with_server(slow_s, linked)

        return await _with_server(0.0, direct)

    assert asyncio.run(measure()).proof is proof


@pytest.mark.parametrize(("latency_ms", "jitter_ms"), [(0, 0), (-1, 0), (10, 11)])
def test_latency_refuses_what_makes_no_sense(latency_ms: int, jitter_ms: int) -> None:
    with pytest.raises(ValueError, match="latency_ms above 0"):
        Latency(link=LINK, latency_ms=latency_ms, jitter_ms=jitter_ms)


def test_partition_is_not_proved_while_connections_pass() -> None:
    """A partition that only denies new connections, or none at all, is no partition."""

    async def measure(address: tuple[str, int]) -> Evidence:
        environment = ToyEnvironment(addresses={LINK: address})
        fault = Partition(link=LINK)
        witness = await fault.watch(environment)
        async with fault.apply(environment):
            return await witness.evidence()

    assert not asyncio.run(_with_server(0.0, measure)).proof


def test_partition_is_proved_by_a_refused_connection_and_none_left_open() -> None:
    environment = ToyEnvironment(addresses={LINK: ("127.0.0.1", 1)})
    assert injected(Partition(link=LINK), environment).proof
    assert environment.log == [f"disable {LINK}", f"enable {LINK}"]
    environment.link_traffic = replace(environment.link_traffic, connections_open=1)
    assert not injected(Partition(link=LINK), environment).proof


@pytest.mark.parametrize("fault", [Kill(service="shop"), Pause(service="shop"), Withhold(link=LINK)])
def test_noop_does_nothing_and_is_seen_not_to_bite(fault: Fault) -> None:
    environment = ToyEnvironment()
    idle = Noop(instead_of=fault)
    assert not injected(idle, environment).proof
    assert environment.log == []
    assert (idle.target, idle.needs) == (fault.target, fault.needs)


def test_an_environment_that_lacks_the_capability_says_so() -> None:
    class Bare:
        name = "bare"

    async def watch(environment: Environment) -> None:
        await Kill(service="shop").watch(environment)

    with pytest.raises(MissingCapability, match="the bare environment has no capability processes"):
        asyncio.run(watch(Bare()))  # type: ignore[arg-type]
