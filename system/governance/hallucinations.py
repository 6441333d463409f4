"""Hallucinations that nobody has looked into yet, as findings for the monitor: one each, over once it is tagged."""

from collections.abc import Sequence

from system.governance.alerts import HALLUCINATION_DETECTED
from system.governance.findings import Finding
from system.storage.hallucinations import Hallucination, Hallucinations

RULES = (HALLUCINATION_DETECTED,)


class HallucinationWatcher:
    """Finds what stands untagged in `hallucinations`; the oldest first, when there are more than anybody reads."""

    rules = RULES

    def __init__(self, hallucinations: Hallucinations) -> None:
        self._hallucinations = hallucinations

    def look(self) -> Sequence[Finding]:
        """One finding a hallucination. DatabaseUnavailable."""
        return [_finding(one) for one in self._hallucinations.untagged()]


def _finding(one: Hallucination) -> Finding:
    return Finding(
        rule=HALLUCINATION_DETECTED,
        labels={"intent_id": one.intent_id, "partner": one.identity.partner_id},
        details={"identity": str(one.identity), "confidence": f"{one.confidence or 0:.2f}"},
        since=one.at,
        reason=one.reason,
    )
