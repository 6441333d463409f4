"""The fast path for repeats: one key a signal in Redis.

A key says *pending* before the commit and *committed* after it. It is a hint and no more: keys outlive rows that a
failover lost, and rows outlive keys that were evicted, so the database's unique key alone decides. All of it is
optional. When Redis is gone, slow or full, the answer is "nothing known", after a short timeout and then a pause, so
that a dead Redis does not cost every request its timeout. What a key allows is not decided here: see `accepting`.
"""

import json
import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from system.clock import Clock
from system.settings import Settings

SOCKET_TIMEOUT_S = 0.2
PAUSE_S = 1.0

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Remembered:
    """What a key says about a signal that was seen before; `intent_id` is None while it is pending."""

    state: Literal["pending", "committed"]
    intent_id: str | None


def make_redis(settings: Settings) -> redis.Redis:
    """A client for `settings.redis_url` that gives up quickly and repeats nothing; connects on first use."""
    return redis.Redis.from_url(
        settings.redis_url,
        socket_timeout=SOCKET_TIMEOUT_S,
        socket_connect_timeout=SOCKET_TIMEOUT_S,
        retry=Retry(NoBackoff(), 0),
        protocol=2,
    )


class Idempotency:
    """The keys of signals; blocking, safe to use from several threads, never raises for what Redis does."""

    def __init__(self, client: Any, *, settings: Settings, clock: Clock) -> None:
        self._client, self._clock = client, clock
        self._prefix, self._ttl_s = settings.idempotency_prefix, settings.idempotency_ttl_s
        self._paused_until_s = float("-inf")

    def reserve(self, identities: Sequence[str], partner_id: str) -> dict[str, Remembered]:
        """Sets a pending key for each identity that has none; answers with what the existing keys say."""
        value = self._value("pending", None, partner_id)
        unique = list(dict.fromkeys(identities))
        commands: list[tuple[Any, ...]] = []
        for identity in unique:
            key = self._prefix + identity
            commands += [("SET", key, value, "NX", "EX", self._ttl_s), ("GET", key)]
        answers = self._execute(commands)
        known: dict[str, Remembered] = {}
        for identity, was_set, found in zip(unique, answers[::2], answers[1::2], strict=True):
            remembered = None if was_set is True or was_set in (b"OK", "OK") else _read(found)
            if remembered is not None:
                known[identity] = remembered
        return known

    def commit(self, intent_ids: Mapping[str, str], partner_id: str) -> None:
        """Says *committed*, with the intent's id, in the keys of these identities; their time to live goes on."""
        self._execute(
            [
                ("SET", self._prefix + identity, self._value("committed", intent_id, partner_id), "XX", "KEEPTTL")
                for identity, intent_id in intent_ids.items()
            ]
        )

    def _value(self, state: str, intent_id: str | None, partner_id: str) -> str:
        at = self._clock.now().timestamp()
        return json.dumps({"state": state, "intent_id": intent_id, "at": at, "partner": partner_id})

    def _execute(self, commands: Sequence[tuple[Any, ...]]) -> list[Any]:
        """One round trip; for a command that Redis refused (it is full, say), and for all when it is gone: None."""
        nothing: list[Any] = [None] * len(commands)
        if not commands or self._clock.monotonic_s() < self._paused_until_s:
            return nothing
        try:
            pipeline = self._client.pipeline(transaction=False)
            for command in commands:
                pipeline.execute_command(*command)
            answers = pipeline.execute(raise_on_error=False)
        except (redis.RedisError, OSError) as error:
            self._paused_until_s = self._clock.monotonic_s() + PAUSE_S
            _log.warning("redis does not answer; going on without it: %s", error)
            return nothing
        return [None if isinstance(answer, Exception) else answer for answer in answers]


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
