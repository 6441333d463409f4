"""A plan says what a drill would do to what, in its order, and does none of it."""

from collections.abc import AsyncIterator
from dataclasses import replace

from harness.faults import Kill, Pause
from harness.metric import success_ratio
from harness.plan import Planned, plan_document, plan_of
from harness.scenario import Hold, Scenario
from harness.steps import HealFault, Inject, SeeSymptoms, Step, WaitFor
from tests.harness.toy_scenario import SHOP_DIES

HELD = replace(SHOP_DIES, conditions=(Hold(fault=Pause(service="shop"), until=(success_ratio.at_most(0.5),)),))


def test_the_fixed_order_holds_breaks_sees_mends_and_heals_the_newest_first() -> None:
    rows = [(row.does, row.what, row.target) for row in plan_of(HELD)]
    assert rows == [
        ("inject", "pause", "shop"),
        ("wait", "pause of shop (at most 20 s)", ""),
        ("inject", "kill", "shop"),
        ("see", "nobody can buy", ""),
        ("operate", "open back door", "operator's console"),
        ("heal", "kill", "shop"),
        ("heal", "pause", "shop"),
    ]


async def kill_and_heal(scenario: Scenario) -> AsyncIterator[Step]:
    yield Inject(fault=scenario.faults[0])
    yield WaitFor(what="that nobody buys", conditions=(success_ratio.at_most(0.0),), within_s=3)
    yield HealFault(fault=scenario.faults[0])
    yield SeeSymptoms()


def test_a_schedule_is_listed_as_it_yields_and_heals_once() -> None:
    rows = plan_of(replace(SHOP_DIES, schedule=kill_and_heal))
    assert [row.does for row in rows] == ["inject", "wait", "heal", "see"]


def test_the_document_says_how_far_it_reaches() -> None:
    document = plan_document(replace(SHOP_DIES, settings={"DOOR": "1"}))
    assert (document["scenario"], document["blast_radius"]) == ("shop_dies", ["shop"])
    assert document["settings"] == {"DOOR": "1"}
    assert document["steps"][0] == {"does": "inject", "what": "kill", "target": "shop"}
    assert Planned(does="inject", what="kill", target="shop") == plan_of(SHOP_DIES)[0]
    assert isinstance(SHOP_DIES.faults[0], Kill)
