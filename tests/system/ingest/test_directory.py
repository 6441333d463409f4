"""Partners: read seldom, changed keys noticed soon, remembered while the database is away."""

import asyncio
import hashlib
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

import pytest

from system.ingest.directory import FRESH_FOR_S, Directory
from system.storage import DatabaseUnavailable, Partner

T = TypeVar("T")


class Clock:
    """A clock that stands still until it is moved."""

    elapsed_s = 0.0

    def monotonic_s(self) -> float:
        return self.elapsed_s


class Rows:
    """Stands in for the storage and its partners; counts how often it is asked."""

    def __init__(self) -> None:
        self.partners = self
        self.keys = {"P1": "one"}
        self.asked = 0
        self.error: Exception | None = None

    def all(self) -> list[Partner]:
        self.asked += 1
        if self.error:
            raise self.error
        return [
            Partner(id=name, name=name, api_key_sha256=hashlib.sha256(key.encode()).hexdigest())
            for name, key in self.keys.items()
        ]


async def inline(work: Callable[[], T], /) -> T:
    return work()


class Asked:
    """A directory with its rows and clock."""

    def __init__(self) -> None:
        self.rows, self.clock = Rows(), Clock()
        run: Callable[[Callable[[], Any]], Awaitable[Any]] = inline
        self.directory = Directory(self.rows, self.clock, run)  # type: ignore[arg-type]

    def __call__(self, partner_id: str, key: str) -> bool:
        async def run() -> bool:
            found = await self.directory.authenticate(partner_id, key)
            await asyncio.sleep(0)  # what it started and did not wait for
            return found is not None

        return asyncio.run(run())


@pytest.fixture
def ask() -> Asked:
    return Asked()


def test_the_key_decides(ask: Asked) -> None:
    assert ask("P1", "one")
    assert not ask("P1", "two")
    assert not ask("P1", "")
    assert not ask("P2", "one")
    assert not ask("P2", "")
    assert not ask("", "")


def test_rows_are_read_once_for_many_requests_and_strangers(ask: Asked) -> None:
    for number in range(100):
        ask("P1", "one")
        ask(f"stranger-{number}", "x")
    assert ask.rows.asked == 1
    ask.clock.elapsed_s += FRESH_FOR_S
    assert ask("P1", "one")
    assert ask.rows.asked == 2


def test_a_changed_key_is_noticed_within_a_second(ask: Asked) -> None:
    assert ask("P1", "one")
    ask.rows.keys = {"P1": "new", "P2": "two"}
    assert not ask("P1", "new")
    ask.clock.elapsed_s += 1
    assert ask("P1", "new")
    assert ask("P2", "two")


@pytest.mark.parametrize("error", [DatabaseUnavailable("gone")])
def test_what_was_read_stays_while_the_database_is_away(error: Exception, ask: Asked) -> None:
    assert ask("P1", "one")
    ask.rows.error = error
    ask.clock.elapsed_s += 3600
    for _ in range(10):
        assert ask("P1", "one")
    assert ask.rows.asked == 2


def test_without_any_rows_nobody_can_be_told_anything(ask: Asked) -> None:
    ask.rows.error = DatabaseUnavailable("gone")
    for _ in range(10):
        with pytest.raises(DatabaseUnavailable):
            ask("P1", "one")
    assert ask.rows.asked == 1
    ask.rows.error = None
    ask.clock.elapsed_s += 1
    assert ask("P1", "one")


def test_many_requests_share_one_reading(ask: Asked) -> None:
    async def run() -> None:
        found = await asyncio.gather(*(ask.directory.authenticate("P1", "one") for _ in range(50)))
        assert all(found)

    asyncio.run(run())
    assert ask.rows.asked == 1
