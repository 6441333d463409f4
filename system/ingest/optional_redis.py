"""Redis as something that one can do without.

When it is gone, slow or full, the answer is "nothing known", after a short timeout and then a pause, so that a dead
Redis does not cost every request its timeout. What is kept there, and what its loss means, is its callers' business.
"""

import logging
from collections.abc import Sequence
from typing import Any

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from system.clock import Clock
from system.settings import Settings

SOCKET_TIMEOUT_S = 0.2
PAUSE_S = 1.0

_log = logging.getLogger(__name__)


def make_redis(settings: Settings) -> redis.Redis:
    """A client for `settings.redis_url` that gives up quickly and repeats nothing; connects on first use."""
    return redis.Redis.from_url(
        settings.redis_url,
        socket_timeout=SOCKET_TIMEOUT_S,
        socket_connect_timeout=SOCKET_TIMEOUT_S,
        retry=Retry(NoBackoff(), 0),
        protocol=2,
    )


class OptionalRedis:
    """Runs commands; blocking, safe to use from several threads, never raises for what Redis does."""

    def __init__(self, client: Any, clock: Clock) -> None:
        self._client, self._clock = client, clock
        self._paused_until_s = float("-inf")

    def execute(self, commands: Sequence[tuple[Any, ...]]) -> list[Any]:
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
