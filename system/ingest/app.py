"""The ingest API: partners' signals in, an answer only when it can be kept.

202 means committed in the primary. Malformed input is refused before anything else is asked, and a partner whose
circuit breaker is open is turned away by the `gate` before that, so a flood costs the database nothing. Whatever is
slow is bounded: the body's size and time, the requests in flight, the threads, and the time to an answer. What a signal
means is not decided here; the resolver does that.
"""

import functools
import logging
from collections.abc import Sequence
from datetime import datetime
from typing import Any, Literal

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from system.clock import Clock, Ids
from system.ingest import answers
from system.ingest.accepting import Acceptance, Result, identity_of
from system.ingest.admission import Admission, BoundedThreads, Full, RunBlocking, TooLate
from system.ingest.bodies import BodyTooLarge, BodyTooSlow, read_body, read_small_body
from system.ingest.breakers import PartnerBreakers, Refusal
from system.ingest.directory import Directory
from system.ingest.gate import SIGNALS, Gate, Guarded, UnsafeGate, credentials
from system.ingest.idempotency import Idempotency
from system.ingest.live_ttl import LiveTtl
from system.ingest.metrics import Measured, Metrics
from system.ingest.openapi import document
from system.ingest.optional_redis import OptionalRedis
from system.ingest.pace import Pace
from system.ingest.seldom import Seldom
from system.logs import fields
from system.serving import health_routes
from system.settings import Settings
from system.storage import Breaker, CommitUnknown, DatabaseUnavailable, Identity, Partner, Storage
from system.x12 import Defect, Defects, Level, Reading, read_interchange, read_json, write_acknowledgment

SERVICE = "ingest"
PARSED_INLINE_BYTES_MAX = 65_536
"""Larger bodies are parsed in a thread, so that the others need not wait for them."""

BREAKERS_WITHIN_S = 0.5
"""How long a request waits for what it has to do with circuit breakers; without an answer it goes on."""

_DATABASE_UNAVAILABLE = "database unavailable"
_log = logging.getLogger(__name__)


