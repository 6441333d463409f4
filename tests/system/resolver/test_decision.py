"""What becomes of an answer: confirmed, partial, a person's, or failed, and with which words."""

import json
import math
from collections.abc import Callable
from datetime import datetime
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from system.resolver.decision import decide, without_doubt
from system.settings import Settings
from system.storage import Resolution, Signal, State

Make = Callable[..., dict[str, Any]]
MakeSignal = Callable[..., Signal]
SETTINGS = Settings()
quick = settings(suppress_health_check=[HealthCheck.function_scoped_fixture])


def _decide(said: dict[str, Any] | str, signal: Signal, tier: int = 3) -> Resolution:
    content = said if isinstance(said, str) else json.dumps(said)
    return decide(content, signal, tier=tier, settings=SETTINGS)


def test_a_sure_and_right_answer_is_confirmed(answer: Make, signal_with: MakeSignal, load: dict[str, Any]) -> None:
    resolution = _decide(answer(), signal_with())
    assert resolution.state is State.CONFIRMED
    assert resolution.error_reason is None
    assert resolution.confidence == 0.97
    assert resolution.payload == {"kind": "tender", **load}


@pytest.mark.parametrize(
    ("tier", "kind", "state"),
    [
        (1, "tender", State.NEEDS_REVIEW),
        (1, "change", State.NEEDS_REVIEW),
        (1, "cancel", State.NEEDS_REVIEW),
        (2, "tender", State.CONFIRMED),
        (2, "change", State.CONFIRMED),
        (2, "cancel", State.NEEDS_REVIEW),
        (3, "tender", State.CONFIRMED),
        (3, "change", State.CONFIRMED),
        (3, "cancel", State.CONFIRMED),
        (0, "tender", State.NEEDS_REVIEW),
        (99, "tender", State.NEEDS_REVIEW),
    ],
)
def test_the_tier_says_what_goes_by_itself(
    answer: Make, signal_with: MakeSignal, tier: int, kind: str, state: State
) -> None:
    purpose = {"tender": "original"}.get(kind, kind)
    resolution = _decide(answer(kind), signal_with(purpose), tier)
    assert resolution.state is state
    assert without_doubt(resolution.error_reason) is (state is State.NEEDS_REVIEW)


@pytest.mark.parametrize("kind", ["tender", "change", "cancel"])
def test_under_review_a_person_sees_everything(answer: Make, signal_with: MakeSignal, kind: str) -> None:
    """3.4: whatever the tier; and nothing else changes."""
    signal = signal_with({"tender": "original"}.get(kind, kind))

    def under_review(said: dict[str, Any]) -> Resolution:
        return decide(json.dumps(said), signal, tier=3, settings=SETTINGS, review=True)

    seen = under_review(answer(kind))
    assert (seen.state, seen.error_reason) == (State.NEEDS_REVIEW, "its partner is under review")
    assert without_doubt(seen.error_reason)
    unsure = answer(kind, confidence=0.2)
    assert under_review(unsure) == decide(json.dumps(unsure), signal, tier=3, settings=SETTINGS)


@pytest.mark.parametrize(("confidence", "state"), [(0.74, State.NEEDS_REVIEW), (0.75, State.CONFIRMED)])
def test_doubt_goes_to_a_person(answer: Make, signal_with: MakeSignal, confidence: float, state: State) -> None:
    assert _decide(answer(confidence=confidence), signal_with()).state is state


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"weight_lb": -50}, "negative weight"),
        ({"weight_lb": 0}, "zero weight"),
        ({"weight_lb": math.inf}, "infinite weight"),
        ({"weight_lb": math.nan}, "weight that is no number"),
        ({"weight_lb": 2e6}, "excessive weight"),
        ({"rate_usd": -1.5}, "negative rate"),
        ({"pickup_at": "2027-13-45T99:00:00"}, "impossible pickup time"),
        ({"delivery_at": "1492-10-12T00:00:00"}, "impossible delivery time"),
    ],
)
def test_an_impossible_value_is_a_hallucination_when_sure(
    answer: Make, signal_with: MakeSignal, changes: dict[str, Any], words: str
) -> None:
    """2.1, in the words that people search for; below the threshold it is only an invalid answer."""
    sure = _decide(answer(**changes), signal_with())
    assert (sure.state, sure.error_reason, sure.payload) == (State.FAILED, f"Hallucination: {words}", None)
    unsure = _decide(answer(**changes, confidence=0.9), signal_with())
    assert (unsure.state, unsure.error_reason) == (State.FAILED, f"Invalid answer: {words}")


