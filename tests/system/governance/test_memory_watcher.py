"""Redis over 90 % of its memory is one finding, until there is room again (7.1)."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from system.governance.alerts import REDIS_MEMORY_HIGH
from system.governance.contacts import DEVOPS_LEAD
from system.governance.memory_watcher import MemoryWatcher
from system.settings import Settings


@dataclass(slots=True)
class SteeredClock:
    at: datetime = field(default_factory=lambda: datetime(2027, 3, 1, 8, 0, tzinfo=UTC))

    def now(self) -> datetime:
        self.at += timedelta(seconds=1)
        return self.at

    def monotonic_s(self) -> float:
        return self.at.timestamp()

    async def sleep_s(self, seconds: float) -> None:
        raise AssertionError("nothing here sleeps")


class Server:
    """Says of its memory what the script says: a share of the limit, or how asking ends."""

    def __init__(self, *shares: float | Exception | None) -> None:
        self.shares: Iterator[float | Exception | None] = iter(shares)

    def info(self, section: str) -> dict[str, Any]:
        if section == "memory":
            share = next(self.shares)
            if isinstance(share, Exception):
                raise share
            limit = 6_000_000_000 if share is not None else 0
            return {"used_memory": int((share or 1) * 6_000_000_000), "maxmemory": limit, "maxmemory_policy": "lru"}
        return {"evicted_keys": 7} if section == "stats" else {}


def watcher(*shares: float | Exception | None) -> MemoryWatcher:
    return MemoryWatcher(Server(*shares), Settings(), SteeredClock())


def test_over_the_share_it_is_found_and_with_some_room_it_is_over() -> None:
    looking = watcher(0.5, 0.9, 0.91, 0.99, 0.89, 0.86, 0.85, 0.89, 0.91)
    found = [bool(looking.look()) for _ in range(9)]
    assert found == [False, False, True, True, True, True, False, False, True]


def test_it_is_one_incident_since_it_began_and_calls_the_devops_lead() -> None:
    looking = watcher(0.95, 0.97)
    (first,), (second,) = looking.look(), looking.look()
    assert (first.since, first.labels) == (second.since, second.labels)
    assert first.rule is REDIS_MEMORY_HIGH
    assert (first.rule.summary, first.rule.contact) == ("Redis memory usage > 90%", DEVOPS_LEAD)
    assert first.details == {"used": "5.31gb of 5.59gb"}
    assert "7 keys evicted so far" in first.reason


def test_without_a_limit_it_is_never_full() -> None:
    assert watcher(None).look() == []


def test_one_that_does_not_answer_is_no_finding_and_no_end_of_one() -> None:
    looking = watcher(0.95, OSError("gone"), 0.89)
    assert looking.look()
    with pytest.raises(OSError, match="gone"):
        looking.look()
    assert looking.look()
