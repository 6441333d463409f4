"""What a drill looks at of Redis in the freight world: the idempotency keys and their ages, and what ingest counts.

Keys of partners that send are named one by one; of the others, which may be very many, only how many there are.
"""

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from itertools import islice
from typing import Any

from harness.clock import Clock, epoch_s
from harness.environments.base import Cache, Capability, Environment, Processes
from harness.environments.cache_memory import memory_of
from harness.faults.base import capability
from harness.history import History, Kind
from harness.probes import MetricsProbe, SqlProbe
from scenarios.world.probes import acknowledged

PREFIX = "idempotency:"
_BATCH = 500

# One page of all keys: their ages counted, and those named that a partner has sent.
_LOOK = """
local young_s, now_s, partners = tonumber(ARGV[2]), tonumber(ARGV[3]), ARGV[4]
local page = redis.call('SCAN', ARGV[5], 'MATCH', ARGV[1] .. '*', 'COUNT', 2000)
local old, young, sent = 0, 0, {}
for _, key in ipairs(page[2]) do
  local value = redis.call('GET', key)
  local at_s = value and tonumber(string.match(value, '"at": ?([0-9.]+)'))
  if at_s then
    if now_s - at_s < young_s then young = young + 1 else old = old + 1 end
    if string.sub(key, 1, #partners) == partners then
      sent[#sent + 1] = {key, redis.call('PTTL', key)}
    end
  end
end
return {page[1], old, young, sent}
"""

INGEST_COUNTS = MetricsProbe(
    name="ingest",
    service="ingest",
    samples=(
        ("repeats_past_redis", 'ingest_repeats_total{told_by="database"}'),
        ("keys_refused", 'ingest_redis_troubles_total{kind="refused"}'),
    ),
)


def operator_actions(service: str) -> SqlProbe:
    """The audit of what operators did, in one database, the oldest first."""
    sql = "SELECT who, command, what, why FROM freight.operator_actions ORDER BY at"
    return SqlProbe(name="operator_actions", service=service, sql=sql, json_columns=("what",))


@dataclass(frozen=True, slots=True, kw_only=True)
class KeysProbe:
    """The idempotency keys, as an event called `name`.

    `sent` holds the seconds to live that a key has left, for each key of a partner whose id begins with `partners`;
    `old` and `young` count all keys, by whether they are older than `young_s`. With it stand the keys that Redis has
    evicted so far, and what tells this life of Redis and of ingest from another.
    """

    name: str
    young_s: float
    partners: str = "P1"
    service: str = "redis"
    every_s: float = 0.2

    @property
    def needs(self) -> frozenset[Capability]:
        return frozenset({Capability.CACHE, Capability.PROCESSES})

    async def observe(self, environment: Environment, history: History, clock: Clock) -> None:
        cache = capability(environment, Cache)
        asked = (PREFIX, repr(self.young_s), f"{epoch_s():.3f}", PREFIX + self.partners)
        sent: dict[str, float] = {}
        old = young = 0
        cursor = b"0"
        while True:
            cursor, more_old, more_young, named = await cache.command(self.service, "EVAL", _LOOK, 0, *asked, cursor)
            old, young = old + int(more_old), young + int(more_young)
            sent.update({key.decode().removeprefix(PREFIX): left_ms / 1000 for key, left_ms in named})
            if cursor == b"0":
                break
        value: dict[str, Any] = {"sent": sent, "old": old, "young": young}
        value["evicted_keys"] = (await memory_of(cache, self.service)).evicted_keys
        value["redis"] = (await cache.command(self.service, "INFO", "server"))["run_id"]
        value["ingest"] = asdict(capability(environment, Processes).process("ingest"))
        history.append(actor=f"probe {self.service}", kind=Kind.PROBE, action=self.name, value=value)


@dataclass(frozen=True, slots=True, kw_only=True)
class EarlyLossProbe:
    """How many signals were acknowledged in this run and have no key: none is old enough for that to be right.

    A gauge called `early_loss`, with `keys`, of `signals` that were acknowledged.
    """

    service: str = "redis"
    every_s: float = 0.2

    @property
    def name(self) -> str:
        return "early_loss"

    @property
    def needs(self) -> frozenset[Capability]:
        return frozenset({Capability.CACHE})

    async def observe(self, environment: Environment, history: History, clock: Clock) -> None:
        cache = capability(environment, Cache)
        names = [f"{PREFIX}{identity}" for identity in acknowledged(history)]
        there = sum([int(await cache.command(self.service, "EXISTS", *batch)) for batch in _batches(names)])
        value = {"keys": len(names) - there, "signals": len(names)}
        history.append(actor=f"probe {self.service}", kind=Kind.PROBE, action=self.name, value=value)


def _batches(names: Sequence[str]) -> Iterator[list[str]]:
    rest = iter(names)
    while batch := list(islice(rest, _BATCH)):
        yield batch
