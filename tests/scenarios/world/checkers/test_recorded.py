"""Traces that were traffic end as their baselines say, as far as they were acknowledged; else it is told which."""

from collections.abc import Mapping
from typing import Any

from harness.history import Kind
from harness.verdict import Outcome
from scenarios.world.checkers import AcknowledgedTracesEndAsBaseline
from scenarios.world.trace_traffic import EXPECTED
from scenarios.world.traffic import SEND
from tests.histories import Story

CHECKER = AcknowledgedTracesEndAsBaseline()
LOAD = {"shipment_id": "A", "weight_lb": 1000.0, "equipment": None}
ORIGINAL, CANCEL = "T0001:A:original:1", "T0001:B:cancel:1"
INTENTS: list[dict[str, Any]] = [
    {"identity": ORIGINAL, "state": "EXECUTED", "error_reason": None, "payload": {"kind": "tender", **LOAD}},
    {"identity": CANCEL, "state": "EXECUTED", "error_reason": None, "payload": {"kind": "cancel", "shipment_id": "B"}},
]
LOADS = {"T0001:A": LOAD, "T0001:B": None}
ROWS = tuple({**one, "content": one["payload"]} for one in INTENTS)
LEDGER = (
    {"reference": "T0001:A", "status": "BOOKED", "content": {"shipment_id": "A", "weight_lb": 1000}},
    {"reference": "T0001:B", "status": "CANCELLED", "content": LOAD},
    {"reference": "P1001:C", "status": "BOOKED", "content": LOAD},
)


def story(
    *told: str, rows: tuple[Mapping[str, Any], ...] = ROWS, loads: tuple[Mapping[str, Any], ...] = LEDGER
) -> Story:
    """A trace of two signals of which `told` were acknowledged, and what was there in the end."""
    found = Story()
    found.tell(Kind.STEP, EXPECTED, {"trace": "one", "round": 0, "intents": INTENTS, "loads": LOADS})
    for identity in (ORIGINAL, CANCEL):
        found.write(identity, action=SEND, kind=Kind.OK if identity in told else Kind.INFO)
    found.probe("rows", rows=list(rows))
    found.probe("ledger", loads=list(loads))
    return found


def said(found: Story) -> tuple[Outcome, str]:
    verdict = CHECKER.check(found.history())
    return verdict.outcome, verdict.summary


def test_as_the_baseline_says() -> None:
    assert said(story(ORIGINAL, CANCEL)) == (Outcome.PASS, "1 traces came to what their baselines say")


def test_what_was_not_acknowledged_may_be_missing() -> None:
    """And then nothing is known of the shipments of that trace."""
    assert said(story(CANCEL, rows=ROWS[1:], loads=LEDGER[1:]))[0] is Outcome.UNKNOWN
    assert said(story())[0] is Outcome.UNKNOWN
    assert said(Story())[0] is Outcome.UNKNOWN


def test_what_was_acknowledged_and_is_gone() -> None:
    assert said(story(ORIGINAL, rows=ROWS[1:])) == (
        Outcome.FAIL,
        f"1 differ from their baselines: {ORIGINAL} is gone",
    )


def test_another_state_another_reason_another_content() -> None:
    for change in ({"state": "FAILED"}, {"error_reason": "why"}, {"content": {"shipment_id": "A", "weight_lb": 1}}):
        outcome, summary = said(story(ORIGINAL, CANCEL, rows=({**ROWS[0], **change}, ROWS[1])))
        assert outcome is Outcome.FAIL
        assert summary.startswith(f"1 differ from their baselines: {ORIGINAL} ")


def test_a_second_row_a_second_load_no_load_and_another_one() -> None:
    assert "is two rows" in said(story(ORIGINAL, CANCEL, rows=(*ROWS, ROWS[0])))[1]
    assert "T0001:A has 2 live loads" in said(story(ORIGINAL, CANCEL, loads=(*LEDGER, LEDGER[0])))[1]
    assert "T0001:A has 0 live loads" in said(story(ORIGINAL, CANCEL, loads=LEDGER[1:]))[1]
    alive = {**LEDGER[1], "status": "BOOKED"}
    assert "T0001:B has 1 live loads" in said(story(ORIGINAL, CANCEL, loads=(LEDGER[0], alive)))[1]
    other = {**LEDGER[0], "content": {"shipment_id": "A", "weight_lb": 2}}
    assert "T0001:A has another load" in said(story(ORIGINAL, CANCEL, loads=(other, *LEDGER[1:])))[1]