class Ingest:
    """The handlers of the API and what they share."""

    def __init__(
        self,
        storage: Storage,
        redis_client: Any,
        settings: Settings,
        clock: Clock,
        ids: Ids,
        run_blocking: RunBlocking,
        probe_blocking: RunBlocking,
        breaker_blocking: RunBlocking,
        calendar: Clock,
        metrics: Metrics,
    ) -> None:
        self._storage, self._redis, self._settings, self._ids = storage, redis_client, settings, ids
        self.clock, self._calendar = clock, calendar
        self._run_blocking, self._probe_blocking = run_blocking, probe_blocking
        self._admission = Admission(settings.admission_limit)
        self._directory = Directory(storage, clock, run_blocking)
        self.metrics = metrics
        self.live_ttl = LiveTtl(storage, settings, clock, probe_blocking)
        keys = Idempotency(
            OptionalRedis(
                redis_client,
                clock,
                on_trouble=lambda trouble: self.metrics.redis_troubles.labels(trouble).inc(),
                required=settings.unsafe_redis_is_required,
            ),
            clock,
            prefix=settings.idempotency_prefix,
            ttl_s=lambda: self.live_ttl.seconds,
        )
        self._acceptance = Acceptance(storage, keys, key_vouches_alone=settings.unsafe_key_vouches_alone)
        self.breakers = PartnerBreakers(
            storage, OptionalRedis(redis_client, clock), settings, clock, ids, breaker_blocking
        )
        self.metrics.breakers_open.set_function(lambda: self.breakers.open_count)
        self.metrics.in_flight.set_function(lambda: self._admission.in_flight)
        parts = self.breakers, self._directory, self.metrics, Pace(clock, per_s=settings.breaker_refusals_per_s)
        self.gate = Gate(*parts)
        if settings.unsafe_breaker_writes_each_reject:
            self.gate = UnsafeGate(*parts, storage, run_blocking)
        self._seldom = Seldom(_log, clock)

    async def post_signals(self, request: Request) -> Response:
        """`POST /signals`."""
        with fields(request_id=self._ids.new("request"), partner=request.headers.get("x-partner", "")[:20]):
            try:
                with self._admission.admit():
                    return await self._signals(request)
            except Full:
                await self._excuse_unread(request)
                return answers.unavailable("too many requests in flight")
            except (DatabaseUnavailable, TooLate) as error:
                return self._database_failed(error)
            except BodyTooLarge:
                limit = self._settings.max_body_bytes
                return answers.error(413, f"a body may have {limit} bytes", {"Connection": "close"})
            except BodyTooSlow:
                return answers.error(408, "the body did not arrive in time", {"Connection": "close"})

    async def get_intent(self, request: Request) -> Response:
        """`GET /intents/{id}`: a partner sees its own; somebody else's is not found."""
        try:
            partner = await self._partner(request)
            if partner is None:
                return _unauthorized()
            intent_id = request.path_params["intent_id"]
            if not (len(intent_id) <= 36 and intent_id.isascii() and intent_id.isprintable()):
                return answers.error(404, "no such intent")
            found = await self._run_blocking(lambda: self._storage.intents.get(intent_id))
        except (DatabaseUnavailable, TooLate) as error:
            return self._database_failed(error)
        if found is None or found.partner_id != partner.id:
            return answers.error(404, "no such intent")
        return answers.json_answer(answers.intent(found), 200)

    async def ready(self) -> dict[str, object]:
        """Whether the database answers; Redis is shown, but ingest can do without it."""
        checks: dict[str, object] = {"database": None, "redis": None}
        for name, ask in (("database", self._storage.ping), ("redis", self._redis.ping)):
            try:
                await self._probe_blocking(ask)
            except Exception as error:
                checks[name] = f"{type(error).__name__}: {error}"[:200]
        return checks

    async def _signals(self, request: Request) -> Response:
        content_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
        encoding = request.headers.get("content-encoding", "identity").strip().lower()
        if content_type not in (answers.X12, answers.JSON) or encoding != "identity":
            return answers.error(415, f"send {answers.X12} or {answers.JSON}, not compressed")
        partner = await self._partner(request)
        if partner is None:
            return _unauthorized()
        body = await read_body(request, bytes_max=self._settings.max_body_bytes)
        # Not before the body is here: meanwhile others of the same partner may have opened the breaker.
        admitted = await self.breakers.admit(partner.id)
        if isinstance(admitted, Refusal):
            return await self.gate.refuse(partner.id, admitted, body)
        reading = await self._read(body, content_type, partner.id)
        received_at = self._received_at(request, partner, reading.defects)
        if reading.defects:
            await self.breakers.malformed(partner.id, reading.defects, admitted)
            return self._malformed(request, reading)
        found = await self._stored(partner, reading, content_type, received_at, admitted)
        if await request.is_disconnected():
            # Whoever waited for the answer never has it, and will send again.
            self._excuse([result.identity for result in found])
            self.breakers.not_answered(admitted)
        else:
            await self.breakers.answered(partner.id, found, body, admitted)
        self._tell(found)
        status = 202 if any(result.status == "accepted" for result in found) else 200
        return self._answer(request, reading, answers.results(found), status)

    async def _stored(
        self, partner: Partner, reading: Reading, content_type: str, received_at: datetime, probe: Breaker | None
    ) -> list[Result]:
        try:
            return await self._run_blocking(
                lambda: self._acceptance.accept(
                    partner.id, reading.tenders, content_type=content_type, received_at=received_at
                )
            )
        except (DatabaseUnavailable, TooLate):
            self._excuse([identity_of(partner.id, read) for read in reading.tenders])
            self.breakers.not_answered(probe)
            raise

    def _excuse(self, identities: Sequence[Identity]) -> None:
        """These will be sent again, and that is not the partner's fault."""
        self.breakers.excuses.refused(identities)
        self.breakers.flush_soon()

    async def _excuse_unread(self, request: Request) -> None:
        partner = self._directory.known(*credentials(request.scope))
        body = await read_small_body(request) if partner is not None else None
        if partner is not None and body is not None:
            self.breakers.excuses.refused_unread(partner.id, body)

    async def _partner(self, request: Request) -> Partner | None:
        partner_id, key = credentials(request.scope)
        return await self._directory.authenticate(partner_id, key) if key else None

    async def _read(self, body: bytes, content_type: str, partner_id: str) -> Reading:
        sets_max = self._settings.max_transaction_sets

        def read() -> Reading:
            if content_type == answers.X12:
                return _own(read_interchange(body, sets_max=sets_max), partner_id)
            tenders, defects = read_json(body, tenders_max=sets_max)
            return Reading(interchange=None, tenders=tenders, defects=defects)

        return read() if len(body) <= PARSED_INLINE_BYTES_MAX else await self._run_blocking(read)

    def _received_at(self, request: Request, partner: Partner, defects: Defects) -> datetime:
        """Our calendar; the partner's own word only where its row allows that (traces carry their clock)."""
        stated = request.headers.get("x-received-at")
        if stated is None or not partner.steered_clock:
            return self._calendar.now()
        try:
            at = datetime.fromisoformat(stated)
        except ValueError:
            at = None
        if at is None or at.tzinfo is None:
            message = f"expected an ISO 8601 time with its zone, seen {stated[:40]!r}"
            defects.add(
                Defect(level=Level.INTERCHANGE, segment="X-Received-At", position=1, code="015", message=message)
            )
            return self._calendar.now()
        return at

    def _malformed(self, request: Request, reading: Reading) -> Response:
        self.metrics.signals.labels("malformed").inc()
        first = reading.defects.found[0]
        self._seldom.info(
            "signal refused", segment=first.segment, element=first.element, code=first.code, reason=first.message
        )
        return self._answer(request, reading, answers.malformed(reading.defects), 400)

    def _answer(self, request: Request, reading: Reading, body: dict[str, Any], status: int) -> Response:
        """A 997 for those who ask for X12 and sent it; JSON for everybody else."""
        if answers.X12 in request.headers.get("accept", "").lower():
            acknowledgment = write_acknowledgment(reading, at=self.clock.now())
            if acknowledgment is not None:
                return answers.x12_answer(acknowledgment, status)
        return answers.json_answer(body, status)

    def _tell(self, found: list[Result]) -> None:
        for result in found:
            self.metrics.signals.labels(result.status).inc()
            told = {"intent_id": result.intent_id, "identity": str(result.identity)}
            if result.status == "accepted":
                _log.info("signal accepted", extra=told)
            else:
                self.metrics.repeats.labels("redis" if result.remembered else "database").inc()
                self._seldom.info("signal repeated", **told)

    def _database_failed(self, error: Exception) -> Response:
        kind: Literal["commit_unknown", "too_late", "unavailable"] = "unavailable"
        if isinstance(error, CommitUnknown):
            kind = "commit_unknown"
        elif isinstance(error, TooLate):
            kind = "too_late"
        self.metrics.database_errors.labels(kind).inc()
        self._seldom.info("database unavailable", kind=kind, reason=str(error)[:300])
        return answers.unavailable(_DATABASE_UNAVAILABLE)


