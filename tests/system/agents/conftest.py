"""The system's middle in one process: SQLite in memory, the world's model and Motion behind their real routes."""

import asyncio
from collections.abc import Callable, Coroutine, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
from pydantic import SecretStr

from scenarios.world.llm import LanguageModel as WorldModel
from scenarios.world.llm import app as model_app
from scenarios.world.motion import Motion as WorldMotion
from scenarios.world.motion import app as motion_app
from scenarios.world.tenders import X12, Batch
from system.agents.agents import Agents, booking_agent
from system.agents.motion import Motion
from system.clock import RandomIds
from system.resolver.model import LanguageModel
from system.resolver.resolver import Resolver
from system.settings import Settings
from system.storage import Accepted, NewSignal, Partner, Storage, create_schema
from system.storage.blocking import in_place
from system.storage.crew import Surroundings
from system.x12 import read_interchange, read_json

KEY = "fixture-key"


@dataclass(slots=True)
class SteeredClock:
    """Stands still until somebody sleeps or moves it."""

    at: datetime = field(default_factory=lambda: datetime(2027, 3, 1, 8, 0, tzinfo=UTC))

    def now(self) -> datetime:
        return self.at

    def monotonic_s(self) -> float:
        return self.at.timestamp()

    async def sleep_s(self, seconds: float) -> None:
        self.move(seconds)
        await asyncio.sleep(0)

    def move(self, seconds: float) -> None:
        self.at += timedelta(seconds=seconds)


class Middle:
    """Storage, resolver and agents, between a model and a Motion; `run` gives each piece of work one event loop."""

    def __init__(self, settings: Settings) -> None:
        self.clock = SteeredClock()
        self.settings = settings
        self.storage = Storage.connect(settings, clock=self.clock, ids=RandomIds())
        create_schema(self.storage.engine)
        self.storage.partners.upsert(Partner(id="P1", name="One", api_key_sha256="0" * 64, autonomy_tier=3))
        self.model, self.motion = WorldModel(api_key=KEY), WorldMotion(api_key=KEY)
        self.calls: list[httpx.Request] = []
        """What was asked of the outside, in order."""
        self.outage: Callable[[httpx.Request], httpx.Response | None] = lambda request: None
        """Answers instead of the outside parties when it returns a response, or raises."""

    def accept(self, *batches: Batch) -> list[Accepted]:
        """Stores what ingest would store of `batches`."""
        return [one for batch in batches for one in self.storage.signals.accept(signals_of(batch, self.clock.now()))]

    def run(self, work: Callable[[Resolver, Agents], Coroutine[Any, Any, None]]) -> None:
        asyncio.run(self._run(work))

    async def _run(self, work: Callable[[Resolver, Agents], Coroutine[Any, Any, None]]) -> None:
        around = Surroundings(settings=self.settings, clock=self.clock, ids=RandomIds(), run_blocking=in_place)
        async with self.client() as client:
            resolver = Resolver(self.storage, LanguageModel(client, self.settings), around)
            agent = booking_agent(self.storage, Motion(client, self.settings), around)
            await work(resolver, Agents(self.storage, agent, around))

    def client(self) -> httpx.AsyncClient:
        """One whose requests go to this Motion and this model."""
        return httpx.AsyncClient(transport=_Outside(self), trust_env=False)

    def settle(self, *, steps_max: int = 2000) -> None:
        """Steps until nothing is left to do; time moves when everything waits."""

        async def work(resolver: Resolver, agents: Agents) -> None:
            idle = 0
            for _ in range(steps_max):
                idle = 0 if await resolver.step() or await agents.step() else idle + 1
                if idle > 3:
                    return
                if idle:
                    self.clock.move(120)
            raise AssertionError("does not come to rest")

        self.run(work)

    def loads(self, reference: str) -> list[dict[str, Any]]:
        return self.motion.loads.search(reference, None, 100)[0]

    def writes(self) -> list[str]:
        """The keys of what was written into Motion, in order."""
        return [entry["booking_key"] for entry in self.motion.loads.ledger]


class _Outside(httpx.AsyncBaseTransport):
    def __init__(self, middle: Middle) -> None:
        self._middle = middle
        self._apps = {
            "model": httpx.ASGITransport(app=model_app(middle.model)),
            "motion": httpx.ASGITransport(app=motion_app(middle.motion)),
        }

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        self._middle.calls.append(request)
        instead = self._middle.outage(request)
        return instead or await self._apps[request.url.host].handle_async_request(request)


def signals_of(batch: Batch, received_at: datetime) -> list[NewSignal]:
    """The signals of a batch, as ingest makes them."""
    if batch.content_type == X12:
        tenders = read_interchange(batch.body).tenders
    else:
        tenders, defects = read_json(batch.body)
        assert not defects
    assert tenders
    return [
        NewSignal(
            partner_id=batch.tenders[0].partner,
            shipment_id=read.tender.shipment_id,
            purpose=read.tender.purpose,
            version=read.tender.version,
            control_number=read.control_number,
            content_type=batch.content_type,
            raw=read.raw,
            tender=read.tender.model_dump(mode="json"),
            received_at=received_at,
        )
        for read in tenders
    ]


@pytest.fixture
def make_middle() -> Iterator[Callable[..., Middle]]:
    made: list[Middle] = []

    def make(**settings: Any) -> Middle:
        key = SecretStr(KEY)
        addresses = {"llm_base_url": "http://model/v1", "motion_base_url": "http://motion"}
        keys = {"llm_api_key": key, "motion_api_key": key}
        made.append(Middle(Settings(**{"database_url": "sqlite://", **addresses, **keys, **settings})))
        return made[-1]

    yield make
    for middle in made:
        middle.storage.close()


@pytest.fixture
def middle(make_middle: Callable[..., Middle]) -> Middle:
    return make_middle()
