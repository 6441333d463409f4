"""The desired load depends on which signals there are, never on the order in which they came."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from system.agents.fold import fold, rank_of, reference_of
from system.storage import Identity, Intent, State

AT = datetime(2027, 3, 1, tzinfo=UTC)


def _intent(purpose: str, version: str = "1", *, minute: int = 0, shipment: str = "S1") -> Intent:
    return Intent(
        id=f"{purpose}-{version}",
        signal_id="s",
        identity=Identity("P1", shipment, purpose, version),
        state=State.CONFIRMED,
        payload={
            "kind": purpose,
            "weight_lb": float(len(version)),
            "commodity": f"{purpose} {version}",
            "rate_usd": None,
        },
        confidence=0.97,
        missing=None,
        error_reason=None,
        attempt=1,
        epoch=1,
        worker=None,
        lease_until=None,
        load_id=None,
        retry_at=None,
        retries=0,
        changes=3,
        created_at=AT + timedelta(minutes=minute),
        updated_at=AT,
    )


ORIGINAL, CANCEL = _intent("original"), _intent("cancel")
CHANGES = [_intent("change", str(version)) for version in (2, 3, 10)]
INTENTS = st.lists(st.sampled_from([ORIGINAL, CANCEL, *CHANGES]), min_size=1, unique_by=lambda intent: intent.id)


@given(INTENTS, st.randoms())
def test_the_order_does_not_matter(intents: list[Intent], random: st.DataObject) -> None:
    shuffled = list(intents)
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    assert fold(shuffled) == fold(intents)


@given(INTENTS)
def test_a_cancel_ends_it_and_the_highest_version_wins(intents: list[Intent]) -> None:
    desired = fold(intents)
    changes = [intent for intent in CHANGES if intent in intents]
    if CANCEL in intents:
        assert desired.content is None
    else:
        decisive = changes[-1] if changes else ORIGINAL
        assert desired.decided_by is decisive
        assert desired.content is not None
        assert desired.content["commodity"] == f"{decisive.identity.purpose} {decisive.identity.version}"


def test_versions_compare_as_numbers() -> None:
    assert fold([_intent("change", "9"), _intent("change", "10")]).decided_by.identity.version == "10"


def test_changes_without_a_number_rank_by_when_they_came_and_below_numbered_ones() -> None:
    early, late = _intent("change", "0a1b2c3d4e5f", minute=1), _intent("change", "000000000001", minute=2)
    assert fold([late, early]).decided_by is late
    assert fold([late, early, CHANGES[0]]).decided_by is CHANGES[0]
    assert rank_of(ORIGINAL) < rank_of(early) < rank_of(late) < rank_of(CHANGES[0]) < rank_of(CANCEL)


def test_only_what_is_to_be_moved_goes_to_motion() -> None:
    assert fold([ORIGINAL]).content == {"weight_lb": 1.0, "commodity": "original 1", "rate_usd": None}
    assert fold([replace(ORIGINAL, payload={"confidence": 1, "weight_lb": 2.0})]).content == {"weight_lb": 2.0}


def test_the_reference_names_the_shipment() -> None:
    assert reference_of(ORIGINAL) == "P1:S1"


def test_one_shipment_at_a_time() -> None:
    with pytest.raises(ValueError, match="2 shipments"):
        fold([ORIGINAL, _intent("original", shipment="S2")])
    with pytest.raises(ValueError, match="0 shipments"):
        fold([])
