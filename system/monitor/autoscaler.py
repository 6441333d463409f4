"""Raises Redis' memory limit before it is full: by a factor, as far as the settings allow, with an audit row each time.

Past that bound it does nothing, and the alert calls a person. It acts although the database is down; what it did is
then written down once the database is there again.
"""

import logging
from collections import deque
from typing import Any

from prometheus_client import CollectorRegistry, Counter, Gauge

from system.clock import Clock
from system.recovery.redis_memory import NotAllowed, RedisFailed, RedisMemory
from system.redis_server import Memory
from system.settings import Settings
from system.storage import DatabaseUnavailable
from system.storage.blocking import RunBlocking, in_thread

OPERATOR = "autoscaler"
_UNRECORDED_MAX = 100
_log = logging.getLogger(__name__)


def wanted_limit(memory: Memory, settings: Settings) -> int | None:
    """The limit that Redis should have, in bytes; None when the one it has will do, or may not be raised. Pure."""
    if memory.ratio is None or memory.ratio < settings.redis_autoscale_ratio:
        return None
    bound = min(settings.redis_autoscale_up_to, settings.redis_maxmemory_ceiling)
    limit = min(int(memory.limit_bytes * settings.redis_autoscale_factor), bound)
    return limit if limit > memory.limit_bytes else None


class MemoryAutoscaler:
    """Looks again and again; `recovery` acts in the name of `OPERATOR`."""

    def __init__(
        self,
        recovery: RedisMemory,
        settings: Settings,
        clock: Clock,
        *,
        registry: CollectorRegistry | None = None,
        run_blocking: RunBlocking = in_thread,
    ) -> None:
        self._recovery, self._settings, self._clock, self._run_blocking = recovery, settings, clock, run_blocking
        self._unrecorded: deque[dict[str, Any]] = deque(maxlen=_UNRECORDED_MAX)
        self._problem: str | None = None
        self._ratio = Gauge("monitor_redis_memory_ratio", "Redis' memory used, of its limit", registry=registry)
        self._raised = Counter("monitor_redis_limit_raised", "Times that Redis' limit was raised", registry=registry)

    async def run(self) -> None:
        """Looks until it is cancelled."""
        while True:
            await self.step()
            await self._clock.sleep_s(self._settings.watch_interval_s)

    async def step(self) -> None:
        """One look, and what follows from it. Never raises for what Redis or the database do."""
        try:
            await self._run_blocking(self._scale)
            problem = None
        except (RedisFailed, NotAllowed) as error:
            problem = f"Redis' limit cannot be looked after: {error}"
        try:
            await self._run_blocking(self._record)
        except DatabaseUnavailable as error:
            problem = problem or f"what was raised cannot be written down yet: {error}"
        if problem is not None and self._problem is None:
            _log.warning(problem)
        self._problem = problem

    def _scale(self) -> None:
        memory = self._recovery.memory()
        self._ratio.set(memory.ratio or 0.0)
        limit = wanted_limit(memory, self._settings)
        if limit is None:
            return
        done = self._recovery.set_limit(limit)
        self._raised.inc()
        self._unrecorded.append(done)
        _log.warning("Redis' memory limit raised", extra=done)

    def _record(self) -> None:
        while self._unrecorded:
            why = f"over {self._settings.redis_autoscale_ratio:.0%} of its memory was used"
            self._recovery.record_limit(self._unrecorded[0], why)
            self._unrecorded.popleft()
