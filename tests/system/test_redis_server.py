"""A client that gives up quickly; and what a real server says of its memory."""

import pytest

from system.redis_server import Memory, make_redis, read_memory
from system.settings import Settings
from tests.redis_process import running_redis


def test_the_client_gives_up_quickly_and_repeats_nothing() -> None:
    client = make_redis(Settings(redis_url="redis://127.0.0.1:1/0"), timeout_s=0.2)
    options = client.connection_pool.connection_kwargs
    assert options["socket_timeout"] == options["socket_connect_timeout"] == 0.2
    assert options["retry"].get_retries() == 0


def test_without_a_limit_there_is_no_share_of_it() -> None:
    memory = Memory(used_bytes=5, limit_bytes=0, policy="noeviction", evicted_keys=0, refused_commands=0)
    assert memory.ratio is None


@pytest.mark.slow
def test_a_server_tells_its_memory() -> None:
    with running_redis(maxmemory="6mb", policy="allkeys-lru") as server:
        client = make_redis(Settings(redis_url=server.url), timeout_s=5)
        try:
            empty = read_memory(client)
            client.set("k", b"x" * 1024**2)
            used = read_memory(client)
        finally:
            client.close()
    assert (empty.limit_bytes, empty.policy, empty.evicted_keys, empty.refused_commands) == (
        *(6 * 1024**2, "allkeys-lru"),
        *(0, 0),
    )
    assert used.used_bytes - empty.used_bytes >= 1024**2
    assert used.ratio == used.used_bytes / (6 * 1024**2)
