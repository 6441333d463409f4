"""`partners`: trusted how far, lacking what, and the week on a card."""

from typing import Any

import pytest

from system.clock import SystemClock
from system.storage import Storage
from system.storage.quality_reviews import week_of
from tests.system.incoming import incoming

TODAY = SystemClock().now()


@pytest.fixture
def received(storage: Storage) -> None:
    """Of P12345 twenty signals, seventeen of which lack their pickup time."""
    for number in range(20):
        signal = incoming(f"S{number}", partner_id="P12345", at=TODAY, missing=("pickup_at",) if number >= 3 else ())
        storage.signals.accept([signal])


def test_list(received: None, run: Any, document: Any) -> None:
    one, other = document("partners", "list")["partners"]
    assert (one["partner"], one["trust_score"], one["autonomy_ceiling"]) == ("P1", None, 2)
    assert (other["partner"], other["trust_score"], other["signals"]) == ("P12345", 0.15, 20)
    assert "P12345  score 0.15  ceiling 2" in run("partners").output


def test_analyze(received: None, run: Any, document: Any) -> None:
    """3.5, as a command."""
    assert run("partners", "analyze", "P12345").output == "Missing field 'pickup_time' in 85% of signals\n"
    day = TODAY.date().isoformat()
    assert document("partners", "analyze", "P12345", day, day)["said"] == [
        "Missing field 'pickup_time' in 85% of signals"
    ]
    assert document("partners", "analyze", "P12345", "2020-01-01", "2020-01-08")["signals"] == 0
    assert document("partners", "analyze", "P12345", "--days", "0.5")["signals"] == 20


@pytest.mark.parametrize(
    ("words", "exit_code", "said"),
    [
        (("analyze", "P9"), 1, "no partner 'P9'"),
        (("analyze", "P12345", "2026-01-01"), 2, "both ends"),
        (("analyze", "P12345", "2026-01-01", "2026-01-08", "--days", "1"), 2, "both ends"),
        (("analyze", "P12345", "--days", "nan"), 2, "no number of days"),
        (("analyze", "P12345", "soon", "later"), 1, "expected a date"),
        (("scorecard", "P9"), 1, "no partner 'P9'"),
        (("scorecard", "--week", "9"), 1, "expected an ISO week"),
    ],
)
def test_what_cannot_be_is_said(run: Any, words: tuple[str, ...], exit_code: int, said: str) -> None:
    result = run("partners", *words)
    assert result.exit_code == exit_code
    assert said in result.output


def test_scorecard(received: None, run: Any, document: Any) -> None:
    """3.7, at the console."""
    week = ("--week", week_of(TODAY))
    cards = document("partners", "scorecard", *week)["scorecards"]
    counted = [(card["partner"], card["signals"], card["incomplete"]) for card in cards]
    assert counted == [("P1", 0, 0), ("P12345", 20, 17)]
    text = run("partners", "scorecard", "P12345", *week).output
    assert "3 of 20 signals stated all that a load needs. Missing: pickup_time (17)." in text
    assert "20 RECEIVED; score 0.15, ceiling 2" in text
