"""What a cache service says of its memory, asked past every proxy: for whoever fills it, and for whoever watches."""

from dataclasses import dataclass

from harness.environments.base import Cache


@dataclass(frozen=True, slots=True, kw_only=True)
class CacheMemory:
    """In bytes; `limit_bytes` is 0 where there is none. `peak_bytes` is the most that was ever in use, also between two
    looks. Evicted keys and refused commands (for want of memory) are counted since the server started.
    """

    used_bytes: int
    peak_bytes: int
    limit_bytes: int
    policy: str
    evicted_keys: int
    refused_commands: int

    @property
    def ratio(self) -> float:
        """The share of the limit that is used; 0 without a limit."""
        return self.used_bytes / self.limit_bytes if self.limit_bytes else 0.0


async def memory_of(cache: Cache, service: str) -> CacheMemory:
    """One look; raises EnvironmentFault when the server does not answer."""
    said = await cache.command(service, "INFO")
    return CacheMemory(
        used_bytes=int(said["used_memory"]) - int(said.get("mem_not_counted_for_evict", 0)),
        peak_bytes=int(said["used_memory_peak"]),
        limit_bytes=int(said["maxmemory"]),
        policy=str(said["maxmemory_policy"]),
        evicted_keys=int(said["evicted_keys"]),
        refused_commands=int(said.get("errorstat_OOM", {}).get("count", 0)),
    )
