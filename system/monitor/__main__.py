"""`python -m system.monitor`: the monitor as a process of its own. STATE_FILE may name where it remembers incidents."""

from pathlib import Path
from typing import Annotated

import httpx
from prometheus_client import CollectorRegistry
from pydantic import StringConstraints
from starlette.applications import Starlette

from system import logs
from system.calendar import Calendar
from system.clock import RandomIds, SystemClock
from system.governance.trust_controller import TrustController
from system.governance.watchers import REDIS_TIMEOUT_S, watchers_of
from system.monitor.autoscaler import OPERATOR, MemoryAutoscaler
from system.monitor.breaker_notices import BreakerNotices
from system.monitor.database_probe import DatabaseProbe
from system.monitor.delivery import Delivery
from system.monitor.monitor import Monitor
from system.monitor.rounds import Rounds
from system.monitor.state import StateFile
from system.monitor.weekly_scorecards import WeeklyScorecards
from system.recovery.redis_memory import RedisMemory
from system.redis_server import make_redis
from system.serving import Background, health_routes, serve
from system.settings import Settings
from system.storage import Storage


class MonitorSettings(Settings):
    """The settings of this process alone."""

    state_file: Annotated[str, StringConstraints(max_length=4_096)] | None = None


def main() -> int:
    """Watches until it is told to stop; the exit code."""
    logs.configure("monitor")
    settings = MonitorSettings.load()
    clock, registry = SystemClock(), CollectorRegistry()
    state = StateFile(Path(settings.state_file) if settings.state_file else None)
    client = httpx.AsyncClient(trust_env=False)
    delivery = Delivery(
        settings.alert_webhook_url,
        client,
        clock,
        waiting=state.remembered.undelivered,
        changed=state.note_undelivered,
    )
    probe = DatabaseProbe(settings)
    monitor = Monitor(probe, delivery, state, settings, clock, registry=registry)
    storage = Storage.connect(settings, clock=clock, ids=RandomIds())
    rounds = Rounds(watchers_of(storage, settings, clock), delivery, state, settings, clock, registry=registry)
    notices = Delivery(
        settings.notice_webhook_url,
        client,
        clock,
        waiting=state.remembered.undelivered_notices,
        changed=state.note_undelivered_notices,
        addressed=True,
    )
    calendar = Calendar(storage, settings, clock)
    trust = TrustController(storage, settings, calendar)
    scorecards = WeeklyScorecards(storage, notices, settings, calendar)
    breaker_notices = BreakerNotices(storage, notices, state, settings, clock)
    background: list[Background] = [monitor.run, rounds.run, delivery.run, breaker_notices.run, notices.run]
    background += [calendar.run, trust.run, scorecards.run]
    if not settings.unsafe_no_autoscaler:
        redis_client = make_redis(settings, timeout_s=REDIS_TIMEOUT_S)
        recovery = RedisMemory(redis_client, storage, settings, clock, operator=OPERATOR)
        background.append(MemoryAutoscaler(recovery, settings, clock, registry=registry).run)
    routes = health_routes("monitor", registry=registry, unsafe=settings.unsafe)
    return serve(Starlette(routes=routes), background=background)


if __name__ == "__main__":
    raise SystemExit(main())
