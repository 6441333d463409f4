"""The fast path for repeats: one key a signal in Redis.

A key says *pending* before the commit and *committed* after it. It is a hint and no more: keys outlive rows that a
failover lost, and rows outlive keys that were evicted, so the database's unique key alone decides. All of it is
optional, see `optional_redis`. What a key allows is not decided here: see `accepting`.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from system.clock import Clock
from system.ingest.optional_redis import OptionalRedis


@dataclass(frozen=True, slots=True, kw_only=True)
class Remembered:
    """What a key says about a signal that was seen before; `intent_id` is None while it is pending."""

    state: Literal["pending", "committed"]
    intent_id: str | None


class Idempotency:
    """The keys of signals; blocking, safe to use from several threads, never raises for what Redis does.

    `ttl_s` says how long a key lives that is set now.
    """

    def __init__(self, redis: OptionalRedis, clock: Clock, *, prefix: str, ttl_s: Callable[[], int]) -> None:
        self._redis, self._clock, self._prefix, self._ttl_s = redis, clock, prefix, ttl_s

    def reserve(self, identities: Sequence[str], partner_id: str) -> dict[str, Remembered]:
        """Sets a pending key for each identity that has none; answers with what the existing keys say."""
        value = self._value("pending", None, partner_id)
        unique = list(dict.fromkeys(identities))
        commands: list[tuple[Any, ...]] = []
        for identity in unique:
            key = self._prefix + identity
            commands += [("SET", key, value, "NX", "EX", self._ttl_s()), ("GET", key)]
        answers = self._redis.execute(commands)
        known: dict[str, Remembered] = {}
        for identity, was_set, found in zip(unique, answers[::2], answers[1::2], strict=True):
            remembered = None if was_set is True or was_set in (b"OK", "OK") else _read(found)
            if remembered is not None:
                known[identity] = remembered
        return known

    def commit(self, intent_ids: Mapping[str, str], partner_id: str) -> None:
        """Says *committed*, with the intent's id, in the keys of these identities; their time to live goes on."""
        self._redis.execute(
            [
                ("SET", self._prefix + identity, self._value("committed", intent_id, partner_id), "XX", "KEEPTTL")
                for identity, intent_id in intent_ids.items()
            ]
        )

    def _value(self, state: str, intent_id: str | None, partner_id: str) -> str:
        at = self._clock.now().timestamp()
        return json.dumps({"state": state, "intent_id": intent_id, "at": at, "partner": partner_id})


def _read(found: object) -> Remembered | None:
    """What a key's value says; a value that is not ours says nothing."""
    if not isinstance(found, bytes | str):
        return None
    try:
        value = json.loads(found)
        state, intent_id = value["state"], value["intent_id"]
    except (ValueError, KeyError, TypeError):
        return None
    if state not in ("pending", "committed") or not isinstance(intent_id, str | None):
        return None
    return Remembered(state=state, intent_id=intent_id)