@pytest.mark.parametrize("said", ["", "null", "[]", "I am sorry, but", '{"kind": "tender"}', "{" * 5000, "1e999"])
def test_what_is_no_answer_fails_and_says_so(signal_with: MakeSignal, said: str) -> None:
    resolution = _decide(said, signal_with())
    assert resolution.state is State.FAILED
    assert resolution.error_reason is not None
    assert resolution.error_reason.startswith("Invalid answer: ")
    assert len(resolution.error_reason) <= 200


@pytest.mark.parametrize(
    "changes",
    [
        {"weight_lb": 42_000.0},
        {"shipment_id": "S2"},
        {"rate_usd": 18.5},
        {"pickup_at": "2027-03-01T18:00:00"},
        {"delivery_at": "2027-03-02T09:30:00-05:00"},
        {"kind": "change"},
    ],
)
def test_a_possible_value_that_is_not_in_the_signal_never_passes(
    answer: Make, signal_with: MakeSignal, changes: dict[str, Any]
) -> None:
    """H10: well-formed, positive, confident, and made up."""
    sure = _decide(answer(**changes), signal_with())
    assert sure.state is State.FAILED
    assert sure.error_reason is not None
    assert sure.error_reason.startswith("Hallucination: ")
    assert _decide(answer(**changes, confidence=0.8), signal_with()).state is State.NEEDS_REVIEW


@quick
@given(weight=st.floats(min_value=1, max_value=300_000), factor=st.sampled_from([1 / 2.20462262, 2.20462262]))
def test_a_weight_in_the_wrong_unit_never_passes_and_is_named(
    answer: Make, signal_with: MakeSignal, weight: float, factor: float
) -> None:
    resolution = _decide(answer(weight_lb=round(weight * factor, 2)), signal_with(weight_lb=weight))
    assert resolution.state is State.FAILED
    words = "kilograms as pounds" if factor < 1 else "pounds converted twice"
    if weight > 10:
        assert str(resolution.error_reason).endswith(f"({words})")


@quick
@given(
    at=st.datetimes(datetime(2000, 1, 1), datetime(2027, 2, 27)),
    field=st.sampled_from(["pickup_at", "delivery_at"]),
    zone=st.sampled_from(["", "Z", "-05:00"]),
)
def test_a_date_in_the_past_never_passes(
    answer: Make, signal_with: MakeSignal, at: datetime, field: str, zone: str
) -> None:
    """Made up when the signal says another; when it says the same, a person asks the partner."""
    past = {field: at.replace(microsecond=0).isoformat() + zone}
    made_up = _decide(answer(**past), signal_with())
    assert made_up.state is State.FAILED
    assert str(made_up.error_reason).startswith(f"Hallucination: {field} ")
    assert str(made_up.error_reason).endswith("(in the past)")
    said_so = _decide(answer(**past), signal_with(**past))
    assert (said_so.state, "in the past" in str(said_so.error_reason)) == (State.NEEDS_REVIEW, True)


