"""What ingest counts, and the ASGI wrapper that counts requests.

Labels come from fixed sets, never from what a partner sends: a flood must not grow the metrics.
"""

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from system.clock import Clock

_BUCKETS_S = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.0, 5.0)
_ROUTES = {"/signals": "signals", "/healthz": "healthz", "/readyz": "readyz", "/metrics": "metrics"}


class Metrics:
    """The metrics of one app, in a registry of its own, so that two apps in one process do not meet."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.requests = Counter(
            "ingest_requests", "Requests answered, by route and status.", ["route", "status"], registry=self.registry
        )
        self.seconds = Histogram(
            "ingest_request_seconds",
            "Time from the request's head to its last byte out.",
            ["route"],
            buckets=_BUCKETS_S,
            registry=self.registry,
        )
        self.signals = Counter("ingest_signals", "Tenders by what became of them.", ["outcome"], registry=self.registry)
        self.repeats = Counter(
            "ingest_repeats",
            "Repeated tenders by what told them: their key in Redis, or the database's unique key alone.",
            ["told_by"],
            registry=self.registry,
        )
        self.redis_troubles = Counter(
            "ingest_redis_troubles", "Round trips that found Redis gone, or refusing.", ["kind"], registry=self.registry
        )
        self.in_flight = Gauge("ingest_in_flight", "POST /signals being worked on.", registry=self.registry)
        self.breakers_open = Gauge(
            "ingest_breakers_open", "Partners whose circuit breaker is not closed.", registry=self.registry
        )
        self.database_errors = Counter(
            "ingest_database_errors", "Requests that the database failed, by how.", ["kind"], registry=self.registry
        )
        for outcome in ("accepted", "duplicate", "malformed", "refused"):
            self.signals.labels(outcome)  # none is a number too
        for told_by in ("redis", "database"):
            self.repeats.labels(told_by)
        for kind in ("unreachable", "refused"):
            self.redis_troubles.labels(kind)


class Measured:
    """Counts and times the requests of an ASGI app, with the metrics and the clock of its ingest."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Passes everything through; only looks at the status and the time."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        ingest = scope["app"].state.ingest
        metrics: Metrics = ingest.metrics
        clock: Clock = ingest.clock
        path = scope["path"]
        route = _ROUTES.get(path) or ("intents" if path.startswith("/intents/") else "other")
        started_s, status = clock.monotonic_s(), 500

        async def sent(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            await self._app(scope, receive, sent)
        finally:
            metrics.requests.labels(route, str(status)).inc()
            metrics.seconds.labels(route).observe(clock.monotonic_s() - started_s)
