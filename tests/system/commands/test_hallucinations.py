"""The console shows what was made up beside what was sent, and tags it once, with an audit row."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from click.testing import Result

from system.clock import SystemClock
from system.storage import NewSignal, Resolution, State, Storage

ANSWER = '{"kind": "tender", "weight_lb": -50, "confidence": 0.97}'
FAILED = Resolution(
    state=State.FAILED, confidence=0.97, error_reason="Hallucination: negative weight", hallucinated=ANSWER
)


def resolved(storage: Storage, shipment: str, resolution: Resolution) -> str:
    signal = NewSignal(
        partner_id="P1",
        shipment_id=shipment,
        purpose="original",
        version="1",
        control_number="1",
        content_type="application/edi-x12",
        raw=f"B2**SCAC**{shipment}~",
        tender={"shipment_id": shipment, "weight_lb": 4200.0},
        received_at=SystemClock().now(),
    )
    storage.signals.accept([signal])
    claim = storage.claims.claim_received("resolver", lease_s=60)
    assert claim is not None
    storage.claims.record_resolution(claim, resolution)
    return claim.intent.id


@pytest.fixture
def intents(storage: Storage) -> list[str]:
    """Three that were made up, and one that was only doubtful."""
    doubtful = Resolution(state=State.NEEDS_REVIEW, payload={"weight_lb": 1.0}, confidence=0.8, error_reason="Doubtful")
    made_up = [resolved(storage, f"S{number}", FAILED) for number in range(3)]
    return [*made_up, resolved(storage, "S9", doubtful)]


def test_what_nobody_looked_into_is_listed(document: Callable[..., Any], intents: list[str]) -> None:
    found = document("hallucinations", "list")["hallucinations"]
    assert [one["intent_id"] for one in found] == intents[:3]
    assert {one["reason"] for one in found} == {"Hallucination: negative weight"}


def test_one_is_shown_with_signal_and_answer(document: Callable[..., Any], intents: list[str]) -> None:
    shown = document("hallucinations", "show", intents[0])
    assert (shown["signal"], shown["answer"], shown["confidence"]) == ("B2**SCAC**S0~", ANSWER, 0.97)
    assert [step["to"] for step in shown["transitions"]] == ["RECEIVED", "RESOLVING", "FAILED"]


def test_tagging_ends_it_once_with_an_audit_row(
    document: Callable[..., Any], storage: Storage, intents: list[str]
) -> None:
    words = ("hallucinations", "tag", intents[0], "--why", "the model reads L3 wrong")
    assert document(*words)["tagged"] == [intents[0]]
    assert document(*words)["tagged"] == []
    (action,) = storage.operator_actions.newest()
    assert (action.who, action.command, action.why) == ("ada", "hallucinations tag", "the model reads L3 wrong")
    assert action.what == {"intent": intents[0]}
    case = storage.hallucinations.of(intents[0])
    assert case is not None
    assert (case.tagged_by, case.why) == ("ada", "the model reads L3 wrong")
    assert [one["intent_id"] for one in document("hallucinations", "list")["hallucinations"]] == intents[1:3]


def test_all_can_be_tagged_at_once(
    document: Callable[..., Any], run: Callable[..., Result], storage: Storage, intents: list[str]
) -> None:
    assert sorted(document("hallucinations", "tag", "--all", "--why", "rolled back")["tagged"]) == sorted(intents[:3])
    assert "none" in run("hallucinations", "list").output
    assert len(document("hallucinations", "list", "--all")["hallucinations"]) == 3
    assert len(storage.operator_actions.newest()) == 3


def test_one_that_waits_for_a_person_is_failed_with_it(
    document: Callable[..., Any], storage: Storage, intents: list[str]
) -> None:
    document("hallucinations", "tag", intents[3], "--why", "weight is made up")
    intent = storage.intents.get(intents[3])
    assert intent is not None
    assert (intent.state, intent.error_reason) == (State.FAILED, "Hallucination: weight is made up")
    assert storage.hallucinations.untagged()[-1].intent_id != intents[3]
    assert storage.transitions.of(intents[3])[-1].actor == "ada"


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("show", "nobody"), "no hallucination in intent 'nobody'"),
        (("tag", "nobody", "--why", "x"), "no intent 'nobody'"),
        (("tag", "--why", "x"), "name intents, or say --all"),
        (("tag", "one", "--all", "--why", "x"), "name intents, or say --all"),
        (("tag", "one"), "Missing option '--why'"),
    ],
)
def test_what_cannot_be_done_is_said(
    run: Callable[..., Result], intents: list[str], words: tuple[str, ...], said: str
) -> None:
    result = run("hallucinations", *words)
    assert result.exit_code != 0
    assert said in result.output


def test_an_intent_that_is_no_persons_to_decide_is_left_alone(
    run: Callable[..., Result], storage: Storage, intents: list[str]
) -> None:
    confirmed = resolved(storage, "S10", Resolution(state=State.CONFIRMED, payload=json.loads(ANSWER)))
    other = resolved(storage, "S11", Resolution(state=State.FAILED, error_reason="Invalid answer: no JSON"))
    for intent, said in ((confirmed, "cannot go from CONFIRMED to FAILED"), (other, "not of a hallucination")):
        result = run("hallucinations", "tag", intent, "--why", "x")
        assert result.exit_code == 1
        assert said in result.output
    assert storage.operator_actions.newest() == []
