"""What Redis says of its memory in a replay: what the trace has it say, and no limit before that.

The keys that ingest keeps are elsewhere (`memory_redis`), and take no room.
"""

from typing import Any

from system.replay.trace import ReplayRedis


class RedisSays:
    """Answers the questions of `redis_server.read_memory`."""

    def __init__(self) -> None:
        self.memory = ReplayRedis(used=0, limit=0)

    def info(self, section: str) -> dict[str, Any]:
        """One section, as far as anybody reads it; the others are empty."""
        if section == "memory":
            return {
                "used_memory": self.memory.used,
                "mem_not_counted_for_evict": self.memory.not_counted,
                "maxmemory": self.memory.limit,
                "maxmemory_policy": self.memory.policy,
            }
        return {"evicted_keys": self.memory.evicted_keys} if section == "stats" else {}
