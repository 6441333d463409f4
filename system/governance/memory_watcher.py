"""Looks after Redis' memory: a finding while more than a share of its limit is used.

It is over once there is some room again, and not at each key that goes or comes at the edge. It asks Redis alone, so
the alert also goes out while the database is down; that Redis cannot be asked is no finding of this one.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from system.clock import Clock
from system.governance.alerts import REDIS_MEMORY_HIGH, AlertRule
from system.governance.findings import Finding
from system.redis_server import read_memory
from system.settings import Settings
from system.units import size_text

ROOM = 0.95
"""It is over under so much of the share at which it began."""


class MemoryWatcher:
    """See the module; raises redis.RedisError and OSError when it cannot look."""

    rules: tuple[AlertRule, ...] = (REDIS_MEMORY_HIGH,)

    def __init__(self, client: Any, settings: Settings, clock: Clock) -> None:
        self._client, self._clock, self._limit = client, clock, settings.redis_memory_alert_ratio
        self._since: datetime | None = None

    def look(self) -> Sequence[Finding]:
        """One finding, or none."""
        memory = read_memory(self._client)
        ratio = memory.ratio or 0.0
        if ratio <= self._limit * (1.0 if self._since is None else ROOM):
            self._since = None
            return []
        self._since = self._since or self._clock.now()
        used = f"{size_text(memory.used_bytes)} of {size_text(memory.limit_bytes)}"
        reason = f"{used} used, policy {memory.policy}, {memory.evicted_keys} keys evicted so far"
        return [Finding(rule=REDIS_MEMORY_HIGH, labels={}, details={"used": used}, since=self._since, reason=reason)]
