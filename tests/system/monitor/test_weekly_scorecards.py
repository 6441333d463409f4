"""Each partner is sent its card once its week is over: once, over restarts too, and where it wants it."""

import asyncio
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import httpx
import pytest

from system.clock import RandomIds
from system.monitor.delivery import WAITING_MAX, Delivery
from system.monitor.weekly_scorecards import WeeklyScorecards
from system.settings import Settings
from system.storage import DatabaseUnavailable, Partner, Storage, create_schema
from system.storage.blocking import in_place
from system.storage.quality_reviews import week_of
from tests.system.incoming import incoming

SETTINGS = Settings(database_url="sqlite://", trust_window=10, trust_signals_min=5)


@pytest.fixture
def storage(clock: Any) -> Iterator[Storage]:
    storage = Storage.connect(SETTINGS, clock=clock, ids=RandomIds())
    create_schema(storage.engine)
    for partner_id, url in (("P1", "http://p1.invalid/"), ("P2", None), ("P3", None)):
        storage.partners.upsert(Partner(id=partner_id, name=partner_id, api_key_sha256="0" * 64, notice_url=url))
    storage.partners.upsert(Partner(id="T1", name="Traces", api_key_sha256="0" * 64, steered_clock=True))
    yield storage
    storage.close()


def _send(storage: Storage, clock: Any, *partners: str) -> None:
    for number, partner_id in enumerate(partners):
        clock.at += timedelta(seconds=1)
        signal = incoming(
            f"S{number}{clock.at:%H%M%S}",
            partner_id=partner_id,
            at=clock.now(),
            missing=("pickup_at",) if number % 2 else (),
        )
        storage.signals.accept([signal])


class Sending:
    """One monitor process; `waiting` is what it wants delivered."""

    def __init__(self, storage: Storage, clock: Any) -> None:
        client = httpx.AsyncClient(transport=httpx.MockTransport(lambda _: httpx.Response(202)))
        self.delivery = Delivery("http://n", client, clock, addressed=True)
        self.cards = WeeklyScorecards(storage, self.delivery, SETTINGS, clock, run_blocking=in_place)

    def sent(self) -> list[tuple[str, str | None]]:
        asyncio.run(self.cards.step())
        return [(one["body"]["partner"], one["url"]) for one in self.delivery.waiting]


def test_once_a_week_to_whoever_sent_something(storage: Storage, clock: Any) -> None:
    sending, week = Sending(storage, clock), week_of(clock.now())
    _send(storage, clock, "P1", "P1", "P2", "T1")
    assert sending.sent() == [], "the week is not over"
    clock.at += timedelta(days=7)
    assert sending.sent() == sending.sent() == [("P1", "http://p1.invalid/"), ("P2", None)]
    body = sending.delivery.waiting[0]["body"]
    assert (body["kind"], body["week"]) == ("weekly_scorecard", week)
    assert body["message"] == f"Week {week}: 1 of 2 signals stated all that a load needs. Missing: pickup_time (1)."
    assert body["scorecard"]["signals"] == 2
    assert Sending(storage, clock).sent() == [], "nor again after a restart"
    _send(storage, clock, "P3")
    clock.at += timedelta(days=7)
    assert [partner for partner, _ in sending.sent()[2:]] == ["P3"]


def test_a_week_that_went_by_while_nobody_looked(storage: Storage, clock: Any) -> None:
    _send(storage, clock, "P1")
    clock.at += timedelta(days=21)
    sending = Sending(storage, clock)
    assert [partner for partner, _ in sending.sent()] == ["P1"]
    assert storage.scorecards.unsent() == []


def test_what_was_made_and_not_sent_is_sent_after_a_restart(storage: Storage, clock: Any) -> None:
    week = week_of(clock.now() - timedelta(days=7))
    storage.scorecards.keep(week, "P2", {"message": "a week"}, at=clock.now())
    storage.scorecards.keep(week, "P2", {"message": "another"}, at=clock.now())
    (kept,) = storage.scorecards.of_week(week)
    assert (kept.document["message"], kept.sent_at) == ("a week", None)
    assert Sending(storage, clock).sent() == [("P2", None)]
    assert [one.sent_at for one in storage.scorecards.of_week(week)] == [clock.now()]


def test_many_partners_push_no_other_notice_out(storage: Storage, clock: Any) -> None:
    names = [f"P{number:03d}" for number in range(WAITING_MAX)]
    for name in names:
        storage.partners.upsert(Partner(id=name, name=name, api_key_sha256="0" * 64))
    _send(storage, clock, *names)
    clock.at += timedelta(days=7)
    sending = Sending(storage, clock)
    for _ in range(3):
        assert len(sending.sent()) == WAITING_MAX // 2
    assert sending.delivery.dropped == 0
    assert len(storage.scorecards.unsent(1000)) == WAITING_MAX // 2


def test_without_a_database(storage: Storage, clock: Any, caplog: pytest.LogCaptureFixture) -> None:
    async def away(_: Any) -> Any:
        raise DatabaseUnavailable("away")

    sending = Sending(storage, clock)
    cards = WeeklyScorecards(storage, sending.delivery, SETTINGS, clock, run_blocking=away)
    for _ in range(3):
        asyncio.run(cards.step())
    assert [record.message for record in caplog.records] == ["cannot make scorecards: away"]
