"""The app in process: SQLite through the real repositories, a Redis stand-in, a clock that the test moves."""

import asyncio
import hashlib
from collections.abc import Awaitable, Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, TypeVar

import fakeredis
import httpx
import pytest
from sqlalchemy import func, select
from starlette.applications import Starlette

from system.clock import RandomIds
from system.ingest.app import make_app, make_ingest
from system.settings import Settings
from system.storage import Partner, Storage, create_schema, make_engine
from system.storage.schema import METADATA
from system.x12 import Envelope, OutgoingSet, write_interchange

T = TypeVar("T")

KEY = "key-of-P1001"
STEERED_KEY = "key-of-T1"


@dataclass
class SteeredClock:
    """A clock that stands still until it is moved."""

    at: datetime = datetime(2027, 2, 1, 12, tzinfo=UTC)
    elapsed_s: float = 1000.0

    def now(self) -> datetime:
        return self.at

    def monotonic_s(self) -> float:
        return self.elapsed_s

    async def sleep_s(self, seconds: float) -> None:
        self.move(seconds)
        await asyncio.sleep(0)

    def move(self, seconds: float) -> None:
        self.at += timedelta(seconds=seconds)
        self.elapsed_s += seconds


async def run_inline(work: Callable[[], T], /) -> T:
    """Runs blocking work at once, as the replay does."""
    return work()


@dataclass
class Running:
    """One app and what stands behind it; `send` and `get` each make one request."""

    app: Starlette
    storage: Storage
    redis: Any
    clock: SteeredClock
    headers: dict[str, str] = field(
        default_factory=lambda: {
            "Authorization": f"Bearer {KEY}",
            "X-Partner": "P1001",
            "Content-Type": "application/edi-x12",
        }
    )

    def send(self, body: bytes | str, headers: Mapping[str, str] | None = None) -> httpx.Response:
        content = body.encode() if isinstance(body, str) else body
        return self.ask(
            lambda client: client.post("/signals", content=content, headers={**self.headers, **(headers or {})})
        )

    def get(self, path: str, headers: Mapping[str, str] | None = None) -> httpx.Response:
        return self.ask(lambda client: client.get(path, headers={**self.headers, **(headers or {})}))

    def ask(self, ask: Callable[[httpx.AsyncClient], Awaitable[T]]) -> T:
        async def run() -> T:
            transport = httpx.ASGITransport(app=self.app, raise_app_exceptions=False)
            async with httpx.AsyncClient(transport=transport, base_url="http://ingest") as client:
                return await ask(client)

        return asyncio.run(run())

    def rows(self) -> dict[str, int]:
        """How many rows each table of signals holds."""
        with self.storage.engine.connect() as connection:
            return {
                name: connection.execute(select(func.count()).select_from(METADATA.tables[name])).scalar_one()
                for name in ("signals", "intents", "shipments", "transitions")
            }


Start = Callable[..., Running]


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    """Starts an app; keyword arguments change its settings, `storage` and `redis` stand in for the real ones."""
    storages: list[Storage] = []

    def begin(
        *, storage: Any = None, redis: Any = None, threads: bool = False, calendar: Any = None, **changes: Any
    ) -> Running:
        clock, ids = SteeredClock(), RandomIds()
        path = f"/{tmp_path}/{len(storages)}.sqlite" if threads else ""
        settings = Settings(**{"database_url": f"sqlite://{path}", **changes})
        real = Storage(make_engine(settings), clock=clock, ids=ids)
        storages.append(real)
        create_schema(real.engine)
        for partner_id, key, steered in (("P1001", KEY, False), ("P2002", "other", False), ("T1", STEERED_KEY, True)):
            digest = hashlib.sha256(key.encode()).hexdigest()
            real.partners.upsert(Partner(id=partner_id, name=partner_id, api_key_sha256=digest, steered_clock=steered))
        client = redis if redis is not None else fakeredis.FakeRedis()
        used = storage(real) if storage else real
        ingest = make_ingest(used, client, settings, clock, ids, None if threads else run_inline, calendar)
        return Running(app=make_app(settings, ingest.metrics, ingest), storage=real, redis=client, clock=clock)

    yield begin
    for one in storages:
        one.close()


@pytest.fixture
def running(start: Start) -> Running:
    """The app as it is by default."""
    return start()


def tender_segments(shipment_id: str = "SHP1", purpose: str = "00", weight: str = "42000") -> list[tuple[str, ...]]:
    return [
        ("B2", "", "FXCA", "", shipment_id, "", "PP"),
        ("B2A", purpose, "LT"),
        ("S5", "1", "LD"),
        ("G62", "69", "20270301", "Y", "0800", "LT"),
        ("N1", "SF", "ACME PAPER"),
        ("N4", "DALLAS", "TX", "75001", "US"),
        ("S5", "2", "UL"),
        ("G62", "70", "20270302", "Z", "1430", "LT"),
        ("L3", weight, "G"),
    ]


Write = Callable[..., str]


@pytest.fixture
def write() -> Write:
    """Writes one interchange; each argument is a shipment id or the segments of a set."""

    def build(*sets: str | list[tuple[str, ...]], sender: str = "P1001", control_number: str = "77") -> str:
        envelope = Envelope(
            sender=sender, receiver="FREIGHT", control_number=control_number, at=datetime(2027, 2, 1, tzinfo=UTC)
        )
        segments = [tender_segments(one) if isinstance(one, str) else one for one in sets or ("SHP1",)]
        return write_interchange(envelope, "SM", [OutgoingSet(code="204", segments=one) for one in segments])

    return build


@pytest.fixture
def segments_of() -> Callable[..., list[tuple[str, ...]]]:
    """Makes the segments of one tender: shipment id, B2A code, weight."""
    return tender_segments
