"""Looks after the circuit breakers: a finding from the opening until it is closed, by an operator or by its probes."""

from collections.abc import Sequence

from system.governance.alerts import CIRCUIT_BREAKER_OPEN, AlertRule
from system.governance.findings import Finding
from system.storage import BreakerState, Storage


class BreakerWatcher:
    """See the module."""

    rules: tuple[AlertRule, ...] = (CIRCUIT_BREAKER_OPEN,)

    def __init__(self, storage: Storage) -> None:
        self._storage = storage

    def look(self) -> Sequence[Finding]:
        """The breakers that are not closed; the incident is a label, so that two in a row are two."""
        return [
            Finding(
                rule=CIRCUIT_BREAKER_OPEN,
                labels={"partner": row.partner_id, "incident": row.incident_id},
                since=row.opened_at,
                reason=(
                    f"{row.malformed} malformed and {row.duplicates} repeated signals"
                    + (f", most often wrong: {row.places[0]}" if row.places else "")
                ),
            )
            for row in self._storage.breakers.all()
            if row.state is not BreakerState.CLOSED
        ]
