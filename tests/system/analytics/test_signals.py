"""The analysis says what the playbook's says, of the days that were asked for."""

from datetime import UTC, datetime
from typing import Any

import pytest

from system.analytics import analysis_of, analyze_partner_signals
from system.analytics.signals import span_of
from system.storage import Storage


def test_the_playbooks_own_line(storage: Storage, sent: Any) -> None:
    """3.5"""
    sent("2026-01-01T00:00", "pickup_at", count=8)
    sent("2026-01-08T23:59:59", "pickup_at", count=9)
    sent("2026-01-05T12:00", count=3)
    sent("2026-01-05T12:00", count=5, purpose="cancel")
    for outside in ("2025-12-31T23:59:59", "2026-01-09T00:00"):
        sent(outside, "pickup_at", count=50)
    said = analyze_partner_signals("P45678", "2026-01-01", "2026-01-08", storage=storage)
    assert said == "Missing field 'pickup_time' in 85% of signals"


def test_several_fields_the_worst_first(storage: Storage, sent: Any) -> None:
    sent("2026-01-05", "weight_lb", "pickup_at", count=2)
    sent("2026-01-05", "pickup_at", count=6)
    sent("2026-01-05", count=2)
    sent("2026-01-05", "equipment", of="P1")
    found = analysis_of(storage, "P45678", *span_of("2026-01-05", "2026-01-05"))
    assert found.sentences == [
        "Missing field 'pickup_time' in 80% of signals",
        "Missing field 'weight' in 20% of signals",
    ]
    document = found.as_json()
    assert (document["signals"], document["incomplete"]) == (10, 8)
    assert document["missing"][0] == {"field": "pickup_time", "signals": 8, "percent": 80}


def test_nothing_missing_nothing_sent_and_hardly_anything(storage: Storage, sent: Any) -> None:
    day = ("P45678", "2026-01-05", "2026-01-05")
    assert analyze_partner_signals(*day, storage=storage) == "No signals"
    sent("2026-01-05", count=999)
    assert analyze_partner_signals(*day, storage=storage) == "No field is missing in 999 signals"
    sent("2026-01-05", "stops")
    assert analyze_partner_signals(*day, storage=storage) == "Missing field 'stops' in 1% of signals"


@pytest.mark.parametrize(
    ("start", "end"),
    [
        ("2026-01-01", "2025-12-31"),
        ("2026-13-01", "2026-01-08"),
        ("yesterday", "2026-01-08"),
        ("2026-01-01", "9999-12-31"),
        ("2026-01-01T08:00", "2026-01-01T08:00"),
    ],
)
def test_what_is_no_span_is_said(storage: Storage, start: str, end: str) -> None:
    with pytest.raises(ValueError, match="expected a"):
        analyze_partner_signals("P45678", start, end, storage=storage)


def test_a_partner_that_is_not_there_is_said(storage: Storage) -> None:
    with pytest.raises(ValueError, match="no partner 'P9'"):
        analyze_partner_signals("P9", "2026-01-01", "2026-01-08", storage=storage)


def test_a_span_is_in_utc_and_a_date_is_its_whole_day() -> None:
    start, end = span_of("2026-01-01", "2026-01-08T10:00:00+02:00")
    assert start == datetime(2026, 1, 1, tzinfo=UTC)
    assert end == datetime(2026, 1, 8, 8, tzinfo=UTC)
    assert span_of("2026-01-01T08:00", "2026-01-01")[1] == datetime(2026, 1, 2, tzinfo=UTC)