@pytest.mark.parametrize("at", ["2027-02-28T00:00:00", "2027-02-28T10:00:00+10:00", "2027-02-27T19:00:00-05:00"])
def test_a_pickup_of_the_last_day_is_not_over(answer: Make, signal_with: MakeSignal, at: str) -> None:
    """The signal came at midnight UTC of 1 March; a day leaves room for every zone."""
    assert _decide(answer(pickup_at=at), signal_with(pickup_at=at)).state is State.CONFIRMED


def test_what_was_made_up_is_kept_word_for_word_and_nothing_else_is(answer: Make, signal_with: MakeSignal) -> None:
    for changes in ({"weight_lb": -50}, {"weight_lb": 42_000.0}):
        content = json.dumps(answer(**changes))
        assert _decide(content, signal_with()).hallucinated == content
    for said in (answer(), answer(weight_lb=42_000.0, confidence=0.8), answer(weight_lb=-50, confidence=0.8), "no"):
        assert _decide(said, signal_with()).hallucinated is None


def test_without_its_protections_what_is_made_up_passes(answer: Make, signal_with: MakeSignal) -> None:
    """H9 and H10, which the negative controls show: what each switch lets through, and nothing but that."""
    ungrounded = Settings(allow_unsafe=True, unsafe_no_grounding=True)
    bounded_below = Settings(allow_unsafe=True, unsafe_no_grounding=True, unsafe_allow_infinite=True)

    def said(settings: Settings, **changes: Any) -> Resolution:
        return decide(json.dumps(answer(**changes)), signal_with(), tier=3, settings=settings)

    assert said(ungrounded, weight_lb=42_000.0).state is State.CONFIRMED
    for weight, booked in ((math.inf, None), (9e9, 9e9)):
        assert said(ungrounded, weight_lb=weight).state is State.FAILED
        passed = said(bounded_below, weight_lb=weight)
        assert passed.state is State.CONFIRMED
        assert passed.payload is not None
        assert passed.payload["weight_lb"] == booked
    assert said(bounded_below, weight_lb=-50).state is State.FAILED
    assert decide("no JSON", signal_with(), tier=3, settings=bounded_below).state is State.FAILED


def test_a_cancel_that_the_signal_does_not_ask_for_never_passes(answer: Make, signal_with: MakeSignal) -> None:
    assert _decide(answer("cancel"), signal_with("original")).state is State.FAILED
    assert _decide(answer("tender"), signal_with("cancel")).state is State.FAILED


@quick
@given(weight=st.floats(min_value=1, max_value=1_000_000), factor=st.floats(min_value=1.01, max_value=100))
def test_no_other_weight_passes(answer: Make, signal_with: MakeSignal, weight: float, factor: float) -> None:
    signal = signal_with(weight_lb=weight)
    assert _decide(answer(weight_lb=weight), signal).state is State.CONFIRMED
    if weight * factor - weight > 0.05 and weight * factor <= 1_000_000:
        assert _decide(answer(weight_lb=weight * factor), signal).state is State.FAILED
    if weight - weight / factor > 0.05:
        assert _decide(answer(weight_lb=weight / factor), signal).state is State.FAILED


@pytest.mark.parametrize(
    ("said", "stands"),
    [(4200.0, 4200.003), (9259.4, 9259.415)],
)
def test_a_rounding_is_no_contradiction(answer: Make, signal_with: MakeSignal, said: float, stands: float) -> None:
    assert _decide(answer(weight_lb=said), signal_with(weight_lb=stands)).state is State.CONFIRMED


def test_the_same_moment_in_another_zone_is_the_same(answer: Make, signal_with: MakeSignal) -> None:
    stops = answer()["stops"]
    stops[1]["at"] = "2027-03-02T10:30:00+01:00"
    assert _decide(answer(delivery_at="2027-03-02T04:30:00-05:00", stops=stops), signal_with()).state is State.CONFIRMED


