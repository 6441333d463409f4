"""`queue`: listed, approved, completed, rejected; one by one or all of a partner."""

from typing import Any

import pytest

from system.storage import Resolution, State, Storage
from tests.system.incoming import incoming

STOPS = [{"sequence": number, "type": kind, "at": None} for number, kind in ((1, "pickup"), (2, "delivery"))]
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


def _waits(
    storage: Storage,
    shipment_id: str,
    *,
    late: bool,
    partner_id: str = "P1",
    because: str = "its partner is under review",
) -> str:
    signal = incoming(shipment_id, partner_id=partner_id)
    (accepted,) = storage.signals.accept([signal])
    claim = storage.claims.claim_received("resolver", lease_s=60)
    assert claim is not None
    payload = {**WHOLE, "shipment_id": shipment_id, **({"pickup_at": None} if late else {})}
    resolution = (
        Resolution(state=State.PARTIAL, payload=payload, missing=["pickup_at"])
        if late
        else Resolution(state=State.NEEDS_REVIEW, payload=payload, error_reason=because)
    )
    storage.claims.record_resolution(claim, resolution)
    return accepted.intent_id


@pytest.fixture
def waiting(storage: Storage) -> tuple[str, str, str]:
    """Of P1 one that is whole and one that is late; of P12345 one that is whole."""
    return (
        _waits(storage, "S1", late=False),
        _waits(storage, "S2", late=True),
        _waits(storage, "S3", late=False, partner_id="P12345"),
    )


def _state(storage: Storage, intent_id: str) -> State:
    intent = storage.intents.get(intent_id)
    assert intent is not None
    return intent.state


def test_list(run: Any, document: Any, waiting: tuple[str, str, str]) -> None:
    whole, late, other = waiting
    assert [one["intent_id"] for one in document("queue", "list")["waiting"]] == [whole, late, other]
    assert [one["intent_id"] for one in document("queue", "list", "--partner", "P12345")["waiting"]] == [other]
    text = run("queue").output
    assert f"{whole}  P1:S1:original:1  NEEDS_REVIEW  its partner is under review" in text
    assert f"{late}  P1:S2:original:1  PARTIAL  lacks pickup_at" in text


def test_an_empty_queue(run: Any) -> None:
    assert run("queue", "list").output == "nothing waits for a person\n"


def test_approve_completes_one(run: Any, document: Any, storage: Storage, waiting: tuple[str, str, str]) -> None:
    _, late, _ = waiting
    refused = run("queue", "approve", late, "--why", "as it is")
    assert refused.exit_code == 1
    assert "still lacks pickup_at; complete it with --set pickup_at=..." in refused.output
    set_it = ("--set", "pickup_at=2027-03-01T07:15:00", "--set", "weight_lb=4300")
    assert document("queue", "approve", late, *set_it, "--why", "called them") == {"decided": [late], "refused": {}}
    intent = storage.intents.get(late)
    assert intent is not None
    assert intent.payload is not None
    assert (intent.state, intent.payload["weight_lb"]) == (State.CONFIRMED, 4300)
    (action,) = storage.operator_actions.newest()
    assert (action.who, action.why) == ("ada", "called them")


def test_all_of_a_partner(document: Any, storage: Storage, waiting: tuple[str, str, str]) -> None:
    """Whole ones go on, and those that lack something can be ended without touching what has come in since."""
    whole, late, other = waiting
    approved = document("queue", "approve", "--all", "--partner", "P1", "--why", "all looked at")
    assert approved == {"decided": [whole], "refused": {}}
    assert _state(storage, late) is State.PARTIAL
    came_in = _waits(storage, "S4", late=False)
    rejected = document("queue", "reject", "--all", "--incomplete", "--why", "they send them again")
    assert rejected["decided"] == [late]
    assert [_state(storage, one) for one in (other, came_in)] == [State.NEEDS_REVIEW] * 2
    assert document("queue", "reject", "--all", "--why", "the rest")["decided"] == [other, came_in]


def test_what_was_read_with_a_doubt_is_looked_at_by_itself(document: Any, storage: Storage) -> None:
    """Bulk approval is for what waits because of who sent it."""
    doubtful = _waits(storage, "S1", late=False, because="Doubtful: equipment 'RT', signal says 'TF'")
    of_a_tier = _waits(storage, "S2", late=False, because="a tender of a tier 1 partner goes to a person")
    assert document("queue", "approve", "--all", "--why", "all looked at")["decided"] == [of_a_tier]
    assert _state(storage, doubtful) is State.NEEDS_REVIEW
    assert document("queue", "approve", doubtful, "--why", "called them")["decided"] == [doubtful]


@pytest.mark.parametrize(
    "words",
    [
        ("approve", "--why", "nothing named"),
        ("approve", "some", "--all", "--why", "both"),
        ("approve", "some"),
        ("reject", "some", "--partner", "P1", "--why", "which"),
        ("approve", "--all", "--set", "weight_lb=1", "--why", "all alike"),
        ("approve", "some", "--set", "weight_lb", "--why", "to what"),
    ],
)
def test_half_an_order_is_none(run: Any, storage: Storage, waiting: tuple[str, str, str], words: Any) -> None:
    assert run("queue", *words).exit_code == 2
    assert storage.operator_actions.newest() == []


def test_what_is_not_there_is_said(run: Any) -> None:
    refused = run("queue", "reject", "nobody", "--why", "away with it")
    assert refused.exit_code == 1
    assert "no intent 'nobody'" in refused.output
