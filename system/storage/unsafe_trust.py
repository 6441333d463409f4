"""Incidents of trust without a latch, kept to show the harm: each evaluation under the threshold lowers the ceiling.

One bad week is many evaluations. Runs only under `UNSAFE_TRUST_LOWERS_AT_EACH_EVALUATION`.
"""

from collections.abc import Callable
from datetime import datetime

from sqlalchemy import Connection, update

from system.storage import schema
from system.storage.trust_incidents import TrustIncident, TrustIncidents


class UnlatchedTrust(TrustIncidents):
    """What has been lowered is lowered again."""

    def _stands(
        self,
        connection: Connection,
        standing: TrustIncident,
        tier: int,
        *,
        at: datetime,
        who: str,
        lower: Callable[[int], int],
    ) -> TrustIncident | None:
        ceiling = lower(tier)
        one = schema.partners.c.id == standing.partner_id
        connection.execute(update(schema.partners).where(one).values(autonomy_tier=ceiling))
        self._audit_lowered(connection, standing, ceiling, was=tier, who=who)
        return None
