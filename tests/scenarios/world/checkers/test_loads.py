"""Every acknowledged shipment has the one load that its signals add up to, and nothing else has one."""

from collections.abc import Mapping, Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.history import Kind
from harness.verdict import Outcome
from scenarios.world.checkers import NoLoadWithoutConfirmedIntent, OneLoadPerShipment
from scenarios.world.checkers.loads import desired
from tests.histories import Story

ONE = OneLoadPerShipment()
CONFIRMED = NoLoadWithoutConfirmedIntent()

Signal = tuple[str, str, str]
"""Shipment, purpose and version."""


def content(signal: Signal) -> dict[str, Any]:
    shipment, purpose, version = signal
    if purpose == "cancel":
        return {}
    weight_lb = 1000 if purpose == "original" else 1000 + int(version)
    return {"shipment_id": shipment, "weight_lb": weight_lb, "rate_usd": None, "stops": [{"sequence": 1, "city": "A"}]}


def identity(signal: Signal) -> str:
    return ":".join(("P1", *signal))


def reference(signal: Signal) -> str:
    return f"P1:{signal[0]}"


def send(story: Story, *signals: Signal, kind: Kind = Kind.OK) -> None:
    """One interchange, and its end."""
    tenders = [
        {
            "identity": identity(signal),
            "shipment": reference(signal),
            "purpose": signal[1],
            "version": signal[2],
            "content": content(signal),
        }
        for signal in signals
    ]
    operation = str(len(story.events))
    value = {"identities": [identity(signal) for signal in signals], "tenders": tenders}
    story.tell(Kind.INVOKE, "send_signal", value, actor="partner P1", operation_id=operation)
    results = {"results": [{"identity": identity(signal)} for signal in signals]} if kind is Kind.OK else {}
    story.tell(kind, "send_signal", results, actor="partner P1", operation_id=operation)


def end(story: Story, states: Mapping[Signal, str], loads: Sequence[tuple[Signal, str]]) -> Story:
    """The rows with their states, and loads of (the signal that decides the content, status)."""
    rows = [
        {"identity": identity(one), "shipment": reference(one), "purpose": one[1], "version": one[2], "state": state}
        for one, state in states.items()
    ]
    story.probe("rows", rows=rows)
    ledger = [
        {"load_id": f"L{number}", "reference": reference(one), "status": status, "content": content(one)}
        for number, (one, status) in enumerate(loads)
    ]
    story.probe("ledger", loads=ledger)
    return story


ORIGINAL: Signal = ("S1", "original", "1")
CHANGE: Signal = ("S1", "change", "2")
LATER: Signal = ("S1", "change", "10")
CANCEL: Signal = ("S1", "cancel", "1")


def told(*signals: Signal, state: str = "EXECUTED", loads: Sequence[tuple[Signal, str]]) -> Story:
    """All of `signals` acknowledged, in order, and standing in one state."""
    story = Story()
    for signal in signals:
        send(story, signal)
    return end(story, dict.fromkeys(signals, state), loads)


@pytest.mark.parametrize(
    "story",
    [
        told(ORIGINAL, loads=[(ORIGINAL, "BOOKED")]),
        told(ORIGINAL, CHANGE, loads=[(CHANGE, "BOOKED")]),
        told(CHANGE, ORIGINAL, loads=[(CHANGE, "BOOKED")]),
        told(ORIGINAL, LATER, CHANGE, loads=[(LATER, "BOOKED")]),
        told(ORIGINAL, CANCEL, loads=[(ORIGINAL, "CANCELLED")]),
        told(CANCEL, ORIGINAL, loads=[]),
        told(ORIGINAL, CHANGE, CANCEL, loads=[(CHANGE, "CANCELLED")]),
        told(ORIGINAL, state="NEEDS_REVIEW", loads=[]),
    ],
    ids=["original", "changed", "change first", "versions are numbers", "cancelled", "cancel first", "all", "review"],
)
def test_one_load_as_last_tendered(story: Story) -> None:
    verdict = ONE.check(story.history())
    assert verdict.outcome is Outcome.PASS, verdict.summary


@pytest.mark.parametrize(
    ("story", "said"),
    [
        (told(ORIGINAL, loads=[(ORIGINAL, "BOOKED")] * 2), "P1:S1 has 2 live loads (L0, L1) and should have 1"),
        (told(ORIGINAL, loads=[]), "P1:S1 has 0 live loads (none) and should have 1"),
        (told(ORIGINAL, CANCEL, loads=[(ORIGINAL, "BOOKED")]), "P1:S1 has 1 live loads (L0) and should have 0"),
        (told(ORIGINAL, CHANGE, loads=[(ORIGINAL, "BOOKED")]), "differs in weight_lb from what was last tendered"),
        (told(ORIGINAL, LATER, CHANGE, loads=[(CHANGE, "BOOKED")]), "differs in weight_lb"),
        (told(ORIGINAL, state="PARTIAL", loads=[(ORIGINAL, "BOOKED")]), "and should have 0"),
        (told(("S2", "original", "1"), loads=[(ORIGINAL, "BOOKED")]), "P1:S1 has a load and nobody sent it"),
    ],
    ids=["two", "none", "cancelled", "not changed", "an older change", "incomplete", "of nobody"],
)
def test_any_other_load_is_a_failure(story: Story, said: str) -> None:
    verdict = ONE.check(story.history())
    assert verdict.outcome is Outcome.FAIL
    assert said in verdict.summary


