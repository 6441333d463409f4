"""The idempotency keys as a runbook sees them: gone through in small batches, each with its age.

SCAN and a few hundred keys at a time, never KEYS: nobody else waits for Redis meanwhile. What is done to a batch is one
script on the server, so that a key which somebody writes just then is seen as it is; a transaction would not do, as a
full Redis takes none. A key says itself when it was written; one that does not is none of ours, and is left alone.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Annotated, Any, Literal

from pydantic import BaseModel, Field, ValidationError

from system.clock import Clock

BATCH = 500

# For each key: what it says of itself, and what is done to it. Times in milliseconds since 1970.
_GO_THROUGH = """
local what, ttl_ms, now_ms = ARGV[1], tonumber(ARGV[2]), tonumber(ARGV[3])
local old, young, unreadable, changed = 0, 0, 0, 0
for _, key in ipairs(KEYS) do
  local value = redis.pcall('GET', key)
  if value then
    local is_json, read = pcall(cjson.decode, value)
    local at_s = is_json and type(read) == 'table' and tonumber(read['at'])
    local ends_ms = at_s and at_s >= 0 and at_s < 32503680000 and at_s * 1000 + ttl_ms
    if not ends_ms then
      unreadable = unreadable + 1
    elseif ends_ms <= now_ms then
      old = old + 1
    else
      young = young + 1
    end
    if what == 'adapt' and ends_ms and ends_ms > now_ms then
      local left_ms = redis.call('PTTL', key)
      redis.call('PEXPIREAT', key, string.format('%.0f', ends_ms))
      if math.abs(redis.call('PTTL', key) - left_ms) > 1000 then changed = changed + 1 end
    elseif what == 'flush all' or (what == 'flush' and ends_ms and ends_ms <= now_ms) then
      changed = changed + redis.call('UNLINK', key)
    end
  end
end
return {old, young, unreadable, changed}
"""


class KeyValue(BaseModel):
    """What a key's value has to say: `at` is when it was written, in seconds since 1970."""

    state: Literal["pending", "committed"]
    at: Annotated[float, Field(ge=0, le=32_503_680_000, allow_inf_nan=False)]


@dataclass(slots=True, kw_only=True)
class Counts:
    """The keys that were gone through: `old` and `young` by a TTL, `unreadable` that are not ours, `changed` of all."""

    old: int = 0
    young: int = 0
    unreadable: int = 0
    changed: int = 0

    @property
    def all(self) -> int:
        """How many there were."""
        return self.old + self.young + self.unreadable


class IdempotencyKeys:
    """All keys that begin with `prefix`; blocking, every method raises redis.RedisError and OSError.

    Each adds to `counts` as it goes, so that one that is cut short has still said how far it came.
    """

    def __init__(self, client: Any, prefix: str, clock: Clock) -> None:
        self._client, self._prefix, self._clock = client, prefix, clock

    def count(self, ttl_s: int, counts: Counts) -> None:
        """How many there are, older and younger than `ttl_s`."""
        self._go_through("count", ttl_s, counts)

    def adapt(self, ttl_s: int, counts: Counts) -> None:
        """Gives each key the end that it would have if it had been written with `ttl_s`; `changed` had another.

        One that would be past it keeps the end that it has, so that nothing is lost by this.
        """
        self._go_through("adapt", ttl_s, counts)

    def flush(self, ttl_s: int, counts: Counts, *, unsafe_all: bool = False) -> None:
        """Deletes what is older than `ttl_s`, and no other."""
        self._go_through("flush all" if unsafe_all else "flush", ttl_s, counts)

    def _go_through(self, what: str, ttl_s: int, counts: Counts) -> None:
        for names in key_batches(self._client, self._prefix):
            now_ms = int(self._clock.now().timestamp() * 1000)
            seen = self._client.eval(_GO_THROUGH, len(names), *names, what, ttl_s * 1000, now_ms)
            old, young, unreadable, changed = map(int, seen)
            counts.old += old
            counts.young += young
            counts.unreadable += unreadable
            counts.changed += changed


def key_batches(client: Any, prefix: str) -> Iterator[list[bytes]]:
    """The names that begin with `prefix`, in batches: each once within a batch; SCAN may give one twice."""
    batch: dict[bytes, None] = {}
    for name in client.scan_iter(match=_literally(prefix) + "*", count=BATCH):
        batch[name] = None
        if len(batch) == BATCH:
            yield list(batch)
            batch = {}
    if batch:
        yield list(batch)


def read_value(value: Any) -> KeyValue | None:
    """What a key's value says; None for one that is not ours, or not there any more."""
    if value is None:
        return None
    try:
        return KeyValue.model_validate_json(value)
    except ValidationError:
        return None


def _literally(text: str) -> str:
    """`text` as a pattern that matches itself alone."""
    return re.sub(r"([*?\[\]\\^])", r"\\\1", text)
