"""`python -m system.monitor`: the monitor as a process of its own. STATE_FILE may name where it remembers incidents."""

from pathlib import Path
from typing import Annotated

import httpx
from prometheus_client import CollectorRegistry
from pydantic import StringConstraints
from starlette.applications import Starlette

from system import logs
from system.clock import RandomIds, SystemClock
from system.monitor.autoscaler import OPERATOR, MemoryAutoscaler
from system.monitor.database_probe import DatabaseProbe
from system.monitor.lookout import Lookout
from system.monitor.monitor import Monitor
from system.monitor.state import StateFile
from system.outside import certificates
from system.recovery.redis_memory import RedisMemory
from system.redis_server import make_redis
from system.serving import Background, health_routes, serve
from system.settings import Settings
from system.storage import Storage

REDIS_TIMEOUT_S = 1.0


class MonitorSettings(Settings):
    """The settings of this process alone."""

    state_file: Annotated[str, StringConstraints(max_length=4_096)] | None = None


def main() -> int:
    """Watches until it is told to stop; the exit code."""
    logs.configure("monitor")
    settings = MonitorSettings.load()
    clock, registry = SystemClock(), CollectorRegistry()
    state = StateFile(Path(settings.state_file) if settings.state_file else None)
    storage = Storage.connect(settings, clock=clock, ids=RandomIds())
    redis_client = make_redis(settings, timeout_s=REDIS_TIMEOUT_S)
    trusted = certificates(settings.alert_webhook_url, settings.notice_webhook_url)
    client = httpx.AsyncClient(trust_env=False, verify=trusted)
    lookout = Lookout(storage, redis_client, client, state, settings, clock, registry=registry)
    monitor = Monitor(DatabaseProbe(settings), lookout.alerts, state, settings, clock, registry=registry)
    background: list[Background] = [monitor.run, *lookout.background]
    if not settings.unsafe_no_autoscaler:
        client_of_its_own = make_redis(settings, timeout_s=REDIS_TIMEOUT_S)
        recovery = RedisMemory(client_of_its_own, storage, settings, clock, operator=OPERATOR)
        background.append(MemoryAutoscaler(recovery, settings, clock, registry=registry).run)
    routes = health_routes("monitor", registry=registry, unsafe=settings.unsafe)
    return serve(Starlette(routes=routes), background=background)


if __name__ == "__main__":
    raise SystemExit(main())
