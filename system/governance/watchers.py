"""All watchers of the system, in one list: a new one is one line here."""

from system.clock import Clock
from system.governance.agent_watcher import AgentWatcher
from system.governance.breaker_watcher import BreakerWatcher
from system.governance.findings import Watcher
from system.governance.hallucinations import HallucinationWatcher
from system.governance.memory_watcher import MemoryWatcher
from system.governance.trust_watcher import TrustWatcher
from system.redis_server import make_redis
from system.settings import Settings
from system.storage import Storage

REDIS_TIMEOUT_S = 1.0


def watchers_of(storage: Storage, settings: Settings, clock: Clock) -> tuple[Watcher, ...]:
    """Those of one monitor process; `storage` is shared by them."""
    return (
        BreakerWatcher(storage),
        HallucinationWatcher(storage.hallucinations),
        TrustWatcher(storage),
        AgentWatcher(storage, settings, clock),
        MemoryWatcher(make_redis(settings, timeout_s=REDIS_TIMEOUT_S), settings, clock),
    )
