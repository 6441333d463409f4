"""Redis as something that one can do without.

When it is gone or slow the answer is "nothing known", after a short timeout and then a pause, so that a dead Redis does
not cost every request its timeout. One that is full refuses to write and still answers at once: each command that it
refuses is nothing known, it is asked again with the next request, and so it counts again the moment it has room. What
is kept there, and what its loss means, is its callers' business.
"""

import logging
from collections.abc import Callable, Sequence
from typing import Any, Literal

import redis

from system.clock import Clock

SOCKET_TIMEOUT_S = 0.2
PAUSE_S = 1.0

Trouble = Literal["unreachable", "refused"]

_log = logging.getLogger(__name__)


class RedisRefused(Exception):
    """A command had no answer; raised only where an unsafe switch makes Redis something that one cannot do without."""


class OptionalRedis:
    """Runs commands; blocking, safe to use from several threads, never raises for what Redis does.

    `on_trouble` is told of each round trip that found it gone, or refusing.
    """

    def __init__(
        self,
        client: Any,
        clock: Clock,
        *,
        on_trouble: Callable[[Trouble], None] = lambda trouble: None,
        required: bool = False,
    ) -> None:
        self._client, self._clock, self._on_trouble, self._required = client, clock, on_trouble, required
        self._paused_until_s = float("-inf")
        self._trouble: Trouble | None = None

    def execute(self, commands: Sequence[tuple[Any, ...]]) -> list[Any]:
        """One round trip; for a command that Redis refused (it is full, say), and for all when it is gone: None."""
        if not commands or self._clock.monotonic_s() < self._paused_until_s:
            return self._without(commands)
        try:
            pipeline = self._client.pipeline(transaction=False)
            for command in commands:
                pipeline.execute_command(*command)
            answers = pipeline.execute(raise_on_error=False)
        except (redis.RedisError, OSError) as error:
            self._paused_until_s = self._clock.monotonic_s() + PAUSE_S
            self._note("unreachable", error)
            return self._without(commands)
        refusals = [answer for answer in answers if isinstance(answer, Exception)]
        self._note("refused" if refusals else None, refusals[0] if refusals else None)
        if refusals and self._required:
            raise RedisRefused(str(refusals[0]))
        return [None if isinstance(answer, Exception) else answer for answer in answers]

    def _without(self, commands: Sequence[tuple[Any, ...]]) -> list[Any]:
        if commands and self._required:
            raise RedisRefused("redis does not answer")
        return [None] * len(commands)

    def _note(self, trouble: Trouble | None, error: Exception | None) -> None:
        """Counts each, and logs the first of each kind and the end of it: a full Redis refuses every request."""
        before, self._trouble = self._trouble, trouble
        if trouble is not None:
            self._on_trouble(trouble)
        if trouble == before:
            return
        if trouble is None:
            _log.info("redis takes everything again")
        else:
            said = "does not answer" if trouble == "unreachable" else "refuses to write"
            _log.warning("redis %s; going on without it: %s", said, error)
