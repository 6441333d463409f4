"""Memory that is filled is proved by what the server says, whatever was written; and every key goes again."""

import asyncio
import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest

from harness.clock import Deadline, epoch_s, sleep_s
from harness.environments.base import EnvironmentFault
from harness.environments.cache_memory import memory_of
from harness.faults import Evidence, Fault, FillMemory, Noop
from tests.redis_process import CacheEnvironment, running_redis

FULL = FillMemory(
    service="cache",
    key="fill:{number}",
    value='{"number": {number}, "at": {at}}',
    ttl_s=1000.0,
    aged_up_to_s=900.0,
    shown_by="refusals",
)
Start = Callable[..., CacheEnvironment]


@pytest.fixture
def start() -> Iterator[Start]:
    """Starts caches of 4 MB; each is ended with the test."""
    running: list[Any] = []

    def begin(policy: str = "noeviction", maxmemory: str = "4mb") -> CacheEnvironment:
        running.append(running_redis(policy=policy, maxmemory=maxmemory))
        return CacheEnvironment(running[-1].__enter__().client)

    yield begin
    for one in running:
        one.__exit__(None, None, None)


def proved(fault: Fault, environment: CacheEnvironment, within_s: float = 30.0) -> Evidence:
    """The evidence once it is proof, or when the time is over; the fault is healed again."""

    async def inject() -> Evidence:
        witness = await fault.watch(environment)
        async with fault.apply(environment):
            deadline = Deadline(within_s)
            evidence = await witness.evidence()
            while not evidence.proof and not deadline.passed:
                await sleep_s(0.005)
                evidence = await witness.evidence()
            return evidence

    return asyncio.run(inject())


@pytest.mark.slow
def test_one_that_evicts_nothing_is_full_when_it_refuses_to_write(start: Start) -> None:
    environment = start()
    environment.client.set("mine", "1")
    evidence = proved(FULL, environment)
    assert evidence.proof
    assert evidence.facts["refuses"]
    assert evidence.facts["evicted_keys"] == 0
    assert environment.client.keys() == [b"mine"]


@pytest.mark.slow
def test_one_that_evicts_is_full_when_it_has_evicted(start: Start) -> None:
    environment = start("allkeys-lru")
    environment.client.set("mine", "1")
    evidence = proved(replace(FULL, evictions=3_000, shown_by="evictions"), environment)
    assert evidence.proof
    assert evidence.facts["evicted_keys"] > 0
    assert set(environment.client.keys()) <= {b"mine"}


@pytest.mark.slow
def test_it_stops_where_it_is_told_to(start: Start) -> None:
    environment = start()
    evidence = proved(replace(FULL, fill_to=0.6, shown_by="memory"), environment)
    assert evidence.proof
    assert 0.6 <= evidence.facts["of_former_limit"] < 0.65


@pytest.mark.slow
def test_nobody_sees_it_bite_when_nothing_is_written(start: Start) -> None:
    refusing, evicting, used = FULL, replace(FULL, shown_by="evictions"), replace(FULL, shown_by="memory")
    for policy, fault in (("noeviction", refusing), ("allkeys-lru", evicting), ("noeviction", used)):
        environment = start(policy)
        assert not proved(Noop(instead_of=fault), environment, within_s=0.05).proof
        assert environment.client.keys() == []


@pytest.mark.slow
def test_the_keys_are_of_every_age_and_live_as_long_as_their_age_leaves_them(start: Start) -> None:
    environment = start()

    async def inject() -> dict[bytes, tuple[Any, int]]:
        fault = replace(FULL, fill_to=0.5, shown_by="memory")
        witness = await fault.watch(environment)
        async with fault.apply(environment):
            while not (await witness.evidence()).proof:
                await sleep_s(0.005)
            client = environment.client
            return {name: (client.get(name), client.ttl(name)) for name in client.keys("fill:*")}

    keys = asyncio.run(inject())
    numbers, ages = [], []
    for name, (value, ttl_s) in keys.items():
        read = json.loads(value)
        numbers.append(read["number"])
        assert name == b"fill:%d" % read["number"]
        ages.append(epoch_s() - read["at"])
        assert ages[-1] + ttl_s == pytest.approx(1000, abs=30)
    assert sorted(numbers) == list(range(1, len(keys) + 1))
    for part in range(9):
        share = sum(part * 100 <= age < (part + 1) * 100 for age in ages) / len(ages)
        assert share == pytest.approx(1 / 9, abs=0.05)


@pytest.mark.slow
def test_a_cache_without_a_limit_cannot_be_filled(start: Start) -> None:
    with pytest.raises(EnvironmentFault, match="give it its option maxmemory"):
        asyncio.run(FULL.watch(start(maxmemory="0")))


@pytest.mark.slow
def test_what_stops_it_is_told_when_it_is_healed(start: Start) -> None:
    """A cache that dies under it: the drill writes down that healing failed, and nothing hangs."""
    with running_redis() as server:
        environment = CacheEnvironment(server.client)

        async def inject() -> None:
            async with FULL.apply(environment):
                await memory_of(environment, "cache")
                server.kill()

        with pytest.raises(Exception, match="onnect"):
            asyncio.run(inject())


@pytest.mark.parametrize(
    "changes",
    [{"key": "fill"}, {"fill_to": 0}, {"evictions": 0}, {"aged_up_to_s": 1000.0}, {"aged_up_to_s": -1.0}],
)
def test_what_cannot_be_meant_is_refused_when_declared(changes: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"FillMemory\(cache\)"):
        replace(FULL, **changes)
