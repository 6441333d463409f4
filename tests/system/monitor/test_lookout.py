"""The lookout: one look of everybody tells what the background would have told, and leaves nothing out."""

import asyncio
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx

from system.clock import Clock, RandomIds
from system.monitor.lookout import Lookout
from system.monitor.state import StateFile
from system.settings import Settings
from system.storage import Partner, Storage, Trip, create_schema
from system.storage.blocking import in_place

AT = datetime(2027, 3, 1, 8, tzinfo=UTC)


def _storage(path: Path, clock: Clock) -> Storage:
    settings = Settings(database_url=f"sqlite:///{path / 'freight.db'}")
    storage = Storage.connect(settings, clock=clock, ids=RandomIds())
    create_schema(storage.engine)
    storage.partners.upsert(Partner(id="P1", name="P1", api_key_sha256="0" * 64))
    storage.breakers.trip("P1", Trip(malformed=11, duplicates=0, places=(), probe_after=AT))
    return storage


def _looks(storage: Storage, clock: Clock, times: int, *, down: bool = False) -> list[tuple[str, dict[str, Any]]]:
    told: list[tuple[str, dict[str, Any]]] = []

    def receive(request: httpx.Request) -> httpx.Response:
        told.append((request.url.host, json.loads(request.content)))
        return httpx.Response(503 if down else 200)

    settings = Settings(alert_webhook_url="http://alerts.invalid", notice_webhook_url="http://notices.invalid")

    async def main() -> None:
        async with httpx.AsyncClient(transport=httpx.MockTransport(receive)) as client:
            lookout = Lookout(storage, None, client, StateFile(None), settings, clock, run_blocking=in_place)
            assert len(lookout.background) == 7
            for _ in range(times):
                await lookout.look_once()

    asyncio.run(main())
    return told


def test_one_look_alerts_and_tells_the_partner_and_the_next_says_nothing_new(tmp_path: Path, clock: Clock) -> None:
    storage = _storage(tmp_path, clock)
    told = _looks(storage, clock, 2)
    assert [host for host, _ in told] == ["alerts.invalid", "notices.invalid"]
    assert told[0][1]["alerts"][0]["labels"]["partner"] == "P1"
    assert told[1][1]["kind"] == "malformed_signals"
    storage.close()


def test_a_receiver_that_is_down_keeps_nobody_waiting_and_is_tried_again(tmp_path: Path, clock: Clock) -> None:
    storage = _storage(tmp_path, clock)
    told = _looks(storage, clock, 3, down=True)
    assert [host for host, _ in told] == ["alerts.invalid", "notices.invalid"] * 3
    storage.close()