def test_what_was_acknowledged_and_lost_still_has_to_have_its_load() -> None:
    story = Story()
    send(story, ORIGINAL)
    send(story, ("S2", "original", "1"))
    end(story, {("S2", "original", "1"): "EXECUTED"}, [(("S2", "original", "1"), "BOOKED")])
    verdict = ONE.check(story.history())
    assert verdict.outcome is Outcome.FAIL
    assert "P1:S1 has 0 live loads" in verdict.summary


@pytest.mark.parametrize(("stands", "outcome"), [(True, Outcome.PASS), (False, Outcome.FAIL)])
def test_what_may_have_happened_counts_where_it_stands(stands: bool, outcome: Outcome) -> None:
    """A change whose answer never came: if its row is there it has to be in the load, else it must not."""
    story = Story()
    send(story, ORIGINAL)
    send(story, CHANGE, kind=Kind.INFO)
    states = {ORIGINAL: "EXECUTED"} | ({CHANGE: "EXECUTED"} if stands else {})
    assert ONE.check(end(story, states, [(CHANGE, "BOOKED")]).history()).outcome is outcome


def test_what_was_refused_has_no_load() -> None:
    story = Story()
    send(story, ORIGINAL, kind=Kind.FAIL)
    send(story, ("S2", "original", "1"))
    loads = [(ORIGINAL, "BOOKED"), (("S2", "original", "1"), "BOOKED")]
    verdict = ONE.check(end(story, {("S2", "original", "1"): "EXECUTED"}, loads).history())
    assert verdict.outcome is Outcome.FAIL
    assert "P1:S1 has a load" in verdict.summary


def test_a_missing_key_is_as_good_as_none_and_nothing_else_is() -> None:
    story = told(ORIGINAL, loads=[(ORIGINAL, "BOOKED")])
    load = story.events[-1].value["loads"][0]
    del load["content"]["rate_usd"]
    assert ONE.check(story.history()).outcome is Outcome.PASS
    load["content"]["rate_usd"] = 0
    assert ONE.check(story.history()).outcome is Outcome.FAIL
    del load["content"]
    assert ONE.check(story.history()).outcome is Outcome.FAIL


def test_an_interchange_of_several_counts_each() -> None:
    story = Story()
    other: Signal = ("S2", "original", "1")
    send(story, ORIGINAL, other)
    end(story, {ORIGINAL: "EXECUTED", other: "EXECUTED"}, [(ORIGINAL, "BOOKED"), (other, "BOOKED")])
    verdict = ONE.check(story.history())
    assert verdict.summary == "2 shipments, 2 live loads, each as last tendered"


@pytest.mark.parametrize("checker", [ONE, CONFIRMED], ids=lambda checker: checker.name)
def test_without_snapshots_or_work_nothing_is_known(checker: OneLoadPerShipment | NoLoadWithoutConfirmedIntent) -> None:
    story = Story()
    send(story, ORIGINAL, kind=Kind.INFO)
    assert checker.check(story.history()).outcome is Outcome.UNKNOWN
    assert checker.check(end(story, {}, []).history()).outcome is Outcome.UNKNOWN


def test_a_load_belongs_to_an_executed_intent() -> None:
    assert CONFIRMED.check(told(ORIGINAL, loads=[(ORIGINAL, "BOOKED")]).history()).outcome is Outcome.PASS
    verdict = CONFIRMED.check(told(ORIGINAL, state="NEEDS_REVIEW", loads=[(ORIGINAL, "CANCELLED")]).history())
    assert verdict.outcome is Outcome.FAIL
    assert verdict.summary == "1 loads without an executed intent: L0 of P1:S1"


signals = st.tuples(st.sampled_from(["S1", "S2", "S3"]), st.sampled_from(["original", "change", "cancel"])).flatmap(
    lambda one: (
        st.tuples(st.just(one[0]), st.just(one[1]), st.integers(2, 30).map(str))
        if one[1] == "change"
        else st.just((*one, "1"))
    )
)


@given(st.lists(signals, min_size=1, max_size=12, unique=True), st.data())
def test_a_history_that_adds_up_passes_and_one_load_more_or_less_fails(sent: list[Signal], data: st.DataObject) -> None:
    """Whatever was sent, in whatever order: a cancel ends it, else the newest change counts, else the original."""
    by_shipment: dict[str, list[Signal]] = {}
    for signal in sent:
        by_shipment.setdefault(signal[0], []).append(signal)
    loads = [
        (max(of_one, key=lambda one: (one[1] == "change", int(one[2]))), "BOOKED")
        for of_one in by_shipment.values()
        if all(purpose != "cancel" for _, purpose, _ in of_one)
    ]
    assert ONE.check(told(*sent, loads=loads).history()).outcome is Outcome.PASS
    extra = (data.draw(st.sampled_from(sent)), "BOOKED")
    assert ONE.check(told(*sent, loads=[*loads, extra]).history()).outcome is Outcome.FAIL
    if loads:
        missing = data.draw(st.sampled_from(loads))
        fewer = [load for load in loads if load != missing]
        assert ONE.check(told(*sent, loads=fewer).history()).outcome is Outcome.FAIL


def test_nothing_tendered_is_no_load() -> None:
    assert desired([]) is None
