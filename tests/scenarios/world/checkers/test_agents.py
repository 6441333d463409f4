"""What hung is settled without a half-truth: FAILED and no load, or EXECUTED and its load."""

from collections.abc import Mapping, Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.history import Kind
from harness.verdict import Outcome
from scenarios.world.checkers import FailedHasNoLiveLoad, HungIsSettled
from scenarios.world.checkers.agents import TIMED_OUT
from system.recovery.agent_timeout import ERROR_REASON
from tests.histories import Story

SETTLED = HungIsSettled(end="FAILED")
NO_LIVE_LOAD = FailedHasNoLiveLoad()


def row(shipment: str = "S1", state: str = "FAILED", **columns: Any) -> dict[str, Any]:
    purpose = columns.pop("purpose", "original")
    return {
        "intent_id": f"{shipment} {purpose}",
        "identity": f"P1:{shipment}:{purpose}:1",
        "shipment": f"P1:{shipment}",
        "purpose": purpose,
        "state": state,
        "load_id": None,
        "error_reason": TIMED_OUT if state == "FAILED" else None,
        **columns,
    }


def load(shipment: str = "S1", status: str = "BOOKED", weight_lb: float = 1000) -> dict[str, Any]:
    content = {"shipment_id": shipment, "weight_lb": weight_lb}
    return {"load_id": f"L {shipment}", "reference": f"P1:{shipment}", "status": status, "content": content}


def told(rows: Sequence[Mapping[str, Any]], loads: Sequence[Mapping[str, Any]], hung: list[str] | None = None) -> Story:
    """Each row's tender says 1000 lb, a change 2000; what hung is every row unless it is said."""
    story = Story()
    for one in rows:
        weight_lb = 2000 if one["purpose"] == "change" else 1000
        content = {"shipment_id": one["shipment"].partition(":")[2], "weight_lb": weight_lb}
        tender = {"identity": one["identity"], "shipment": one["shipment"], "content": content}
        story.tell(Kind.INVOKE, "send_signal", {"tenders": [tender]})
    story.probe("rows", rows=list(rows))
    story.probe("ledger", loads=list(loads))
    ids = [str(one["intent_id"]) for one in rows] if hung is None else hung
    story.probe("hung", rows=[{"intent_id": one} for one in ids])
    return story


def test_the_reason_is_that_of_the_system() -> None:
    assert TIMED_OUT == ERROR_REASON


def test_what_hung_came_to_one_of_two_ends() -> None:
    rows = [
        row(),
        row("S2", "EXECUTED", load_id="L S2"),
        row("S3", "EXECUTED", purpose="cancel"),
        row("S4", "CONFIRMED"),
    ]
    verdict = SETTLED.check(told(rows, [load("S2")], [one["intent_id"] for one in rows[:3]]).history())
    assert verdict.outcome is Outcome.PASS
    assert verdict.summary == "3 hung: 2 EXECUTED, 1 FAILED"


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        (row("S2", error_reason="Motion refused"), "failed of 'Motion refused'"),
        (row("S2", load_id="L S2"), "failed and names load L S2"),
        (row("S2", "EXECUTING"), "is EXECUTING"),
        (row("S2", "EXECUTED"), "names None, which is not there"),
        (row("S2", "EXECUTED", load_id="L S1"), "names L S1, which is not there"),
        (row("S2", "EXECUTED", load_id="L S9"), "names L S9, which is not there"),
    ],
)
def test_any_other_end_is_none(wrong: Mapping[str, Any], said: str) -> None:
    verdict = SETTLED.check(told([row(), wrong], [load("S1"), load("S2")]).history())
    assert verdict.outcome is Outcome.FAIL
    assert said in verdict.summary


@pytest.mark.parametrize(
    "story",
    [
        Story(),
        told([row()], [], hung=[]),
        told([row()], [], hung=["of a trace"]),
        told([row(state="EXECUTED", load_id="L S1")], [load()]),
    ],
    ids=["nothing", "nothing hung", "nothing of the traffic hung", "none came to the end that is to be shown"],
)
def test_where_it_was_not_shown_nothing_is_known(story: Story) -> None:
    assert SETTLED.check(story.history()).outcome is Outcome.UNKNOWN


@pytest.mark.parametrize(
    ("rows", "loads"),
    [
        ([row()], [load("S2")]),
        ([row()], [load(status="CANCELLED")]),
        ([row(), row(state="EXECUTED", purpose="change")], [load(weight_lb=2000)]),
        ([row("S2", "EXECUTED")], [load("S2")]),
    ],
    ids=["none", "a cancelled one", "that of a later change", "nothing failed"],
)
def test_no_load_is_of_a_failed_intent(rows: Sequence[Mapping[str, Any]], loads: Sequence[Mapping[str, Any]]) -> None:
    assert NO_LIVE_LOAD.check(told(rows, loads).history()).outcome is Outcome.PASS


def test_a_live_load_of_a_failed_intent() -> None:
    verdict = NO_LIVE_LOAD.check(told([row(), row("S2", "EXECUTED")], [load(), load("S2")]).history())
    assert verdict.outcome is Outcome.FAIL
    assert verdict.summary == "1 live loads of failed intents: L S1 of P1:S1"


@pytest.mark.parametrize("story", [Story(), told([row()], [])], ids=["nothing", "nothing was booked"])
def test_without_loads_nothing_is_known(story: Story) -> None:
    assert NO_LIVE_LOAD.check(story.history()).outcome is Outcome.UNKNOWN


@given(st.lists(st.tuples(st.booleans(), st.booleans()), min_size=1, max_size=12))
def test_it_fails_exactly_where_something_failed_and_is_live(made: list[tuple[bool, bool]]) -> None:
    """Each shipment either failed or was executed, and either has a live load or a cancelled one."""
    rows = [row(f"S{number}", "FAILED" if failed else "EXECUTED") for number, (failed, _) in enumerate(made)]
    loads = [load(f"S{number}", "BOOKED" if live else "CANCELLED") for number, (_, live) in enumerate(made)]
    verdict = NO_LIVE_LOAD.check(told(rows, loads).history())
    assert (verdict.outcome is Outcome.FAIL) == any(failed and live for failed, live in made)
