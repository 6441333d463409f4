"""What is left after a failover: a database, a Redis stand-in, a Motion and an inbox, all steered by the test."""

import asyncio
import json
from collections.abc import Callable, Coroutine, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

import fakeredis
import httpx
import pytest

from system.clock import RandomIds
from system.recovery.database import Asked, DatabaseRecovery, Listing
from system.settings import Settings
from system.storage import NewSignal, Partner, Resolution, State, Storage, create_schema

T = TypeVar("T")
PREFIX = "idempotency:"


@dataclass(slots=True)
class SteeredClock:
    """Stands still until somebody sleeps or moves it; `slept` holds what was slept."""

    at: datetime = field(default_factory=lambda: datetime(2026, 2, 2, 14, tzinfo=UTC))
    slept: list[float] = field(default_factory=list)

    def now(self) -> datetime:
        return self.at

    def monotonic_s(self) -> float:
        return self.at.timestamp()

    async def sleep_s(self, seconds: float) -> None:
        self.at += timedelta(seconds=seconds)
        self.slept.append(seconds)
        await asyncio.sleep(0)


class Aftermath:
    """Everything that a recovery looks at, and what it sent."""

    def __init__(self) -> None:
        self.clock = SteeredClock()
        self.settings = Settings(database_url="sqlite://", resend_window_s=120.0)
        self.storage = Storage.connect(self.settings, clock=self.clock, ids=RandomIds())
        create_schema(self.storage.engine)
        for name in ("P1", "P2"):
            self.storage.partners.upsert(Partner(id=name, name=name, api_key_sha256="0" * 64))
        self.redis = fakeredis.FakeRedis(server=fakeredis.FakeServer())
        self.loads: list[dict[str, Any]] = []
        self.notices: list[dict[str, Any]] = []
        self.motion_status = 200
        self.inbox_down: set[str] = set()
        self.since: str | None = None

    def key(self, text: str, state: str, *, ago_s: float) -> None:
        """An idempotency key that was written `ago_s` seconds ago."""
        at = self.clock.now().timestamp() - ago_s
        value = {"state": state, "intent_id": None, "at": at, "partner": text.partition(":")[0]}
        self.redis.set(PREFIX + text, json.dumps(value))

    def row(self, text: str, *, ago_s: float = 0.0) -> None:
        """A signal whose row survived."""
        partner_id, shipment_id, purpose, version = text.split(":")
        self.storage.signals.accept(
            [
                NewSignal(
                    partner_id=partner_id,
                    shipment_id=shipment_id,
                    purpose=purpose,
                    version=version,
                    control_number="1",
                    content_type="application/edi-x12",
                    raw="ISA",
                    tender={},
                    received_at=self.clock.now() - timedelta(seconds=ago_s),
                )
            ]
        )

    def confirm_all(self) -> None:
        """What was received is confirmed, so that it counts for its load."""
        while (claim := self.storage.claims.claim_received("w", lease_s=60)) is not None:
            self.storage.claims.record_resolution(claim, Resolution(state=State.CONFIRMED, payload={}))

    def load(self, reference: str, *, rank: list[int] | None, status: str = "BOOKED", ago_s: float = 5.0) -> None:
        """A load that stands in Motion."""
        at = (self.clock.now() - timedelta(seconds=ago_s)).isoformat()
        self.loads.append(
            {"load_id": "L1", "reference": reference, "status": status, "rank": rank, "updated_at": at, "content": {}}
        )

    def list_lost(self, **options: Any) -> Listing:
        """The first step."""
        return asyncio.run(self._with(lambda recovery: recovery.list_lost(**options)))

    def ask(self, incident_id: str | None = None) -> Asked:
        """The second step."""
        return asyncio.run(self._with(lambda recovery: recovery.ask_again(incident_id)))

    async def _with(self, work: Callable[[DatabaseRecovery], Coroutine[Any, Any, T]]) -> T:
        async with httpx.AsyncClient(transport=httpx.MockTransport(self._answer)) as client:
            return await work(DatabaseRecovery(self.storage, self.redis, client, self.settings, self.clock))

    def _answer(self, request: httpx.Request) -> httpx.Response:
        if request.url.path == "/loads":
            self.since = request.url.params["since"]
            return httpx.Response(self.motion_status, json={"loads": self.loads, "truncated": False})
        body = json.loads(request.content)
        if body["partner"] in self.inbox_down:
            raise httpx.ConnectError("down")
        self.notices.append({**body, "url": str(request.url), "key": request.headers["Idempotency-Key"]})
        return httpx.Response(202)


@pytest.fixture
def made() -> Iterator[Callable[[], Aftermath]]:
    """Makes as many as are asked for; all are closed at the end."""
    all_made: list[Aftermath] = []

    def make() -> Aftermath:
        all_made.append(Aftermath())
        return all_made[-1]

    yield make
    for one in all_made:
        one.storage.close()
        one.redis.close()


@pytest.fixture
def aftermath(made: Callable[[], Aftermath]) -> Aftermath:
    return made()
