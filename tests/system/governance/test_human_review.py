"""A person lets a signal go on, completed or corrected, or ends it; nobody lets one pass that lacks something."""

from collections.abc import Iterator
from copy import deepcopy
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from system.agents.fold import fold
from system.clock import RandomIds, SystemClock
from system.governance.human_review import CannotDecide, HumanReview, completed
from system.settings import Settings
from system.storage import Intent, Partner, Resolution, State, Storage, create_schema
from tests.system.incoming import incoming

STOPS: list[dict[str, Any]] = [
    {"sequence": number, "type": kind, "name": "DC", "city": "RENO", "state": "NV", "postal_code": "89506", "at": at}
    for number, kind, at in ((1, "pickup", "2027-03-01T08:00:00"), (2, "delivery", "2027-03-02T09:30:00Z"))
]
WHOLE: dict[str, Any] = {
    "kind": "tender",
    "shipment_id": "S1",
    "weight_lb": 4200.0,
    "pickup_at": "2027-03-01T08:00:00",
    "delivery_at": "2027-03-02T09:30:00Z",
    "equipment": "TF",
    "commodity": "PAPER ROLLS",
    "rate_usd": None,
    "stops": STOPS,
}
LATE = {**deepcopy(WHOLE), "pickup_at": None, "stops": [{**STOPS[0], "at": None}, STOPS[1]]}
PICKUP = "2027-03-01T07:15:00"


@pytest.fixture
def storage() -> Iterator[Storage]:
    storage = Storage.connect(Settings(database_url="sqlite://"), clock=SystemClock(), ids=RandomIds())
    create_schema(storage.engine)
    for partner_id in ("P1", "P2"):
        storage.partners.upsert(Partner(id=partner_id, name="", api_key_sha256="0" * 64))
    yield storage
    storage.close()


@pytest.fixture
def review(storage: Storage) -> HumanReview:
    return HumanReview(storage, who="ada")


def _waits(storage: Storage, payload: Any, state: State = State.NEEDS_REVIEW, *, partner_id: str = "P1") -> str:
    """One signal that was resolved so."""
    count = sum(storage.intents.counts().values())
    signal = incoming(f"S{count + 1}", partner_id=partner_id)
    (accepted,) = storage.signals.accept([signal])
    claim = storage.claims.claim_received("resolver", lease_s=60)
    assert claim is not None
    missing = ["pickup_at"] if state is State.PARTIAL else None
    reason = "its partner is under review" if state is State.NEEDS_REVIEW else None
    storage.claims.record_resolution(
        claim, Resolution(state=state, payload=payload, missing=missing, error_reason=reason, confidence=0.8)
    )
    return accepted.intent_id


def test_what_waits_is_listed_by_partner_the_longest_first(storage: Storage, review: HumanReview) -> None:
    one = _waits(storage, WHOLE)
    two = _waits(storage, LATE, State.PARTIAL, partner_id="P2")
    _waits(storage, WHOLE, State.CONFIRMED)
    assert [intent.id for intent in review.waiting()] == [one, two]
    assert [intent.id for intent in review.waiting("P2")] == [two]
    assert [intent.id for intent in review.waiting(limit=1)] == [one]
    first = review.waiting()[0]
    assert [intent.id for intent in review.waiting(since_before=first.updated_at)] == []


def test_approved_it_goes_on_as_it_is(storage: Storage, review: HumanReview) -> None:
    intent_id = _waits(storage, WHOLE)
    approved = review.approve(intent_id, "looked at it")
    assert (approved.state, approved.payload, approved.error_reason) == (State.CONFIRMED, WHOLE, None)
    last = storage.transitions.of(intent_id)[-1]
    assert (last.from_state, last.to_state, last.actor, last.reason) == (
        State.NEEDS_REVIEW,
        State.CONFIRMED,
        "ada",
        "looked at it",
    )
    (action,) = storage.operator_actions.newest()
    assert (action.who, action.command, action.why) == ("ada", "queue approve", "looked at it")
    assert action.what == {"intent": intent_id, "identity": "P1:S1:original:1", "set": {}}
    claim = storage.claims.claim_confirmed("agent", lease_s=60)
    assert claim is not None
    assert claim.intent.id == intent_id, "an agent takes it"


def test_rejected_it_ends(storage: Storage, review: HumanReview) -> None:
    intent_id = _waits(storage, LATE, State.PARTIAL)
    rejected = review.reject(intent_id, "the partner sends it again")
    assert (rejected.state, rejected.error_reason) == (State.FAILED, "the partner sends it again")
    assert rejected.missing == ["pickup_at"], "why it was bad stays on record"
    assert storage.operator_actions.newest()[0].command == "queue reject"
    assert review.waiting() == []


