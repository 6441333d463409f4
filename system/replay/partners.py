"""Puts a trace's partners into the state in which the trace begins, through the same repositories as the system."""

import hashlib
from datetime import datetime, timedelta

from system.replay.trace import ReplayPartner
from system.storage import Partner, Place, Storage, Trip
from system.storage.trust_incidents import Fall

WHO, WHY = "trace", "as the trace begins"


def write_partner(storage: Storage, partner: ReplayPartner, *, key: str, at: datetime) -> None:
    """Writes the partner, whose key is `key`, as it is at `at`, when the trace begins."""
    trust, breaker = partner.trust, partner.breaker
    storage.partners.upsert(
        Partner(
            id=partner.id,
            name=partner.name,
            api_key_sha256=hashlib.sha256(key.encode()).hexdigest(),
            autonomy_tier=partner.autonomy_tier if trust is None else trust.ceiling_before,
            require_review=partner.require_review,
        )
    )
    if trust is not None:
        fall = Fall(partner_id=partner.id, score=trust.score, before=trust.before, missing=trust.missing)
        opened = storage.trust_incidents.open(fall, at=at, who=WHO, lower=lambda _: partner.autonomy_tier)
        if opened is not None and trust.probation:
            storage.trust_incidents.begin_probation(opened.id, at=at, who=WHO, why=WHY)
    if breaker is not None:
        places = [Place(**place.model_dump()) for place in breaker.places]
        probe_after = at + timedelta(seconds=breaker.probe_after_s)
        trip = Trip(malformed=breaker.malformed, duplicates=breaker.duplicates, places=places, probe_after=probe_after)
        storage.breakers.trip(partner.id, trip)
