"""What runs beside a drill's steps: it is heard when it fails, and ended whatever state it is in."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace

import pytest

from harness.clock import Clock
from harness.environments.base import Capability, Environment
from harness.history import History, Kind
from harness.metric import EventCount, success_ratio
from harness.scenario import BlastRadius, Scenario
from harness.traffic import Stage, ends_within
from harness.watching import Aborted, Watching
from tests.harness.toy_scenario import SHOP_DIES
from tests.toy import ToyEnvironment


@dataclass(frozen=True, slots=True, kw_only=True)
class Plays:
    """A traffic that does what it is told; `steps` is called with its stage."""

    steps: Callable[[Stage], Awaitable[None]]
    name: str = "plays"
    needs: frozenset[Capability] = frozenset()

    async def play(self, stage: Stage) -> None:
        await self.steps(stage)


@dataclass(frozen=True, slots=True, kw_only=True)
class Looks:
    """A probe that cannot look when the shop is dead."""

    every_s: float = 0.001
    name: str = "looks"
    needs: frozenset[Capability] = frozenset()

    async def observe(self, environment: Environment, history: History, clock: Clock) -> None:
        assert isinstance(environment, ToyEnvironment)
        if environment.state == "dead":
            raise ConnectionError("nobody there")
        history.append(actor="probe", kind=Kind.PROBE, action="looked")


def watching(scenario: Scenario, environment: ToyEnvironment | None = None, seed: int = 1) -> Watching:
    clock = Clock()
    return Watching(
        scenario=scenario,
        environment=environment or ToyEnvironment(),
        history=History(clock=clock),
        clock=clock,
        seed=seed,
    )


async def forever(stage: Stage) -> None:
    await asyncio.Event().wait()


async def until_the_end(stage: Stage) -> None:
    await stage.ending.wait()
    stage.history.append(actor="client", kind=Kind.OK, action="last operation")


def test_traffic_ends_its_last_operation_before_the_drill_goes_on() -> None:
    async def go() -> list[str]:
        beside = watching(replace(SHOP_DIES, traffic=(Plays(steps=until_the_end),)))
        beside.start()
        await beside.end_traffic()
        await beside.stop()
        return [event.action for event in beside.history]

    assert asyncio.run(go()) == ["last operation"]


def test_traffic_that_does_not_end_is_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("harness.watching._DRAIN_LIMIT_S", 0.01)

    async def go() -> None:
        beside = watching(replace(SHOP_DIES, traffic=(Plays(steps=forever),)))
        beside.start()
        async with asyncio.timeout(5):
            await beside.end_traffic()
            await beside.stop()
        assert not [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]

    asyncio.run(go())


def test_ending_a_traffic_that_was_never_started_is_nothing() -> None:
    asyncio.run(watching(SHOP_DIES).end_traffic())


def test_traffic_that_died_is_heard_by_whoever_waits() -> None:
    async def dies(stage: Stage) -> None:
        raise RuntimeError("no more")

    async def go() -> None:
        beside = watching(replace(SHOP_DIES, traffic=(Plays(steps=dies),)))
        beside.start()
        try:
            await beside.until([success_ratio.at_least(0.99)], within_s=5, over_s=0.1)
        finally:
            await beside.stop()

    with pytest.raises(RuntimeError, match="no more"):
        asyncio.run(go())


def test_a_probe_that_cannot_look_says_so_and_looks_again() -> None:
    async def go() -> History:
        environment = ToyEnvironment(state="dead")
        beside = watching(replace(SHOP_DIES, traffic=(Plays(steps=forever),), probes=(Looks(),)), environment)
        beside.start()
        while not beside.history.where(action="looks could not look"):
            await asyncio.sleep(0.001)
        environment.state = "running"
        while not beside.history.where(action="looked"):
            await asyncio.sleep(0.001)
        await beside.stop()
        return beside.history

    failed = asyncio.run(go())[0]
    assert failed.kind is Kind.PROBE
    assert failed.value == {"error": "ConnectionError: nobody there"}


def test_the_same_seed_gives_each_traffic_the_same_chances() -> None:
    def drawn(seed: int) -> list[float]:
        numbers: list[float] = []

        async def draws(stage: Stage) -> None:
            numbers.append(stage.random.random())

        async def go() -> None:
            traffic = (Plays(steps=draws), Plays(steps=draws, name="other"))
            beside = watching(replace(SHOP_DIES, traffic=traffic), seed=seed)
            beside.start()
            await beside.end_traffic()

        asyncio.run(go())
        return numbers

    assert drawn(1) == drawn(1)
    assert drawn(1) != drawn(2)
    assert len(set(drawn(1))) == 2


BOUGHT = EventCount(kind=Kind.OK, action="buy")


def waited(operations: int = 0, *, within_s: float = 0.2, over_s: float = 0.05) -> tuple[bool, float, History]:
    async def buys(stage: Stage) -> None:
        while not await ends_within(stage, 0.002):
            stage.history.append(actor="shopper", kind=Kind.OK, action="buy", value={"status": 200})

    async def go() -> tuple[bool, float, History]:
        beside = watching(replace(SHOP_DIES, traffic=(Plays(steps=buys),)))
        beside.start()
        held, _, from_s = await beside.until(
            [success_ratio.at_least(0.99)], within_s=within_s, over_s=over_s, operations=operations
        )
        await beside.stop()
        return held, from_s, beside.history

    return asyncio.run(go())


def test_a_window_is_waited_for_until_it_is_full() -> None:
    held, from_s, history = waited(operations=3, within_s=5)
    assert held
    assert len(history.between(from_s, from_s + 0.05)) >= 3


def test_too_few_operations_do_not_make_a_window() -> None:
    assert waited(operations=10_000)[0] is False


def test_a_window_that_cannot_be_full_in_time_does_not_hold() -> None:
    assert waited(over_s=9.0)[0] is False


ABORTING = replace(
    SHOP_DIES,
    traffic=(Plays(steps=forever),),
    blast_radius=BlastRadius(services=frozenset({"shop"}), abort_if=BOUGHT.at_most(0, for_s=0.02)),
)


def test_the_abort_condition_is_held_against_what_is_seen_only_while_it_is_armed() -> None:
    async def go() -> None:
        beside = watching(ABORTING)
        beside.start()
        held, _, _ = await beside.until([BOUGHT.at_least(1)], within_s=0.1, over_s=0.01)
        assert not held
        beside.arm_abort()
        try:
            await beside.until([BOUGHT.at_least(1)], within_s=5, over_s=0.01)
        finally:
            await beside.stop()

    with pytest.raises(Aborted, match=r"ok buy at most 0 for 0\.02 s"):
        asyncio.run(go())
