"""The TTL of idempotency keys is what operators said last, as soon as the process has looked."""

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from system.storage import DatabaseUnavailable, OperatorAction
from system.storage.live_settings import IDEMPOTENCY_TTL_S

ACTION = OperatorAction(who="ada", command="redis ttl", what={}, why="full")


def look(running: Any) -> int:
    asyncio.run(running.app.state.ingest.live_ttl.look())
    return int(running.app.state.ingest.live_ttl.seconds)


def test_until_somebody_says_otherwise_the_setting_counts(start: Callable[..., Any]) -> None:
    assert look(start(idempotency_ttl_s=500)) == 500


def test_what_is_said_counts_for_the_keys_that_are_set_from_then_on(running: Any, write: Any) -> None:
    running.send(write("SHP1"))
    running.storage.live_settings.change(IDEMPOTENCY_TTL_S, 43_200, ACTION)
    running.send(write("SHP2"))
    assert look(running) == 43_200
    running.send(write("SHP3"))
    lives_s = [running.redis.ttl(f"idempotency:P1001:SHP{number}:original:1") for number in (1, 2, 3)]
    assert [round(life_s, -2) for life_s in lives_s] == [86_400, 86_400, 43_200]


@pytest.mark.parametrize("nonsense", ["soon", 0, -1, 10**9, 1.5, True])
def test_nonsense_changes_nothing(nonsense: Any, running: Any) -> None:
    running.storage.live_settings.change(IDEMPOTENCY_TTL_S, 43_200, ACTION)
    assert look(running) == 43_200
    running.storage.live_settings.change(IDEMPOTENCY_TTL_S, nonsense, ACTION)
    assert look(running) == 43_200


def test_while_the_database_is_away_what_was_seen_last_counts(running: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    running.storage.live_settings.change(IDEMPOTENCY_TTL_S, 43_200, ACTION)
    assert look(running) == 43_200

    def fail() -> None:
        raise DatabaseUnavailable("gone")

    monkeypatch.setattr(running.storage.live_settings, "all", fail)
    assert look(running) == 43_200


def test_it_looks_again_and_again(running: Any) -> None:
    ttl = running.app.state.ingest.live_ttl

    async def watch() -> None:
        looking = asyncio.create_task(ttl.run())
        async with asyncio.timeout(30):
            for said in (43_200, 3_600):
                running.storage.live_settings.change(IDEMPOTENCY_TTL_S, said, ACTION)
                while ttl.seconds != said:
                    await asyncio.sleep(0)
        looking.cancel()
        await asyncio.wait([looking])

    asyncio.run(watch())
