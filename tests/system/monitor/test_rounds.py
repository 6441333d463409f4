"""The rounds: once when it begins, once when it is over, in the same words, over a restart too."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest

from system.clock import Clock
from system.governance.alerts import AlertRule
from system.governance.findings import Finding
from system.monitor.delivery import Delivery
from system.monitor.rounds import Rounds
from system.monitor.state import TOLD_MAX, StateFile
from system.settings import Settings
from system.storage.blocking import in_place

AT = datetime(2026, 2, 2, 14, tzinfo=UTC)
RULE = AlertRule(name="Open", summary="{partner} is open, {count} refused", description="d", runbook="r")
OTHER = AlertRule(name="Other", summary="other", description="d", runbook="r")
OF_P1 = Finding(rule=RULE, labels={"partner": "P1"}, details={"count": "11"}, since=AT, reason="eleven in a minute")
OF_P2 = replace(OF_P1, labels={"partner": "P2"})


@dataclass(slots=True)
class Script:
    """Finds what the script says, the last again and again."""

    looks: list[Sequence[Finding] | Exception]
    rules: tuple[AlertRule, ...] = (RULE,)
    looked: int = 0

    def look(self) -> Sequence[Finding]:
        now = self.looks[min(self.looked, len(self.looks) - 1)]
        self.looked += 1
        if isinstance(now, Exception):
            raise now
        return now


@dataclass(slots=True)
class Desk:
    """Rounds whose messages are not delivered but kept."""

    clock: Clock
    path: Path | None = None
    sent: list[dict[str, Any]] = field(default_factory=list)

    def rounds(self, *watchers: Script) -> Rounds:
        delivery = Delivery("http://inbox.invalid", httpx.AsyncClient(), self.clock)
        delivery.send = self.sent.append  # type: ignore[method-assign, assignment]
        return Rounds(watchers, delivery, StateFile(self.path), Settings(), self.clock, run_blocking=in_place)

    def go(self, *watchers: Script, times: int = 1) -> list[tuple[str, str]]:
        """What was told on so many rounds, as status and summary."""
        before = len(self.sent)
        rounds = self.rounds(*watchers)

        async def walk() -> None:
            for _ in range(times):
                for watcher in watchers:
                    await rounds.step(watcher)

        asyncio.run(walk())
        return [(one["status"], one["alerts"][0]["annotations"]["summary"]) for one in self.sent[before:]]


@pytest.fixture
def desk(clock: Clock, tmp_path: Path) -> Desk:
    return Desk(clock, tmp_path / "state.json")


def test_each_finding_is_told_once_and_its_end_in_the_same_words(desk: Desk) -> None:
    more = replace(OF_P1, details={"count": "15"})
    told = desk.go(Script([[], [OF_P1], [more, OF_P2], [more], []]), times=7)
    assert told == [
        ("firing", "P1 is open, 11 refused"),
        ("firing", "P2 is open, 11 refused"),
        ("resolved", "P2 is open, 11 refused"),
        ("resolved", "P1 is open, 11 refused"),
    ]
    first, last = (desk.sent[number]["alerts"][0] for number in (0, -1))
    assert first["fingerprint"] == last["fingerprint"]
    assert (first["annotations"]["reason"], first["annotations"]["count"]) == ("eleven in a minute", "11")
    assert "count" not in first["labels"]
    assert first["startsAt"] == last["startsAt"] == "2026-02-02T14:00:00Z"


def test_what_cannot_be_looked_at_is_not_over(desk: Desk) -> None:
    told = desk.go(Script([[OF_P1], OSError("away"), RuntimeError("broken"), [OF_P1], []]), times=5)
    assert [status for status, _ in told] == ["firing", "resolved"]


def test_a_restart_tells_nothing_twice_and_forgets_no_end(desk: Desk) -> None:
    assert len(desk.go(Script([[OF_P1, OF_P2]]))) == 2
    assert desk.go(Script([[OF_P1]])) == [("resolved", "P2 is open, 11 refused")]
    assert desk.go(Script([[OF_P1]]), times=3) == []


def test_a_watcher_ends_only_what_is_its_own(desk: Desk) -> None:
    other = Script([[Finding(rule=OTHER, labels={}, since=AT)]], rules=(OTHER,))
    told = desk.go(Script([[OF_P1]]), other, times=3)
    assert [status for status, _ in told] == ["firing", "firing"]


def test_more_than_anybody_can_read_is_cut_off(desk: Desk) -> None:
    flood = [replace(OF_P1, labels={"partner": f"P{number}"}) for number in range(TOLD_MAX + 7)]
    assert len(desk.go(Script([flood]), times=2)) == TOLD_MAX
    assert len(StateFile(desk.path).remembered.told) == TOLD_MAX


def test_a_text_without_an_end_is_told_shortened(desk: Desk) -> None:
    ((status, summary),) = desk.go(Script([[replace(OF_P1, details={"count": "1" * 5_000})]]), times=2)
    assert (status, len(summary)) == ("firing", len("P1 is open,  refused") + 1_000)


def test_one_that_waits_holds_up_nobody_else(clock: Clock) -> None:
    """A watcher whose server hangs keeps its own thread and nothing more."""
    desk = Desk(clock)
    slow, quick = Script([[]]), Script([[OF_P1]])

    async def run_blocking(work: Any, /) -> Any:
        if work.__self__ is slow:
            await asyncio.Event().wait()
        return work()

    async def main() -> None:
        rounds = desk.rounds(slow, quick)
        rounds._run_blocking = run_blocking
        running = asyncio.create_task(rounds.run())
        async with asyncio.timeout(30):
            while quick.looked < 3:
                await asyncio.sleep(0)
        running.cancel()
        await asyncio.wait([running])

    asyncio.run(main())
    assert len(desk.sent) == 1