@pytest.mark.parametrize("field", ["weight_lb", "pickup_at", "delivery_at", "equipment", "commodity"])
@pytest.mark.parametrize("guessed", [False, True])
def test_what_the_signal_lacks_makes_it_partial_and_is_not_guessed(
    answer: Make, signal_with: MakeSignal, field: str, guessed: bool
) -> None:
    """3.2: also when the model is sure of a value that the signal does not have."""
    said = answer() if guessed else answer(**{field: None})
    resolution = _decide(said, signal_with(**{field: None}))
    assert (resolution.state, resolution.missing) == (State.PARTIAL, [field])
    assert resolution.payload is not None
    assert resolution.payload[field] is None


def test_nothing_of_what_the_model_made_up_stands_in_a_partial_intent(answer: Make, signal_with: MakeSignal) -> None:
    """3.2: not in the stops either, which are held to the signal only loosely; what was made up is told to a person."""
    lacking = answer()["stops"]
    lacking[0]["at"] = None
    signal = signal_with(pickup_at=None, stops=lacking)
    resolution = _decide(answer(), signal)
    assert (resolution.state, resolution.missing) == (State.PARTIAL, ["pickup_at"])
    assert resolution.payload is not None
    assert (resolution.payload["pickup_at"], resolution.payload["stops"]) == (None, lacking)
    assert resolution.error_reason == "Doubtful: stop 1: at"

    without = _decide(answer(), signal_with(stops=[]))
    assert without.payload is not None
    assert (without.state, without.payload["stops"]) == (State.PARTIAL, [])


def test_partial_comes_before_doubt_and_names_all(answer: Make, signal_with: MakeSignal) -> None:
    lacking: dict[str, Any] = {"weight_lb": None, "pickup_at": None, "stops": []}
    resolution = _decide(answer(**lacking, confidence=0.2), signal_with(**lacking), tier=1)
    assert (resolution.state, resolution.missing) == (State.PARTIAL, ["weight_lb", "pickup_at", "stops"])


@pytest.mark.parametrize(
    "changes",
    [{"weight_lb": None}, {"equipment": "FLATBED"}, {"stops": []}, {"commodity": "GOLD"}],
)
def test_what_the_model_overlooked_or_respelled_goes_to_a_person(
    answer: Make, signal_with: MakeSignal, changes: dict[str, Any]
) -> None:
    resolution = _decide(answer(**changes), signal_with())
    assert resolution.state is State.NEEDS_REVIEW
    assert not without_doubt(resolution.error_reason)


def test_case_and_blanks_are_no_difference(answer: Make, signal_with: MakeSignal) -> None:
    assert _decide(answer(commodity="Paper  rolls"), signal_with()).state is State.CONFIRMED


def test_a_rate_that_nobody_offered_is_not_taken(answer: Make, signal_with: MakeSignal) -> None:
    assert _decide(answer(), signal_with(rate_usd=None)).state is State.NEEDS_REVIEW


def test_a_stop_that_moved_goes_to_a_person(answer: Make, signal_with: MakeSignal) -> None:
    stops = answer()["stops"]
    stops[1]["postal_code"] = "10001"
    resolution = _decide(answer(stops=stops), signal_with())
    assert resolution.state is State.NEEDS_REVIEW
    assert "stop 2: postal_code" in str(resolution.error_reason)


def test_a_signal_without_a_typed_form_goes_to_a_person(answer: Make, signal_with: MakeSignal) -> None:
    assert _decide(answer(), signal_with(weight_lb="heavy")).state is State.NEEDS_REVIEW


_NAMES = st.sampled_from(["kind", "confidence", "stops", "weight_lb", "shipment_id"])
_JSON = st.recursive(
    st.none() | st.booleans() | st.floats() | st.text(max_size=9),
    lambda inner: st.lists(inner) | st.dictionaries(_NAMES, inner),
)


@quick
@given(_JSON)
def test_no_json_ever_raises_or_passes(signal_with: MakeSignal, said: Any) -> None:
    assert _decide(json.dumps(said), signal_with()).state is State.FAILED
