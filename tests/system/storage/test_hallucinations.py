"""A hallucination is written with the failure of its intent or not at all, and tagged once."""

from collections.abc import Callable

import pytest

from system.storage import FencedOff, IllegalTransition, NewSignal, Resolution, State, Storage

ANSWER = '{"weight_lb": -50, "remark": "Größe 4 \U0001f69a"}'
FAILED = Resolution(
    state=State.FAILED, confidence=0.97, error_reason="Hallucination: negative weight", hallucinated=ANSWER
)


def _failed(storage: Storage, signal: NewSignal, resolution: Resolution = FAILED) -> str:
    storage.signals.accept([signal])
    claim = storage.claims.claim_received("resolver-1", lease_s=60)
    assert claim is not None
    storage.claims.record_resolution(claim, resolution)
    with pytest.raises(FencedOff):
        storage.claims.record_resolution(claim, resolution)
    return claim.intent.id


def test_it_is_kept_with_its_intent_and_once(storage: Storage, signal_of: Callable[..., NewSignal]) -> None:
    intent_id = _failed(storage, signal_of("S1"))
    (case,) = storage.hallucinations.untagged()
    assert (case.intent_id, case.answer, case.reason, case.confidence) == (
        intent_id,
        ANSWER,
        "Hallucination: negative weight",
        0.97,
    )
    assert str(case.identity) == "P1:S1:original:1"
    assert storage.hallucinations.of(intent_id) == case
    assert storage.hallucinations.of("nobody") is None


def test_what_is_no_hallucination_is_not_kept(storage: Storage, signal_of: Callable[..., NewSignal]) -> None:
    _failed(storage, signal_of("S1"), Resolution(state=State.FAILED, error_reason="Invalid answer: not JSON"))
    assert storage.hallucinations.newest() == []


def test_the_oldest_come_first_and_a_tagged_one_no_more(storage: Storage, signal_of: Callable[..., NewSignal]) -> None:
    ids = [_failed(storage, signal_of(f"S{number}")) for number in range(3)]
    assert {one.intent_id for one in storage.hallucinations.untagged()} == set(ids)
    assert storage.hallucinations.tag(ids[0], who="ada", why="seen")
    assert not storage.hallucinations.tag(ids[0], who="bob", why="seen again")
    assert {one.intent_id for one in storage.hallucinations.untagged()} == set(ids[1:])
    case = storage.hallucinations.of(ids[0])
    assert case is not None
    assert (case.tagged_by, case.why) == ("ada", "seen")
    assert [action.what for action in storage.operator_actions.newest()] == [{"intent": ids[0]}]
    assert len(storage.hallucinations.newest(2)) == 2


def test_a_person_may_find_one_in_what_waits_for_them(storage: Storage, signal_of: Callable[..., NewSignal]) -> None:
    waiting = Resolution(state=State.NEEDS_REVIEW, payload={"weight_lb": 1.0}, confidence=0.8)
    intent_id = _failed(storage, signal_of("S1"), waiting)
    assert storage.hallucinations.tag(intent_id, who="ada", why="invented" * 100)
    intent = storage.intents.get(intent_id)
    assert intent is not None
    assert intent.state is State.FAILED
    assert str(intent.error_reason).startswith("Hallucination: invented")
    case = storage.hallucinations.of(intent_id)
    assert case is not None
    assert (case.answer, case.tagged_by) == (None, "ada")


def test_what_is_not_a_persons_to_say_changes_nothing(storage: Storage, signal_of: Callable[..., NewSignal]) -> None:
    confirmed = _failed(storage, signal_of("S1"), Resolution(state=State.CONFIRMED, payload={}))
    with pytest.raises(IllegalTransition):
        storage.hallucinations.tag(confirmed, who="ada", why="x")
    with pytest.raises(KeyError):
        storage.hallucinations.tag("nobody", who="ada", why="x")
    assert storage.hallucinations.newest() == []
    assert storage.operator_actions.newest() == []
