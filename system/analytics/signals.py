"""The analysis of one partner's signals over a span: which fields a load needs and they lack, and in how many of them.

It counts tenders and changes as they were received, whatever became of them. A date without a time is the whole day, at
both ends of a span.
"""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from system.clock import RandomIds, SystemClock
from system.settings import Settings
from system.storage import Storage
from system.storage.signal_quality import Quality
from system.x12.completeness import words_for

WORDS_MISSING = "Missing field '{field}' in {share}% of signals"
_LEAST_SHOWN = 1
"""Per cent: what is missing at all is never told as missing in none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Analysis:
    """What was found between two moments, of which `end` no longer belongs to the span."""

    partner_id: str
    start: datetime
    end: datetime
    quality: Quality

    @property
    def shares(self) -> dict[str, int]:
        """Each field that is missing, as people call it, and in how many per cent of the signals; the worst first."""
        signals = self.quality.signals
        return {
            words_for(field): max(_LEAST_SHOWN, round(100 * count / signals))
            for field, count in self.quality.missing.items()
        }

    @property
    def sentences(self) -> list[str]:
        """What an operator reads, one sentence a field."""
        if not self.quality.signals:
            return ["No signals"]
        said = [WORDS_MISSING.format(field=field, share=share) for field, share in self.shares.items()]
        return said or [f"No field is missing in {self.quality.signals} signals"]

    def as_json(self) -> dict[str, Any]:
        """As the console has it."""
        return {
            "partner": self.partner_id,
            "from": self.start.isoformat(),
            "to": self.end.isoformat(),
            "signals": self.quality.signals,
            "incomplete": self.quality.incomplete,
            "missing": [
                {"field": words_for(field), "signals": count, "percent": self.shares[words_for(field)]}
                for field, count in self.quality.missing.items()
            ],
            "said": self.sentences,
        }


def analysis_of(storage: Storage, partner_id: str, start: datetime, end: datetime) -> Analysis:
    """The analysis from `start` on and before `end` (both aware). ValueError: no such partner, or no such span."""
    if storage.partners.get(partner_id) is None:
        raise ValueError(f"no partner {partner_id!r}")
    if not start < end:
        raise ValueError(f"expected a span that ends after it begins, seen {start.isoformat()} to {end.isoformat()}")
    quality = storage.signal_quality.between(partner_id, start, end)
    return Analysis(partner_id=partner_id, start=start, end=end, quality=quality)


def analyze_partner_signals(partner: str, start: str, end: str, *, storage: Storage | None = None) -> str:
    """As the incident playbook has it: `analyze_partner_signals('P45678', '2026-01-01', '2026-01-08')`.

    Without a storage it connects to the one that the settings name. ValueError for a partner or a span that is not one.
    """
    span = span_of(start, end)
    if storage is not None:
        return "; ".join(analysis_of(storage, partner, *span).sentences)
    own = Storage.connect(Settings.load(), clock=SystemClock(), ids=RandomIds())
    try:
        return "; ".join(analysis_of(own, partner, *span).sentences)
    finally:
        own.close()


def span_of(start: str, end: str) -> tuple[datetime, datetime]:
    """Two moments in ISO 8601, UTC where they state no zone. ValueError says which is none."""
    return _moment(start, whole_day=False), _moment(end, whole_day=True)


def _moment(text: str, *, whole_day: bool) -> datetime:
    try:
        day = date.fromisoformat(text)
    except ValueError:
        day = None
    try:
        if day is not None:
            return datetime.combine(day, time(), UTC) + timedelta(days=whole_day)
        at = datetime.fromisoformat(text)
        return (at if at.tzinfo else at.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError):
        raise ValueError(f"expected a date such as 2026-01-08, or a time in ISO 8601, seen {text!r}") from None
