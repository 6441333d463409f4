"""The weekly review list: an incident stands on it once, in its ISO week, until somebody crosses it out."""

from datetime import UTC, datetime
from typing import Any

import pytest

from system.storage import Storage
from system.storage.quality_reviews import week_of


@pytest.mark.parametrize(
    ("at", "week"),
    [
        (datetime(2027, 3, 1, tzinfo=UTC), "2027-W09"),
        (datetime(2027, 1, 3, tzinfo=UTC), "2026-W53"),
        (datetime(2024, 12, 30, tzinfo=UTC), "2025-W01"),
    ],
)
def test_weeks_are_those_of_iso(at: datetime, week: str) -> None:
    assert week_of(at) == week


def test_once_an_incident_until_reviewed(storage: Storage, clock: Any) -> None:
    for details in ({"malformed": 9}, {"malformed": 10}):
        storage.quality_reviews.add("P1", cause="circuit breaker", incident_id="I1", details=details)
    storage.quality_reviews.add("P1", cause="trust score", incident_id="I1", details={})
    breaker, trust = storage.quality_reviews.of_week()
    assert {breaker.cause, trust.cause} == {"circuit breaker", "trust score"}
    (first,) = (one for one in (breaker, trust) if one.cause == "circuit breaker")
    assert (first.details, first.week, first.added_at) == ({"malformed": 9}, "2027-W09", clock.now())

    assert storage.quality_reviews.mark_reviewed(first.id, by="ada")
    assert not storage.quality_reviews.mark_reviewed(first.id, by="eve")
    (after,) = (one for one in storage.quality_reviews.of_week("2027-W09") if one.id == first.id)
    assert (after.reviewed_at, after.reviewed_by) == (clock.now(), "ada")
    clock.move(7 * 86_400)
    assert storage.quality_reviews.of_week() == []