def test_what_lacks_something_is_not_let_pass_before_it_is_completed(storage: Storage, review: HumanReview) -> None:
    """3.2: no guess, of a person's either."""
    intent_id = _waits(storage, LATE, State.PARTIAL)
    with pytest.raises(CannotDecide, match=r"still lacks pickup_at; complete it with --set pickup_at="):
        review.approve(intent_id, "as it is")
    assert storage.operator_actions.newest() == []

    approved = review.approve(intent_id, "called them", values={"pickup_at": PICKUP})
    assert (approved.state, approved.missing) == (State.CONFIRMED, None)
    content = fold([approved]).content
    assert content is not None
    assert (content["pickup_at"], content["stops"][0]["at"]) == (PICKUP, PICKUP)
    assert storage.operator_actions.newest()[0].what["set"] == {"pickup_at": PICKUP}


def test_a_doubtful_value_can_be_corrected(storage: Storage, review: HumanReview) -> None:
    approved = review.approve(_waits(storage, WHOLE), "called them", values={"weight_lb": 4300, "equipment": "RT"})
    assert approved.payload == {**WHOLE, "weight_lb": 4300.0, "equipment": "RT"}


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"weight_lb": -50}, "weight_lb: Input should be greater than 0"),
        ({"weight_lb": float("inf")}, "weight_lb"),
        ({"weight_lb": "heavy"}, "weight_lb"),
        ({"pickup_at": "tomorrow"}, "pickup_at"),
        ({"pickup_at": 3}, "pickup_at"),
        ({"stops": []}, "still lacks stops"),
        ({"stops": "everywhere"}, "stops"),
        ({"stops": 7}, "stops"),
        ({"equipment": None}, "still lacks equipment"),
        ({"shipment_id": "S2"}, "cannot set shipment_id"),
        ({"kind": "cancel"}, "cannot set kind"),
        ({"load_id": "L1"}, "cannot set load_id"),
    ],
)
def test_a_person_cannot_say_either_what_no_load_can_be(
    storage: Storage, review: HumanReview, values: dict[str, Any], words: str
) -> None:
    intent_id = _waits(storage, WHOLE)
    with pytest.raises(CannotDecide, match=words):
        review.approve(intent_id, "sure", values=values)
    assert [intent.id for intent in review.waiting()] == [intent_id]
    assert storage.operator_actions.newest() == []


def test_a_cancel_needs_nothing(storage: Storage, review: HumanReview) -> None:
    cancel = {"kind": "cancel", "shipment_id": "S1", "reason": None}
    approved = review.approve(_waits(storage, cancel), "they called it off")
    assert (approved.state, approved.payload) == (State.CONFIRMED, cancel)


def test_what_does_not_wait_is_not_a_persons_to_decide(storage: Storage, review: HumanReview) -> None:
    for state in (State.CONFIRMED, State.FAILED):
        intent_id = _waits(storage, WHOLE, state)
        for decide in (review.approve, review.reject):
            with pytest.raises(CannotDecide, match="does not wait for a person"):
                decide(intent_id, "now")
    with pytest.raises(CannotDecide, match="no intent 'nobody'"):
        review.reject("nobody", "now")
    with pytest.raises(CannotDecide, match="nothing that could be acted on"):
        review.approve(_waits(storage, None), "as it is")


def test_two_people_decide_once(storage: Storage, review: HumanReview, monkeypatch: pytest.MonkeyPatch) -> None:
    intent_id = _waits(storage, WHOLE)
    seen = storage.intents.get(intent_id)
    review.reject(intent_id, "no")
    monkeypatch.setattr(storage.intents, "get", lambda _: seen)
    with pytest.raises(CannotDecide, match="has moved on"):
        HumanReview(storage, who="grace").approve(intent_id, "yes")
    assert [action.who for action in storage.operator_actions.newest()] == ["ada"]


json_values = st.recursive(
    st.none() | st.booleans() | st.floats(allow_nan=False) | st.text(max_size=10),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)


@given(st.dictionaries(st.sampled_from([*WHOLE, "confidence", "reason"]), json_values, max_size=4))
def test_whatever_is_set_the_payload_is_whole_or_refused(values: dict[str, Any]) -> None:
    """Never an error of another kind, and never a payload that an agent could not act on."""
    now = SystemClock().now()
    intent = Intent(
        id="i",
        signal_id="s",
        identity=("P1", "S1", "original", "1"),  # type: ignore[arg-type]
        state=State.NEEDS_REVIEW,
        payload=deepcopy(WHOLE),
        confidence=0.8,
        missing=None,
        error_reason=None,
        attempt=0,
        epoch=0,
        worker=None,
        lease_until=None,
        load_id=None,
        retry_at=None,
        retries=0,
        changes=1,
        created_at=now,
        updated_at=now,
    )
    try:
        payload = completed(intent, values)
    except CannotDecide:
        return
    assert payload["shipment_id"] == "S1"
    assert 0 < payload["weight_lb"] <= 1_000_000
    assert all(payload[name] for name in ("pickup_at", "delivery_at", "equipment", "commodity"))
    assert {stop["type"] for stop in payload["stops"]} == {"pickup", "delivery"}
