"""The picture of the breakers: looked at again in time, own changes kept, the last one kept without a database."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from system.ingest.picture import Picture
from system.storage import Breaker, BreakerState, DatabaseUnavailable

AT = datetime(2027, 3, 1, tzinfo=UTC)
OPEN = Breaker(
    partner_id="P1",
    state=BreakerState.OPEN,
    incident_id="I1",
    opened_at=AT,
    probe_after=AT,
    closed_at=None,
    malformed=11,
    duplicates=0,
    refused=0,
    places=(),
    changes=1,
)


class Rows:
    """Stands in for the storage and its breakers; `waits` holds a look up."""

    def __init__(self) -> None:
        self.breakers = self
        self.rows = [OPEN]
        self.looks = 0
        self.gone = False

    def all(self) -> list[Breaker]:
        self.looks += 1
        if self.gone:
            raise DatabaseUnavailable
        return list(self.rows)


def _played(play: Callable[[Picture, Rows, Any, asyncio.Event], Awaitable[None]], clock: Any) -> None:
    async def main() -> None:
        rows, go = Rows(), asyncio.Event()
        go.set()

        async def run(work: Callable[[], Any], /) -> Any:
            found = work()
            await go.wait()
            return found

        await play(Picture(rows, clock, run, fresh_for_s=0.25), rows, clock, go)  # type: ignore[arg-type]

    asyncio.run(main())


def test_looked_at_again_when_it_is_old(running: Any) -> None:
    async def play(picture: Picture, rows: Rows, clock: Any, go: asyncio.Event) -> None:
        assert picture.old
        await asyncio.gather(picture.ready(), picture.ready())
        assert (rows.looks, picture.old, picture.of("P1"), picture.of("P2")) == (1, False, OPEN, None)
        clock.move(0.3)
        assert picture.old
        rows.rows = []
        await picture.read()
        assert picture.of("P1") is None

    _played(play, running.clock)


def test_a_look_that_began_before_a_change_does_not_undo_it(running: Any) -> None:
    async def play(picture: Picture, rows: Rows, clock: Any, go: asyncio.Event) -> None:
        await picture.ready()
        go.clear()
        look = asyncio.create_task(picture.read())
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        half = replace(OPEN, state=BreakerState.HALF_OPEN, changes=2)
        picture.changed(half)
        go.set()
        await look
        assert picture.of("P1") == half
        await picture.read()
        assert picture.of("P1") == OPEN, "what the database says after that stands"

    _played(play, running.clock)


def test_without_a_database(running: Any) -> None:
    async def play(picture: Picture, rows: Rows, clock: Any, go: asyncio.Event) -> None:
        rows.gone = True
        with pytest.raises(DatabaseUnavailable):
            await picture.ready()
        rows.gone = False
        await picture.ready()
        rows.gone = True
        await picture.read()
        assert picture.of("P1") == OPEN

    _played(play, running.clock)
