"""Redis as a server: how a process connects to it, and what it says of its memory.

What is kept there is its callers' business, and so is what it means when it is gone or full.
"""

from dataclasses import dataclass
from typing import Any

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from system.settings import Settings


def make_redis(settings: Settings, *, timeout_s: float) -> redis.Redis:
    """A client for `settings.redis_url` that gives up after `timeout_s` and repeats nothing; connects on first use."""
    return redis.Redis.from_url(
        settings.redis_url,
        socket_timeout=timeout_s,
        socket_connect_timeout=timeout_s,
        retry=Retry(NoBackoff(), 0),
        protocol=2,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Memory:
    """What Redis says of its memory, in bytes; `limit_bytes` is 0 where there is none.

    `used_bytes` is what it holds against the limit. `evicted_keys` and `refused_commands` (for want of memory) are
    counted since it started.
    """

    used_bytes: int
    limit_bytes: int
    policy: str
    evicted_keys: int
    refused_commands: int

    @property
    def ratio(self) -> float | None:
        """The share of the limit that is used; None without a limit."""
        return self.used_bytes / self.limit_bytes if self.limit_bytes else None


def read_memory(client: Any) -> Memory:
    """Asks Redis, in three short questions; raises redis.RedisError or OSError."""
    memory, stats, errors = (client.info(section) for section in ("memory", "stats", "errorstats"))
    return Memory(
        used_bytes=int(memory["used_memory"]) - int(memory.get("mem_not_counted_for_evict", 0)),
        limit_bytes=int(memory.get("maxmemory", 0)),
        policy=str(memory.get("maxmemory_policy", "unknown")),
        evicted_keys=int(stats.get("evicted_keys", 0)),
        refused_commands=int(errors.get("errorstat_OOM", {}).get("count", 0)),
    )
