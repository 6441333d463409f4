"""What the model made up is refused in the words for it, and no load says it."""

import math
from collections.abc import Sequence
from typing import Any

import pytest

from harness.checkers.base import Checker, judge
from harness.history import Kind
from harness.verdict import Outcome
from scenarios.world.checkers import MadeUpIsRefused, OnlyGroundedLoads, OnlyPossibleLoads
from tests.histories import Story

REFUSED = MadeUpIsRefused(
    words=(("negative weight", "Hallucination: negative weight"), ("refusal", "Invalid answer: "))
)
GROUNDED, POSSIBLE = OnlyGroundedLoads(), OnlyPossibleLoads()
NEGATIVE, INVALID = "Hallucination: negative weight", "Invalid answer: no JSON"


def resolved(
    scripts: Sequence[str], intents: Sequence[tuple[str, str, str | None]], steps: Sequence[tuple[str, str]] = ()
) -> Story:
    """The model's diary; intents as (id, state, reason); and steps of the audit as (id, to)."""
    story = Story()
    story.probe("answers", answers=[{"number": n, "script": script} for n, script in enumerate(scripts)])
    story.probe("rows", rows=[{"intent_id": one, "state": state, "error_reason": why} for one, state, why in intents])
    story.probe("transitions", transitions=[{"intent_id": one, "from": "RESOLVING", "to": to} for one, to in steps])
    return story


BOTH = ("negative weight", "refusal")
RIGHT = [("a", "FAILED", NEGATIVE), ("b", "FAILED", INVALID), ("c", "EXECUTED", None)]


@pytest.mark.parametrize(
    ("story", "outcome", "said"),
    [
        (resolved(BOTH, RIGHT, [("a", "FAILED"), ("c", "EXECUTED")]), Outcome.PASS, "2 wrong answers of 2 kinds"),
        (resolved([*BOTH, "refusal"], RIGHT), Outcome.FAIL, "given 2 times, and 1 failed"),
        (resolved(BOTH, [("a", "NEEDS_REVIEW", NEGATIVE), RIGHT[1]]), Outcome.FAIL, "given 1 times, and 0 failed"),
        (resolved(BOTH, RIGHT, [("a", "EXECUTING")]), Outcome.FAIL, "a went to EXECUTING"),
        (resolved(["refusal"], RIGHT), Outcome.UNKNOWN, "never gave: negative weight"),
        (Story(), Outcome.UNKNOWN, "no snapshot"),
    ],
)
def test_each_wrong_answer_fails_an_intent_and_none_is_acted_on(story: Story, outcome: Outcome, said: str) -> None:
    verdict = judge(REFUSED, story.history())
    assert verdict.outcome is outcome
    assert said in verdict.summary


def booked(*loads: tuple[str, Any], sent: Sequence[tuple[str, Any]] = (("S1", 4200.0), ("S1", 4300))) -> Story:
    """Loads and what was sent, as (shipment, weight)."""
    story = Story()
    tenders = [
        {
            "identity": f"P1:{shipment}:change:{number}",
            "shipment": f"P1:{shipment}",
            "purpose": "change",
            "version": str(number),
            "content": {"weight_lb": weight, "equipment": "TF"},
        }
        for number, (shipment, weight) in enumerate(sent)
    ]
    story.tell(Kind.INVOKE, "send_signal", {"identities": [], "tenders": tenders}, operation_id="1")
    rows = [
        {"load_id": str(number), "reference": f"P1:{shipment}", "content": {"weight_lb": weight, "equipment": "TF"}}
        for number, (shipment, weight) in enumerate(loads)
    ]
    story.probe("ledger", loads=rows)
    return story


@pytest.mark.parametrize(
    ("checker", "story", "outcome", "said"),
    [
        (GROUNDED, booked(("S1", 4200)), Outcome.PASS, "all 1 loads"),
        (GROUNDED, booked(("S1", 4300.0)), Outcome.PASS, "all 1 loads"),
        (GROUNDED, booked(("S1", 42_000)), Outcome.FAIL, "P1:S1 has weight_lb 42000"),
        (GROUNDED, booked(("S2", 4200)), Outcome.FAIL, "P1:S2 has equipment TF, weight_lb 4200"),
        (GROUNDED, booked(), Outcome.UNKNOWN, "nothing was booked"),
        (GROUNDED, Story(), Outcome.UNKNOWN, "no snapshot"),
        (POSSIBLE, booked(("S1", 4200), ("S2", 1e6)), Outcome.PASS, "all 2 loads"),
        *((POSSIBLE, booked(("S1", weight)), Outcome.FAIL, f"weighs {weight}") for weight in (None, 0, -50, 9e9, True)),
        (POSSIBLE, booked(("S1", math.inf)), Outcome.FAIL, "weighs inf"),
        (POSSIBLE, booked(("S1", "heavy")), Outcome.FAIL, "weighs heavy"),
        (POSSIBLE, booked(), Outcome.UNKNOWN, "nothing was booked"),
        (POSSIBLE, Story(), Outcome.UNKNOWN, "no snapshot"),
    ],
)
def test_loads_say_what_was_sent_and_what_can_be(checker: Checker, story: Story, outcome: Outcome, said: str) -> None:
    verdict = judge(checker, story.history())
    assert verdict.outcome is outcome
    assert said in verdict.summary
