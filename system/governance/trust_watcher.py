"""Looks after partners whose trust fell: a finding from the fall until a person need no longer review all they send."""

import math
from collections.abc import Sequence

from system.governance.alerts import TRUST_FELL, AlertRule
from system.governance.findings import Finding
from system.storage import Storage, TrustIncident
from system.x12.completeness import words_for

_FIELDS_TOLD_MAX = 5


class TrustWatcher:
    """See the module."""

    rules: tuple[AlertRule, ...] = (TRUST_FELL,)

    def __init__(self, storage: Storage) -> None:
        self._storage = storage

    def look(self) -> Sequence[Finding]:
        """The incidents that are under review; the incident is a label, so that two in a row are two."""
        unclosed = self._storage.trust_incidents.unclosed()
        return [_finding(one) for one in unclosed if one.review_ended_at is None]


def _finding(one: TrustIncident) -> Finding:
    missing = [f"{words_for(field)} in {count}" for field, count in one.missing.items()][:_FIELDS_TOLD_MAX]
    return Finding(
        rule=TRUST_FELL,
        labels={"partner": one.partner_id, "incident": one.id},
        details={
            "score": shown(one.score),
            "before": "none" if one.score_before is None else f"{one.score_before:.2f}",
        },
        since=one.opened_at,
        reason=f"missing: {', '.join(missing)}",
    )


def shown(score: float) -> str:
    """A score that fell, with two decimals, cut off: it is never told as the threshold that it is under."""
    return f"{math.floor(round(score * 100, 6)) / 100:.2f}"
