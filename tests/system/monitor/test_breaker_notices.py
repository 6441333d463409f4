"""A partner is told once an incident what to mend, where it wants to be told, whatever became of the others."""

import asyncio
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from system.clock import RandomIds
from system.monitor.breaker_notices import BreakerNotices
from system.monitor.delivery import Delivery
from system.monitor.state import StateFile
from system.settings import Settings
from system.storage import Breaker, Partner, Place, Storage, Trip, create_schema
from system.storage.blocking import in_place

SETTINGS = Settings(database_url="sqlite://")


@pytest.fixture
def storage(clock: Any) -> Iterator[Storage]:
    storage = Storage.connect(SETTINGS, clock=clock, ids=RandomIds())
    create_schema(storage.engine)
    for partner_id, url in (("P1", "http://p1.invalid/"), ("P2", None)):
        storage.partners.upsert(Partner(id=partner_id, name=partner_id, api_key_sha256="0" * 64, notice_url=url))
    yield storage
    storage.close()


def _trip(storage: Storage, clock: Any, partner: str) -> Breaker:
    place = Place(segment="G62", element=2, message="expected a date", count=11)
    later = clock.now() + timedelta(seconds=300)
    return storage.breakers.trip(partner, Trip(malformed=11, duplicates=0, places=(place,), probe_after=later))


class Telling:
    """The notices of one monitor process; `waiting` is what it wants delivered."""

    def __init__(self, storage: Any, clock: Any, path: Path | None = None) -> None:
        client = httpx.AsyncClient(transport=httpx.MockTransport(lambda _: httpx.Response(202)))
        self.delivery = Delivery("http://n", client, clock, addressed=True)
        self.notices = BreakerNotices(storage, self.delivery, StateFile(path), SETTINGS, clock, run_blocking=in_place)

    def told(self) -> list[tuple[str, str | None]]:
        asyncio.run(self.notices.step())
        return [(one["body"]["partner"], one["url"]) for one in self.delivery.waiting]


def test_once_an_incident(storage: Storage, clock: Any) -> None:
    telling = Telling(storage, clock)
    assert telling.told() == []
    _trip(storage, clock, "P1")
    assert telling.told() == telling.told() == [("P1", "http://p1.invalid/")]
    body = telling.delivery.waiting[0]["body"]
    assert (body["kind"], body["segment"], body["element"], body["malformed"]) == ("malformed_signals", "G62", 2, 11)
    assert "Please fix X12 segment G62, element 2: expected a date" in body["message"]
    storage.breakers.reset("P1", who="ada", why="", command="c")
    _trip(storage, clock, "P1")
    storage.breakers.reset("P1", who="ada", why="", command="c")
    _trip(storage, clock, "P2")
    assert telling.told()[1:] == [("P1", "http://p1.invalid/"), ("P2", None)], "also when it was over at once"


def test_a_restart(storage: Storage, clock: Any, tmp_path: Path) -> None:
    _trip(storage, clock, "P1")
    assert len(Telling(storage, clock, tmp_path / "state").told()) == 1
    assert Telling(storage, clock, tmp_path / "state").told() == []
    assert len(Telling(storage, clock).told()) == 1, "without a file it stands again"
    storage.breakers.reset("P1", who="ada", why="", command="c")
    clock.move(1)
    assert Telling(storage, clock).told() == [], "and what was over before is not told"


def test_without_a_database(clock: Any) -> None:
    gone = Settings(database_url="mysql+pymysql://freight@127.0.0.1:1/freight")
    storage = Storage.connect(gone, clock=clock, ids=RandomIds())
    telling = Telling(storage, clock)
    assert telling.told() == telling.told() == []


def test_a_partner_whose_receiver_is_down_does_not_keep_the_others_waiting(clock: Any) -> None:
    posted: list[str] = []

    def receive(request: httpx.Request) -> httpx.Response:
        if request.url.host == "down.invalid":
            raise httpx.ConnectError("down")
        posted.append(f"{request.url} {request.content.decode()}")
        return httpx.Response(202)

    async def main() -> None:
        async with httpx.AsyncClient(transport=httpx.MockTransport(receive)) as client:
            delivery = Delivery("http://all.invalid/", client, clock, addressed=True)
            for number, url in enumerate(("http://down.invalid", "no address", None, "http://own.invalid/in")):
                delivery.send({"url": url, "body": {"n": number}})
            running = asyncio.create_task(delivery.run())
            while delivery.delivered < 2:
                await asyncio.sleep(0)
            running.cancel()
            await asyncio.wait([running])

    asyncio.run(main())
    assert [one for one in posted if ".invalid" in one] == [
        'http://all.invalid/ {"n":2}',
        'http://own.invalid/in {"n":3}',
    ]