def make_ingest(
    storage: Storage,
    redis_client: Any,
    settings: Settings,
    clock: Clock,
    ids: Ids,
    run_blocking: RunBlocking | None = None,
    calendar: Clock | None = None,
    metrics: Metrics | None = None,
) -> Ingest:
    """What an app is around. `redis_client` is redis-py's or a stand-in.

    A replay passes a `run_blocking` that calls at once. `calendar` says when a signal was received, where that is not
    the clock's to say.
    """
    return Ingest(
        storage,
        redis_client,
        settings,
        clock,
        ids,
        run_blocking or BoundedThreads(settings.database_pool_size),
        run_blocking or BoundedThreads(2),
        run_blocking or BoundedThreads(2, within_s=BREAKERS_WITHIN_S),
        calendar or clock,
        metrics or Metrics(),
    )


def make_app(settings: Settings, metrics: Metrics, ingest: Ingest | None = None) -> Starlette:
    """The ASGI app. Its handlers are those of `app.state.ingest`, whose metrics are `metrics`.

    A replay makes one app and puts another ingest there for each trace; a process has one from the beginning.
    """
    app = Starlette()
    app.state.ingest = ingest
    health = health_routes(
        SERVICE,
        registry=metrics.registry,
        ready=lambda: app.state.ingest.ready(),
        unsafe=settings.unsafe,
        tolerated=("redis",),
    )
    app.router.routes += [
        Route(SIGNALS, _post_signals, methods=["POST"], name="signals"),
        Route("/intents/{intent_id}", _get_intent, methods=["GET"], name="intent"),
        Route("/openapi.json", _openapi, methods=["GET"], name="openapi"),
        *health,
    ]
    app.add_middleware(Guarded)
    app.add_middleware(Measured)
    return app


async def _post_signals(request: Request) -> Response:
    return await _ingest(request).post_signals(request)


async def _get_intent(request: Request) -> Response:
    return await _ingest(request).get_intent(request)


def _ingest(request: Request) -> Ingest:
    ingest: Ingest = request.app.state.ingest
    return ingest


@functools.cache
def _described() -> Response:
    return JSONResponse(document())


async def _openapi(_: Request) -> Response:
    return _described()


def _own(reading: Reading, partner_id: str) -> Reading:
    """The reading, with a defect when the interchange says it comes from somebody else."""
    interchange = reading.interchange
    if interchange is not None and interchange.sender != partner_id:
        message = f"expected the sender {partner_id!r}, who is signed in, seen {interchange.sender!r}"
        reading.defects.add(
            Defect(level=Level.INTERCHANGE, segment="ISA", element=6, position=1, code="006", message=message)
        )
    return reading


def _unauthorized() -> Response:
    return answers.error(401, "expected X-Partner and its key as a bearer token", {"WWW-Authenticate": "Bearer"})
