"""Several are resolved at a time, one that fails keeps no other from it, and each is told as it is done."""

import asyncio
from datetime import UTC, datetime
from typing import Any, cast

from system.agents.motion import MotionUnavailable
from system.recovery import resolving
from system.recovery.agent_timeout import AgentTimeoutRecovery, NotStuck, Settled
from system.recovery.resolving import Resolved, resolve_several

AT = datetime(2027, 3, 1, tzinfo=UTC)


class Slow:
    """A recovery in which each settling waits until as many are under way as may be."""

    def __init__(self, in_vain: dict[str, datetime] | None = None, *, wanted: int = 1) -> None:
        self.in_vain, self.wanted = in_vain or {}, wanted
        self.under_way, self.most = 0, 0
        self.enough = asyncio.Event()

    async def tried_in_vain(self) -> dict[str, datetime]:
        return self.in_vain

    async def resolve(self, intent_id: str) -> Settled:
        return await self._settle(intent_id)

    async def give_up(self, intent_id: str, *, since: datetime) -> Settled:
        assert since == self.in_vain[intent_id]
        return await self._settle(intent_id)

    async def _settle(self, intent_id: str) -> Settled:
        self.under_way += 1
        self.most = max(self.most, self.under_way)
        if self.under_way == self.wanted:
            self.enough.set()
        await self.enough.wait()
        await asyncio.sleep(0)
        self.under_way -= 1
        if intent_id.startswith("gone"):
            raise NotStuck(f"there is no intent {intent_id}")
        if intent_id.startswith("silent"):
            raise MotionUnavailable("timed out")
        return Settled(intent_id=intent_id, outcome="FAILED")


def resolved(recovery: Slow, *intent_ids: str) -> tuple[Resolved, list[str]]:
    told: list[str] = []
    work = resolve_several(
        cast("AgentTimeoutRecovery", recovery), intent_ids, done=lambda one: told.append(one.intent_id)
    )
    return asyncio.run(work), told


def test_each_that_is_named_is_settled_once_whatever_becomes_of_the_others() -> None:
    found, told = resolved(Slow(), "a", "gone", "b", "silent", "a")
    assert sorted(told) == ["a", "b"]
    assert [one.intent_id for one in found.settled] == told
    assert found.left == ["there is no intent gone"]
    (reason,) = found.not_final
    assert reason.startswith("silent: Motion does not say")
    assert found.as_json()["resolved"][0] == {"intent_id": told[0], "outcome": "FAILED", "load_id": None}


def test_without_names_all_that_is_tried_in_vain_is() -> None:
    found, told = resolved(Slow({"a": AT, "b": AT}))
    assert sorted(told) == ["a", "b"]
    assert len(found.settled) == 2
    assert resolved(Slow())[0] == Resolved()


def test_so_many_are_under_way_at_a_time_and_no_more() -> None:
    recovery = Slow({str(number): AT for number in range(30)}, wanted=resolving.AT_A_TIME)
    found, _ = resolved(recovery)
    assert recovery.most == resolving.AT_A_TIME
    assert len(found.settled) == 30


def test_a_reason_is_kept_for_each() -> None:
    found: Any = resolved(Slow(), "gone one", "gone two")[0]
    assert sorted(found.left) == ["there is no intent gone one", "there is no intent gone two"]
