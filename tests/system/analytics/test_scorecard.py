"""A week on one card: what was sent, what it lacked, what came of it, and how its partner is trusted."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from system.analytics import scorecard_of
from system.analytics.scorecard import days_of
from system.settings import Settings
from system.storage import Partner, State, Storage
from system.storage.signal_quality import Quality

SETTINGS = Settings(trust_window=10, trust_signals_min=5)


def _partner(storage: Storage) -> Partner:
    partner = storage.partners.get("P45678")
    assert partner is not None
    return partner


def test_a_week(storage: Storage, sent: Any) -> None:
    """3.7"""
    sent("2027-03-01T00:00:01", "pickup_at", count=2, became=State.PARTIAL)
    sent("2027-03-05", count=6, became=State.CONFIRMED)
    sent("2027-03-07T23:59:59", count=1, purpose="cancel", became=State.NEEDS_REVIEW)
    for outside in ("2027-02-28T23:59:59", "2027-03-08T00:00"):
        sent(outside, "stops", count=20)
    card = scorecard_of(storage, SETTINGS, replace(_partner(storage), require_review=True), "2027-W09")
    assert card.quality == Quality(signals=8, incomplete=2, missing={"pickup_at": 2})
    assert card.outcomes == {"PARTIAL": 2, "CONFIRMED": 6, "NEEDS_REVIEW": 1}
    assert (card.score, card.ceiling, card.under_review) == (0.75, 3, True)
    said = "Week 2027-W09: 6 of 8 signals stated all that a load needs. Missing: pickup_time (2)."
    assert card.sentence == said
    assert card.as_json()["missing"] == {"pickup_time": 2}


def test_a_week_of_nothing(storage: Storage) -> None:
    card = scorecard_of(storage, SETTINGS, _partner(storage), "2027-W09")
    assert (card.quality.signals, card.outcomes, card.score) == (0, {}, None)
    assert card.sentence == "Week 2027-W09: no tenders and no changes."


def test_what_put_the_partner_on_the_weeks_list_is_on_its_card(storage: Storage) -> None:
    storage.quality_reviews.add("P45678", cause="trust", incident_id="i", details={})
    storage.quality_reviews.add("P1", cause="circuit breaker", incident_id="j", details={})
    (review,) = [one for one in storage.quality_reviews.of_week() if one.partner_id == "P45678"]
    assert scorecard_of(storage, SETTINGS, _partner(storage), review.week).incidents == ("trust",)


def test_weeks_are_iso_weeks_in_utc() -> None:
    assert days_of("2027-W09") == (datetime(2027, 3, 1, tzinfo=UTC), datetime(2027, 3, 8, tzinfo=UTC))
    assert days_of("2026-W53")[0] == datetime(2026, 12, 28, tzinfo=UTC)


@pytest.mark.parametrize("week", ["2027-W54", "2027-W00", "2027-09", "last", ""])
def test_what_is_no_week_is_said(week: str) -> None:
    with pytest.raises(ValueError, match="expected an ISO week"):
        days_of(week)
