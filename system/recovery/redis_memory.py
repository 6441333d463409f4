"""The runbook for a Redis that runs out of memory: look, shorten the life of idempotency keys, flush the old, raise
the limit.

In this order, because each step makes the next one smaller. Only what is older than the TTL in force is flushed: a
young key is what tells a repeat, and without it the database's unique key has all the work. No step blocks Redis or
restarts anything, and each can be run again. A limit that is set here is forgotten when Redis is restarted: one that is
to last belongs into its own configuration as well.

A controller (the autoscaler), a person at the console or at the prompt, and a drill all run this.
"""

import asyncio
import contextlib
from collections.abc import Iterator
from typing import Any

import redis

from system.clock import Clock, RandomIds, SystemClock
from system.governance.operators import operator_name
from system.recovery.idempotency_keys import Counts, IdempotencyKeys
from system.redis_server import Memory, make_redis, read_memory
from system.settings import IDEMPOTENCY_TTL_S_MAX, Settings
from system.storage import OperatorAction, Storage
from system.storage.live_settings import IDEMPOTENCY_TTL_S
from system.units import size_of, size_text, span_of, span_text

_TIMEOUT_S = 5.0
_PASSES_MAX = 10


class RedisFailed(Exception):
    """Redis did not answer, or refused a command: which, and what to do."""


class NotAllowed(ValueError):
    """What was asked for is out of bounds: says what is allowed."""


class RedisMemory:
    """The steps; blocking. Each may raise RedisFailed and DatabaseUnavailable; those that change leave an audit row.

    Without arguments it connects to what the settings name, as the prompt does.
    """

    def __init__(
        self,
        client: Any = None,
        storage: Storage | None = None,
        settings: Settings | None = None,
        clock: Clock | None = None,
        *,
        operator: str | None = None,
    ) -> None:
        self._settings, self._clock = settings or Settings.load(), clock or SystemClock()
        self._client = make_redis(self._settings, timeout_s=_TIMEOUT_S) if client is None else client
        self._storage = storage or Storage.connect(self._settings, clock=self._clock, ids=RandomIds())
        self._operator = operator or operator_name()
        self._keys = IdempotencyKeys(self._client, self._settings.idempotency_prefix, self._clock)

    def close(self) -> None:
        """Drops the connections to Redis; the storage is its owner's."""
        self._client.close()

    def memory(self) -> Memory:
        """What Redis says of its memory; asks nobody else."""
        with self._asking():
            return read_memory(self._client)

    def ttl_s(self) -> int:
        """How long an idempotency key lives that is set now."""
        return int(self._storage.live_settings.all().get(IDEMPOTENCY_TTL_S, self._settings.idempotency_ttl_s))

    def show(self) -> dict[str, Any]:
        """Memory, limit, policy and keys, as JSON; goes through all idempotency keys."""
        memory, ttl_s, counts = self.memory(), self.ttl_s(), Counts()
        with self._asking():
            self._keys.count(ttl_s, counts)
            keys = int(self._client.dbsize())
        return {
            **describe(memory),
            "keys": keys,
            "idempotency_keys": counts.all,
            "older_than_ttl": counts.old,
            "ttl_s": ttl_s,
        }

    def set_ttl(self, ttl: str | int, why: str = "") -> dict[str, Any]:
        """Keys live so long from now on, those that are there too, counted from when they were written. NotAllowed.

        No key is lost by it: one that is older keeps its own end until it is flushed. It goes through the keys until
        there is none with the former TTL, because a process that has not looked yet still sets such. Not to be called
        in an event loop.
        """
        ttl_s, before_s = span_of(ttl) if isinstance(ttl, str) else ttl, self.ttl_s()
        shortest_s = int(self._settings.resend_window_s)
        if not shortest_s <= ttl_s <= IDEMPOTENCY_TTL_S_MAX:
            raise NotAllowed(
                f"a TTL of {span_text(ttl_s)} is out of bounds: from {span_text(shortest_s)}, the window that partners "
                f"are asked to send again, to {span_text(IDEMPOTENCY_TTL_S_MAX)}"
            )
        done = {"ttl_s": ttl_s, "before_s": before_s}
        self._storage.live_settings.change(IDEMPOTENCY_TTL_S, ttl_s, self._action("redis ttl", done, why))
        adapted, older = asyncio.run(self._adapt(ttl_s))
        return {**done, "adapted": adapted, "older": older}

    async def _adapt(self, ttl_s: int) -> tuple[int, int]:
        """How many keys were given another end, and how many are older than that."""
        adapted = 0
        for _ in range(_PASSES_MAX):
            await self._clock.sleep_s(self._settings.live_settings_refresh_s)
            counts = Counts()
            with self._asking():
                self._keys.adapt(ttl_s, counts)
            adapted += counts.changed
            if not counts.changed:
                break
        return adapted, counts.old

    def flush_old(self, why: str = "") -> dict[str, Any]:
        """Deletes the keys that are older than the TTL in force, and no other; the audit says how far it came."""
        ttl_s, counts = self.ttl_s(), Counts()
        try:
            with self._asking():
                self._keys.flush(ttl_s, counts, unsafe_all=self._settings.unsafe_flush_takes_all)
        finally:
            done = {"ttl_s": ttl_s, "flushed": counts.changed, "kept": counts.all - counts.changed}
            self._storage.operator_actions.record(self._action("redis flush", done, why))
        return done

    def raise_limit(self, to: str | int, why: str = "") -> dict[str, Any]:
        """Raises Redis' memory limit: never past the ceiling, and never down, which would evict. NotAllowed."""
        done = self.set_limit(to)
        self.record_limit(done, why)
        return done

    def set_limit(self, to: str | int) -> dict[str, Any]:
        """The same without its audit row, for a controller that cannot wait for the database. NotAllowed."""
        limit, ceiling = size_of(to) if isinstance(to, str) else to, self._settings.redis_maxmemory_ceiling
        before = self.memory()
        if not before.limit_bytes < limit <= ceiling or not before.limit_bytes:
            now = size_text(before.limit_bytes) if before.limit_bytes else "none"
            raise NotAllowed(
                f"a limit of {size_text(limit)} is out of bounds: over the present one, which is {now}, and at most "
                f"{size_text(ceiling)} (REDIS_MAXMEMORY_CEILING)"
            )
        with self._asking():
            self._client.config_set("maxmemory", limit)
        return {"limit_bytes": self.memory().limit_bytes, "before": describe(before)}

    def record_limit(self, done: dict[str, Any], why: str) -> None:
        """The audit row of what `set_limit` did."""
        self._storage.operator_actions.record(self._action("redis raise", done, why))

    def _action(self, command: str, done: dict[str, Any], why: str) -> OperatorAction:
        return OperatorAction(who=self._operator, command=command, what=done, why=why)

    @contextlib.contextmanager
    def _asking(self) -> Iterator[None]:
        try:
            yield
        except redis.ResponseError as error:
            raise RedisFailed(f"Redis refuses: {error}; where it is managed, do this step there") from error
        except (redis.RedisError, OSError) as error:
            raise RedisFailed(f"Redis does not answer: {error}; run it again once it does") from error


def describe(memory: Memory) -> dict[str, Any]:
    """As documents and audit rows have it."""
    return {
        "used_bytes": memory.used_bytes,
        "limit_bytes": memory.limit_bytes,
        "ratio": None if memory.ratio is None else round(memory.ratio, 4),
        "policy": memory.policy,
        "evicted_keys": memory.evicted_keys,
        "refused_commands": memory.refused_commands,
    }
