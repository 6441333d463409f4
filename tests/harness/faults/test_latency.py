"""Latency is proved by a stopwatch."""

import asyncio

import pytest

from harness.faults import Evidence, Fault, Latency
from tests.harness.faults.injecting import LINK, with_server
from tests.toy import ToyEnvironment


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

            return await with_server(slow_s, linked)

        return await with_server(0.0, direct)

    assert asyncio.run(measure()).proof is proof


@pytest.mark.parametrize(("latency_ms", "jitter_ms"), [(0, 0), (-1, 0), (10, 11)])
def test_latency_refuses_what_makes_no_sense(latency_ms: int, jitter_ms: int) -> None:
    with pytest.raises(ValueError, match="latency_ms above 0"):
        Latency(link=LINK, latency_ms=latency_ms, jitter_ms=jitter_ms)
