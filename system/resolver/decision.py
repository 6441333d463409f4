"""From the model's answer to the intent's next state: one pure function, in a fixed order.

1. It is no valid answer: FAILED.
2. It contradicts the signal: FAILED if it was sure of itself, else a person looks.
3. The signal itself lacks required fields: PARTIAL, with their names; what the model made up for them is dropped.
4. It differs in words, overlooked something, or says, as the signal does, what cannot be any more: a person looks.
5. It is not sure enough: a person looks.
6. The partner is under review, or its autonomy tier does not let this kind go by itself: a person looks.
7. CONFIRMED.
"""

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta

from pydantic import ValidationError

from system.resolver.grounding import Findings, compare, typed
from system.resolver.impossible import reason_of, stated_confidence
from system.resolver.models import ANSWER, Answer
from system.resolver.unsafe_answer import bounded_below_alone
from system.settings import Settings
from system.storage import Resolution, Signal, State
from system.storage.hallucinations import PREFIX
from system.storage.values import Payload
from system.x12.completeness import missing_fields
from system.x12.tender import Tender

AUTONOMY: Mapping[int, frozenset[str]] = {
    1: frozenset(),  # a person sees everything
    2: frozenset({"tender", "change"}),  # what is sure goes by itself, but nothing is withdrawn by itself
    3: frozenset({"tender", "change", "cancel"}),  # what is sure goes by itself
}
"""The kinds of signal that a partner's tier lets pass without a person; no tier at all is tier 1."""

UNDER_REVIEW = "its partner is under review"
_OF_A_TIER = " partner goes to a person"


def decide(content: str, signal: Signal, *, tier: int, settings: Settings, review: bool = False) -> Resolution:
    """What becomes of the intent of `signal` after the model answered `content`.

    `tier` and `review` are what its partner may do now: with `review` a person sees everything, whatever the tier.
    """
    try:
        answer = bounded_below_alone(content) if settings.unsafe_allow_infinite else ANSWER.validate_json(content)
    except ValidationError as error:
        reason = reason_of(error, content, hallucination_confidence=settings.hallucination_confidence)
        return Resolution(
            state=State.FAILED,
            confidence=stated_confidence(content),
            error_reason=reason,
            hallucinated=content if reason.startswith(PREFIX) else None,
        )
    tender = typed(signal.tender)
    if tender is None:
        return _resolved(answer, State.NEEDS_REVIEW, "the signal has no typed form to compare the answer with")
    earliest = signal.received_at - timedelta(seconds=settings.past_slack_s)
    found = Findings() if settings.unsafe_no_grounding else compare(answer, tender, earliest=earliest)
    if found.false:
        said = "; ".join(found.false)
        if answer.confidence > settings.hallucination_confidence:
            return replace(_resolved(answer, State.FAILED, f"{PREFIX}{said}"), hallucinated=content)
        return _resolved(answer, State.NEEDS_REVIEW, f"Not as the signal says: {said}")
    missing = missing_fields(tender)
    if missing:
        return _partial(answer, tender, found, missing)
    resolution = _complete(answer, found, settings)
    if resolution.state is State.CONFIRMED and review:
        return _resolved(answer, State.NEEDS_REVIEW, UNDER_REVIEW)
    if resolution.state is State.CONFIRMED and answer.kind not in AUTONOMY.get(tier, frozenset()):
        return _resolved(answer, State.NEEDS_REVIEW, f"a {answer.kind} of a tier {tier}{_OF_A_TIER}")
    return resolution


def without_doubt(reason: str | None) -> bool:
    """Whether a person is asked only because of who sent the signal: what it says was read without a doubt."""
    return reason is not None and (reason == UNDER_REVIEW or reason.endswith(_OF_A_TIER))


def _partial(answer: Answer, tender: Tender, found: Findings, missing: list[str]) -> Resolution:
    """Nothing that the signal does not say: a person will complete it, and must not confirm a guess with it.

    Stops are the signal's own, because the model's are held to it only loosely; how they differed is told.
    """
    stops = {"stops": tender.model_dump(mode="json")["stops"]}
    told = f"Doubtful: {'; '.join(found.doubtful)}" if found.doubtful else None
    return Resolution(
        state=State.PARTIAL,
        payload={**_payload(answer), **dict.fromkeys(found.unstated), **stops},
        confidence=answer.confidence,
        missing=missing,
        error_reason=None if told is None else told[:200],
    )


def _complete(answer: Answer, found: Findings, settings: Settings) -> Resolution:
    """What becomes of an answer to a signal that states everything, were its partner trusted with all it sends."""
    doubts = [*(f"{name} is not in the signal" for name in found.unstated), *found.doubtful]
    if doubts:
        return _resolved(answer, State.NEEDS_REVIEW, f"Doubtful: {'; '.join(doubts)}")
    if answer.confidence < settings.confidence_min:
        reason = f"confidence {answer.confidence:.2f} under {settings.confidence_min:.2f}"
        return _resolved(answer, State.NEEDS_REVIEW, reason)
    return _resolved(answer, State.CONFIRMED, None)


def _payload(answer: Answer) -> Payload:
    return answer.model_dump(mode="json", exclude={"confidence"})


def _resolved(answer: Answer, state: State, reason: str | None) -> Resolution:
    return Resolution(
        state=state,
        payload=_payload(answer),
        confidence=answer.confidence,
        error_reason=None if reason is None else reason[:200],
    )
