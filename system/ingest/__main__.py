"""Runs ingest as a process of its own: `python -m system.ingest`, with its settings in the environment."""

from system import logs
from system.calendar import Calendar
from system.clock import RandomIds, SystemClock
from system.ingest.app import SERVICE, make_app, make_ingest
from system.ingest.optional_redis import SOCKET_TIMEOUT_S
from system.redis_server import make_redis
from system.serving import serve
from system.settings import Settings
from system.storage import Storage


def main() -> int:
    """Serves until SIGTERM; returns the exit code."""
    logs.configure(SERVICE)
    settings, clock, ids = Settings.load(), SystemClock(), RandomIds()
    storage = Storage.connect(settings, clock=clock, ids=ids)
    calendar = Calendar(storage, settings, clock)
    redis_client = make_redis(settings, timeout_s=SOCKET_TIMEOUT_S)
    ingest = make_ingest(storage, redis_client, settings, clock, ids, calendar=calendar)
    background = [ingest.breakers.run, ingest.live_ttl.run, calendar.run]
    return serve(make_app(settings, ingest.metrics, ingest), background=background)


if __name__ == "__main__":
    raise SystemExit(main())
