"""Fill the memory of a cache service with keys, until it is as full as wanted, evicts, or refuses to write.

The keys are of a made-up past: their ages are spread evenly, and each has as much of its time to live left as its age
leaves it. They are written by short scripts on the server itself, which looks at its memory before a script and not
within one; so the last goes a little past the limit, and what is full stays full. Filling begins with the fault and
goes on while others look. Proof is what the server says: of its memory, of what it evicted since, or to a small write
of our own. Healing ends it and deletes every key that was written.
"""

import asyncio
import math
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Literal

from harness.clock import epoch_s
from harness.environments.base import Cache, Capability, CommandRefused, Environment, EnvironmentFault
from harness.environments.cache_memory import CacheMemory, memory_of
from harness.faults.base import Evidence, OfService, Witness, capability

_FIRST, _BATCH = 1_000, 5_000
"""Keys a script: the first tells how large one is, the others are as large as nobody has to wait for."""
_PAST_THE_LIMIT = 1.06
"""What is to be full is filled so far: at the limit itself, whatever buffer is let go makes room for another key."""
_KEYS_MAX = 1_000_000
_NUMBER, _AT = "{number}", "{at}"

# Ages walk through the whole span in steps that never fall together: number times the golden ratio, without its whole.
_WRITE = """
for number = tonumber(ARGV[3]), tonumber(ARGV[4]) do
  local age = tonumber(ARGV[6]) * ((number * 0.6180339887498949) % 1)
  local key = string.gsub(ARGV[1], '{number}', string.format('%d', number))
  local value = string.gsub(ARGV[2], '{number}', string.format('%d', number))
  value = string.gsub(value, '{at}', string.format('%.3f', tonumber(ARGV[5]) - age))
  redis.call('SET', key, value, 'PX', string.format('%d', (tonumber(ARGV[7]) - age) * 1000))
end
"""

_DELETE = """
for number = tonumber(ARGV[2]), tonumber(ARGV[3]) do
  redis.call('UNLINK', (string.gsub(ARGV[1], '{number}', string.format('%d', number))))
end
"""


@dataclass(frozen=True, slots=True)
class _FullWitness:
    cache: Cache
    fault: "FillMemory"
    before: CacheMemory

    async def evidence(self) -> Evidence:
        now = await memory_of(self.cache, self.fault.service)
        evicted = now.evicted_keys - self.before.evicted_keys
        share = now.used_bytes / self.before.limit_bytes
        facts = {"used_bytes": now.used_bytes, "of_former_limit": round(share, 3), "policy": now.policy}
        facts |= {"evicted_keys": evicted}
        if self.fault.shown_by == "memory":
            # It may fall a little once the buffers of those who wrote are gone: Redis keeps what it was at most.
            mark = self.fault.fill_to * self.before.limit_bytes
            peaked = now.peak_bytes >= mark > self.before.peak_bytes
            return Evidence(proof=share >= self.fault.fill_to or peaked, facts=facts)
        if self.fault.shown_by == "evictions":
            return Evidence(proof=evicted > 0, facts=facts)
        refused = await self._refuses()
        again = await memory_of(self.cache, self.fault.service)
        counted = again.refused_commands - now.refused_commands
        return Evidence(proof=refused and counted > 0, facts={**facts, "refuses": refused, "refusals_counted": counted})

    async def _refuses(self) -> bool:
        """Whether the server refuses to write one more key, for want of memory."""
        key = self.fault.key.replace(_NUMBER, "of-the-witness")
        try:
            await self.cache.command(self.fault.service, "SET", key, "1", "EX", 1)
        except CommandRefused as error:
            return "maxmemory" in str(error)
        await self.cache.command(self.fault.service, "UNLINK", key)
        return False


@dataclass(slots=True)
class _Filling:
    """Writes the keys of one fault, and deletes them again."""

    cache: Cache
    fault: "FillMemory"
    written: int = 0
    ended: bool = False

    async def fill(self) -> None:
        fault, bytes_a_key, evicted = self.fault, 0.0, 0
        before = now = await memory_of(self.cache, fault.service)
        wanted, goal = (min(fault.fill_to, most) * before.limit_bytes for most in (math.inf, _PAST_THE_LIMIT))
        while not self.ended and now.used_bytes < wanted and evicted < fault.evictions:
            if self.written > _KEYS_MAX:
                raise EnvironmentFault(f"{fault.service} is not full after {self.written} keys: {now}")
            count = _FIRST
            if bytes_a_key:
                left = fault.evictions - evicted if evicted else math.ceil((goal - now.used_bytes) / bytes_a_key)
                count = min(_BATCH, max(1, left))
            try:
                await self._write(count)
            except CommandRefused:
                return
            used_bytes, now = now.used_bytes, await memory_of(self.cache, fault.service)
            evicted = now.evicted_keys - before.evicted_keys
            bytes_a_key = max(0, now.used_bytes - used_bytes) / count or bytes_a_key

    async def _write(self, count: int) -> None:
        fault, first = self.fault, self.written + 1
        self.written += count
        words = (fault.key, fault.value, first, self.written, f"{epoch_s():.3f}")
        ages = (repr(fault.aged_up_to_s), repr(fault.ttl_s))
        await self.cache.command(fault.service, "EVAL", _WRITE, 0, *words, *ages)

    async def delete(self) -> None:
        for first in range(1, self.written + 1, _BATCH):
            last = min(first + _BATCH - 1, self.written)
            await self.cache.command(self.fault.service, "EVAL", _DELETE, 0, self.fault.key, first, last)


@dataclass(frozen=True, slots=True, kw_only=True)
class FillMemory(OfService):
    """`service` is filled with keys called `key`, with `value`, until `fill_to` of its limit is used.

    `key` holds `{number}`; `value` may hold it too, and `{at}`, when the key is said to have been written, in seconds
    since 1970: up to `aged_up_to_s` ago, of a time to live of `ttl_s`. It ends before that when the server refuses
    more, or has evicted so many keys as `evictions` says. `shown_by` is what shows that it bit: the memory that is
    used, keys that were evicted, or a write that is refused.
    """

    key: str
    value: str
    ttl_s: float
    aged_up_to_s: float = 0.0
    fill_to: float = 2.0
    evictions: int = 1
    shown_by: Literal["memory", "evictions", "refusals"] = "memory"

    @property
    def name(self) -> str:
        return "fill memory"

    @property
    def needs(self) -> frozenset[Capability]:
        return frozenset({Capability.CACHE})

    def __post_init__(self) -> None:
        if _NUMBER not in self.key:
            raise ValueError(f"FillMemory({self.service}): its key is to hold {_NUMBER}, not {self.key!r}")
        if not 0 <= self.aged_up_to_s < self.ttl_s or self.fill_to <= 0 or self.evictions < 1:
            raise ValueError(
                f"FillMemory({self.service}): wants fill_to over 0, at least one eviction, and ages below ttl_s"
            )

    async def watch(self, environment: Environment) -> Witness:
        cache = capability(environment, Cache)
        before = await memory_of(cache, self.service)
        if not before.limit_bytes:
            raise EnvironmentFault(f"{self.service} has no limit of memory to be filled: give it its option maxmemory")
        return _FullWitness(cache, self, before)

    @asynccontextmanager
    async def apply(self, environment: Environment) -> AsyncIterator[None]:
        filling = _Filling(capability(environment, Cache), self)
        task = asyncio.create_task(filling.fill(), name=f"{self.name} of {self.service}")
        try:
            yield
        finally:
            # Not cancelled: a script that is under way would write its keys after they had been deleted.
            filling.ended = True
            await asyncio.wait([task])
            await filling.delete()
            task.result()
