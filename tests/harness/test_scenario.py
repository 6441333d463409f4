"""A scenario is checked when it is declared, and says what to write instead."""

import asyncio
from dataclasses import replace
from typing import Any

import pytest

from harness.environments.base import Capability
from harness.faults import Kill, Latency, Noop
from harness.metric import success_ratio
from harness.scenario import BlastRadius, Hold, NegativeControl, Scenario, ScenarioError, fixed_order
from harness.steps import Inject, Operate, SeeSymptoms
from harness.topology import TopologyError
from tests.harness.toy_scenario import SHOP_DIES
from tests.toy import TOPOLOGY


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"name": "shop dies"}, "must be a Python identifier"),
        ({"traffic": ()}, "wants traffic and a steady state"),
        ({"steady_state": ()}, "wants traffic and a steady state"),
        ({"faults": ()}, "wants at least one fault"),
        ({"invariants": ()}, "wants invariants"),
        ({"invariants": SHOP_DIES.invariants * 2}, "two invariants of one name"),
        ({"negative_controls": ()}, "a drill that cannot fail proves nothing"),
        ({"symptoms": ()}, "wants a symptom"),
        (
            {"negative_controls": (NegativeControl(name="x", settings={}, must_fail="Nothing", why=""),)},
            "must fail 'Nothing', which is none of its invariants: SomethingWasBought",
        ),
    ],
)
def test_misuse_fails_when_declared(change: dict[str, Any], message: str) -> None:
    with pytest.raises(ScenarioError, match=message):
        replace(SHOP_DIES, **change)


@pytest.mark.parametrize(
    ("scenario", "error", "message"),
    [
        (replace(SHOP_DIES, faults=(Kill(service="bank"),)), ScenarioError, "kill wants 'bank', which is not there"),
        (
            replace(SHOP_DIES, faults=(Kill(service="inbox"),)),
            ScenarioError,
            "kill of inbox lies outside the blast radius",
        ),
        (
            replace(SHOP_DIES, blast_radius=BlastRadius(services=frozenset({"bank"}))),
            ScenarioError,
            "no service bank in its blast radius",
        ),
        (replace(SHOP_DIES, settings={"bank.size": "9"}), TopologyError, "there is no service 'bank'"),
    ],
)
def test_what_the_topology_has_not_got_is_refused(scenario: Scenario, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        scenario.check_against(TOPOLOGY)


def test_a_fault_of_a_link_is_within_the_radius_of_either_end() -> None:
    replace(SHOP_DIES, faults=(Latency(link="clients->shop", latency_ms=5),)).check_against(TOPOLOGY)


def test_needs_are_those_of_all_its_parts() -> None:
    assert SHOP_DIES.needs() == {Capability.PROCESSES, Capability.OPERATOR}


def test_a_control_adds_its_settings_and_changes_nothing_else() -> None:
    control = NegativeControl(name="c", settings={"B": "2"}, must_fail="SomethingWasBought", why="")
    under = replace(SHOP_DIES, settings={"A": "1"}).under(control)
    assert under.settings == {"A": "1", "B": "2"}
    assert replace(under, settings={}) == SHOP_DIES


def test_without_injectors_every_main_fault_is_idle() -> None:
    assert SHOP_DIES.without_injectors().faults == (Noop(instead_of=SHOP_DIES.faults[0]),)


def test_the_fixed_order_breaks_then_looks_then_mends() -> None:
    async def steps() -> list[type]:
        return [type(step) async for step in fixed_order(SHOP_DIES)]

    assert asyncio.run(steps()) == [Inject, SeeSymptoms, Operate]


def test_what_is_not_on_the_allow_list_is_refused() -> None:
    SHOP_DIES.check_allowed(None)
    SHOP_DIES.check_allowed(["shop", "bank"])
    with pytest.raises(
        ScenarioError, match=r"'shop' is not on the allow-list may_break .*\(bank\); nothing was touched"
    ):
        SHOP_DIES.check_allowed(["bank"])
    held = replace(SHOP_DIES, conditions=(Hold(fault=Kill(service="till"), until=(success_ratio.at_most(1),)),))
    with pytest.raises(ScenarioError, match="'till'"):
        held.check_allowed(["shop"])
