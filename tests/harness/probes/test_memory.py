"""The memory of a cache is written down as the cache says it, with the share of its limit."""

import asyncio

import pytest

from harness.clock import Clock
from harness.history import History
from harness.probes import MemoryProbe
from tests.redis_process import CacheEnvironment, running_redis
from tests.toy import ToyEnvironment


@pytest.mark.slow
def test_a_look_is_an_event() -> None:
    history = History()
    with running_redis(maxmemory="4mb") as server:
        environment = CacheEnvironment(server.client)
        asyncio.run(MemoryProbe(service="cache").observe(environment, history, Clock()))
    (event,) = history.where(action="memory")
    assert event.actor == "probe cache"
    assert (event.value["limit_bytes"], event.value["limit_mb"]) == (4 * 1024**2, 4)
    assert event.value["ratio"] == pytest.approx(event.value["used_bytes"] / event.value["limit_bytes"], abs=0.001)
    assert (event.value["evicted_keys"], event.value["refused_commands"]) == (0, 0)
    assert event.to_json()


def test_where_there_is_no_cache_nothing_is_seen() -> None:
    with pytest.raises(TypeError, match="cannot look into cache"):
        asyncio.run(MemoryProbe(service="cache").observe(ToyEnvironment(), History(), Clock()))
