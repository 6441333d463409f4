"""All watchers of the system, in one list: a new one is one line here."""

from typing import Any

from system.clock import Clock
from system.governance.agent_watcher import AgentWatcher
from system.governance.breaker_watcher import BreakerWatcher
from system.governance.findings import Watcher
from system.governance.hallucinations import HallucinationWatcher
from system.governance.memory_watcher import MemoryWatcher
from system.governance.trust_watcher import TrustWatcher
from system.settings import Settings
from system.storage import Storage


def watchers_of(storage: Storage, redis_client: Any, settings: Settings, clock: Clock) -> tuple[Watcher, ...]:
    """Those of one monitor process; `storage` is shared by them. Without a client nobody watches Redis' memory."""
    watchers: tuple[Watcher, ...] = (
        BreakerWatcher(storage),
        HallucinationWatcher(storage.hallucinations),
        TrustWatcher(storage),
        AgentWatcher(storage, settings, clock),
    )
    return watchers if redis_client is None else (*watchers, MemoryWatcher(redis_client, settings, clock))
