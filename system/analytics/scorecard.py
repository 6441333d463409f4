"""The scorecard of one partner and one week: what it sent, what was wrong with it, what came of it, how it is trusted.

Weeks are ISO weeks in UTC, on the calendar. Who is sent it, and when, is decided elsewhere.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from system.governance.trust import score_of
from system.settings import Settings
from system.storage import Partner, Storage
from system.storage.quality_reviews import week_of
from system.storage.signal_quality import Quality
from system.x12.completeness import words_for

WEEK = timedelta(days=7)


@dataclass(frozen=True, slots=True, kw_only=True)
class Scorecard:
    """One partner's week. `quality` counts tenders and changes, `outcomes` every signal, by its intent's state.

    `score` is the trust score of the week's last signals, None where they are too few. `incidents` says what put the
    partner on the week's data-quality review list.
    """

    partner_id: str
    week: str
    quality: Quality
    outcomes: Mapping[str, int]
    score: float | None
    ceiling: int
    under_review: bool
    incidents: Sequence[str]

    @property
    def sentence(self) -> str:
        """The week in one sentence, as a notice says it."""
        if not self.quality.signals:
            return f"Week {self.week}: no tenders and no changes."
        whole = self.quality.signals - self.quality.incomplete
        lacking = ", ".join(f"{words_for(field)} ({count})" for field, count in self.quality.missing.items())
        missing = f" Missing: {lacking}." if lacking else ""
        return f"Week {self.week}: {whole} of {self.quality.signals} signals stated all that a load needs.{missing}"

    def as_json(self) -> dict[str, Any]:
        """As notices and the console have it."""
        return {
            "partner": self.partner_id,
            "week": self.week,
            "signals": self.quality.signals,
            "incomplete": self.quality.incomplete,
            "missing": {words_for(field): count for field, count in self.quality.missing.items()},
            "outcomes": dict(self.outcomes),
            "trust_score": None if self.score is None else round(self.score, 4),
            "autonomy_ceiling": self.ceiling,
            "under_review": self.under_review,
            "incidents": list(self.incidents),
        }


def scorecard_of(storage: Storage, settings: Settings, partner: Partner, week: str) -> Scorecard:
    """The partner's scorecard of the ISO week, as `2027-W09`. ValueError: no such week; DatabaseUnavailable."""
    start, end = days_of(week)
    week = week_of(start)
    quality = storage.signal_quality
    lacking = quality.newest(partner.id, settings.trust_window, since=start, before=end)
    score = score_of(
        lacking,
        window=settings.trust_window,
        signals_min=settings.trust_signals_min,
        threshold=settings.trust_threshold,
    )
    reviews = [one for one in storage.quality_reviews.of_week(week) if one.partner_id == partner.id]
    return Scorecard(
        partner_id=partner.id,
        week=week,
        quality=quality.between(partner.id, start, end),
        outcomes=quality.outcomes(partner.id, start, end),
        score=None if score is None else score.value,
        ceiling=partner.autonomy_tier,
        under_review=partner.require_review,
        incidents=tuple(one.cause for one in reviews),
    )


def days_of(week: str) -> tuple[datetime, datetime]:
    """When an ISO week begins, and when the next one does. ValueError."""
    try:
        start = datetime.strptime(f"{week}-1", "%G-W%V-%u").replace(tzinfo=UTC)
    except ValueError:
        raise ValueError(f"expected an ISO week such as 2027-W09, seen {week!r}") from None
    return start, start + WEEK
