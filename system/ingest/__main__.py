"""Runs ingest as a process of its own: `python -m system.ingest`, with its settings in the environment."""

from system import logs
from system.calendar import Calendar
from system.clock import RandomIds, SystemClock
from system.ingest.app import SERVICE, make_app
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
    app = make_app(storage, redis_client, settings, clock, ids, calendar=calendar)
    return serve(app, background=[app.state.breakers.run, app.state.live_ttl.run, calendar.run])


if __name__ == "__main__":
    raise SystemExit(main())
