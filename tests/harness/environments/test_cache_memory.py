"""What a real cache says of its memory is read as it is: used, limit, policy, evicted, refused."""

import asyncio
import contextlib

import pytest
import redis

from harness.environments.cache_memory import CacheMemory, memory_of
from tests.redis_process import CacheEnvironment, running_redis


def look(client: redis.Redis) -> CacheMemory:
    return asyncio.run(memory_of(CacheEnvironment(client), "cache"))


@pytest.mark.slow
def test_what_is_used_and_refused() -> None:
    with running_redis(maxmemory="6mb") as server:
        before = look(server.client)
        assert (before.limit_bytes, before.policy, before.refused_commands) == (6 * 1024**2, "noeviction", 0)
        server.client.set("k", b"x" * 1024**2)
        after = look(server.client)
        assert after.used_bytes - before.used_bytes >= 1024**2
        assert after.ratio == after.used_bytes / (6 * 1024**2)
        server.client.delete("k")
        gone = look(server.client)
        assert gone.used_bytes + 1024**2 <= after.used_bytes <= gone.peak_bytes
        for number in range(6):
            with contextlib.suppress(redis.ResponseError):
                server.client.set(f"k{number}", b"x" * 1024**2)
        assert look(server.client).refused_commands > 0


@pytest.mark.slow
def test_what_is_evicted() -> None:
    with running_redis(maxmemory="2mb", policy="allkeys-lru") as server:
        for number in range(40):
            server.client.set(f"k{number}", b"x" * 100_000)
        seen = look(server.client)
        assert (seen.policy, seen.evicted_keys > 20, seen.refused_commands) == ("allkeys-lru", True, 0)


def test_without_a_limit_no_share_of_it_is_used() -> None:
    memory = CacheMemory(
        used_bytes=9, peak_bytes=9, limit_bytes=0, policy="noeviction", evicted_keys=0, refused_commands=0
    )
    assert memory.ratio == 0.0
