"""The order of a drill, and that healing follows whatever happens, on a toy environment and real event loops."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace

import pytest

from harness.drill import run_drill
from harness.faults import Noop
from harness.history import History, Kind
from harness.judging import judge_history
from harness.metric import EventCount, Gauge, success_ratio
from harness.scenario import BlastRadius, Heal, Recovery, Scenario
from harness.steps import HealFault, Inject, SeeSymptoms, Step, WaitFor
from harness.verdict import Outcome
from tests.harness.toy_scenario import REFUSED, SHOP_DIES, Shoppers
from tests.toy import ToyEnvironment


def drilled(scenario: Scenario, environment: ToyEnvironment | None = None) -> History:
    return asyncio.run(run_drill(scenario, environment or ToyEnvironment(), seed=1))


def phases(history: History) -> list[str]:
    return [event.value["phase"] for event in history.where(kind=Kind.STEP, action="phase")]


def test_a_drill_takes_its_fixed_order_and_passes() -> None:
    environment = ToyEnvironment()
    history = drilled(SHOP_DIES, environment)
    assert phases(history) == ["gate", "inject", "recover", "heal", "wait", "judge"]
    assert environment.log == ["kill shop", "open back door", "start shop"]
    judgement = judge_history(SHOP_DIES, history)
    assert judgement.outcome is Outcome.PASS, judgement
    assert judgement.claims == {"0.1": Outcome.PASS, "0.2": Outcome.PASS}


def test_recovery_is_judged_before_healing() -> None:
    """A system that comes back only because the harness healed it fails, on that ground."""
    helpless = replace(SHOP_DIES, recovery=Recovery(steps=(), done_when=SHOP_DIES.steady_state, limit_s=0.3))
    judgement = judge_history(helpless, drilled(helpless))
    failed = {verdict.checker for verdict in judgement.course if verdict.outcome is Outcome.FAIL}
    assert failed == {"RecoveredWhileTheFaultStood"}


def test_a_scenario_may_say_that_healing_is_its_recovery() -> None:
    healed = replace(SHOP_DIES, recovery=Heal())
    assert judge_history(healed, drilled(healed)).outcome is Outcome.PASS


def test_an_injector_that_does_nothing_ends_unknown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("harness.drill._EVIDENCE_WITHIN_S", 0.2)
    idle = SHOP_DIES.without_injectors()
    assert all(isinstance(fault, Noop) for fault in idle.faults)
    history = drilled(idle)
    judgement = judge_history(idle, history)
    assert judgement.outcome is Outcome.UNKNOWN
    unknown = {verdict.checker for verdict in judgement.premises if verdict.outcome is Outcome.UNKNOWN}
    assert "FaultsBit" in unknown
    assert set(judgement.claims.values()) == {Outcome.UNKNOWN}
    assert phases(history)[-1] == "judge"


def test_no_steady_state_is_unknown_and_nothing_is_broken() -> None:
    environment, impatient = ToyEnvironment(state="dead"), replace(SHOP_DIES, steady_within_s=0.3)
    history = drilled(impatient, environment)
    assert environment.log == []
    judgement = judge_history(impatient, history)
    premises = {verdict.checker: verdict.outcome for verdict in judgement.premises}
    assert premises["SteadyStateFirst"] is premises["FaultsBit"] is judgement.outcome is Outcome.UNKNOWN


def test_too_little_traffic_is_unknown() -> None:
    demanding = replace(SHOP_DIES, operations_at_least=1000, steady_within_s=0.3)
    environment = ToyEnvironment()
    assert judge_history(demanding, drilled(demanding, environment)).outcome is Outcome.UNKNOWN
    assert environment.log == []


def test_healing_follows_an_error_of_the_schedule() -> None:
    async def broken(scenario: Scenario) -> AsyncIterator[Step]:
        yield Inject(fault=scenario.faults[0])
        raise ValueError("a mistake in a plan")

    environment = ToyEnvironment()
    with pytest.raises(ValueError, match="a mistake in a plan"):
        drilled(replace(SHOP_DIES, schedule=broken), environment)
    assert environment.log == ["kill shop", "start shop"]


def test_healing_follows_cancellation_even_when_repeated() -> None:
    """As Ctrl-C does: the first cancels the drill, and another one does not cut the healing short."""
    environment = ToyEnvironment()

    async def slow_start(service: str) -> object:
        await asyncio.sleep(0.05)
        environment.log.append("healed")
        environment.state = "running"
        return environment.process(service)

    environment.start = slow_start  # type: ignore[method-assign,assignment]
    stuck = replace(SHOP_DIES, recovery=Recovery(steps=(), done_when=(REFUSED.at_most(0),), limit_s=30))

    async def interrupted() -> None:
        task = asyncio.create_task(run_drill(stuck, environment, seed=1))
        while "kill shop" not in environment.log:
            await asyncio.sleep(0.005)
        for _ in range(3):
            task.cancel()
            await asyncio.sleep(0.01)
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(interrupted())
    assert environment.log[-1] == "healed"


def test_the_drill_aborts_when_the_blast_radius_says_so() -> None:
    radius = BlastRadius(services=frozenset({"shop"}), abort_if=success_ratio.at_most(0.0, for_s=0.1))
    hopeless = replace(
        SHOP_DIES, blast_radius=radius, recovery=Recovery(steps=(), done_when=SHOP_DIES.steady_state, limit_s=30)
    )
    history = drilled(hopeless)
    assert any("success ratio" in event.value["reason"] for event in history.where(action="stopped"))
    assert judge_history(hopeless, history).outcome is not Outcome.PASS


def test_traffic_that_dies_is_an_error_and_not_a_verdict() -> None:
    with pytest.raises(RuntimeError, match="went home"):
        drilled(replace(SHOP_DIES, traffic=(Shoppers(breaks=True),)))


@pytest.mark.parametrize("fresh", [False, True])
def test_a_wait_may_leave_out_what_was_seen_before_it_began(fresh: bool) -> None:
    """The sales of the gate are there at once, and fresh ones have to come first."""

    async def waits(scenario: Scenario) -> AsyncIterator[Step]:
        sold = EventCount(kind=Kind.OK, action="buy")
        yield WaitFor(what="sales", conditions=(sold.at_least(1),), within_s=10, over_s=0.2, fresh=fresh)
        yield Inject(fault=scenario.faults[0])
        yield SeeSymptoms()

    history = drilled(replace(SHOP_DIES, schedule=waits, recovery=Heal()))
    (waited,) = history.where(kind=Kind.STEP, action="wait")
    assert waited.value["held"] is True
    assert (waited.value["after_s"] >= 0.2) is fresh


def test_a_schedule_of_its_own_can_heal_a_fault_early() -> None:
    async def early(scenario: Scenario) -> AsyncIterator[Step]:
        fault = scenario.faults[0]
        yield Inject(fault=fault)
        yield SeeSymptoms()
        yield HealFault(fault=fault)
        yield WaitFor(what="sales", conditions=scenario.steady_state, within_s=3, over_s=0.1)

    environment = ToyEnvironment()
    history = drilled(replace(SHOP_DIES, schedule=early), environment)
    assert environment.log == ["kill shop", "start shop"]
    assert [event.action for event in history.where(kind=Kind.HEAL)] == ["kill"]


def test_a_scenario_says_how_long_its_work_may_take_to_settle() -> None:
    """Without an end to it a drill that left work undone would wait for what never comes."""
    never = replace(SHOP_DIES, settle=(Gauge(probe="nobody", field="looks").at_most(0),), settle_within_s=0.05)
    (settled,) = drilled(never).where(action="settled")
    assert settled.value["held"] is False
    assert 0.05 <= settled.value["after_s"] < 10
