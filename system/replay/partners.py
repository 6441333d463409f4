"""Puts a trace's partners into the state in which the trace begins, through the same repositories as the system."""

import hashlib
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import insert

from system.replay.trace import ReplayPartner, ReplaySignals
from system.storage import Partner, Place, Storage, Trip, schema
from system.storage.prepared import Prepared
from system.storage.trust_incidents import Fall

WHO, WHY = "trace", "as the trace begins"
_INSERT_SIGNALS = Prepared(insert(schema.signals))


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
    if partner.quality:
        _write_signals(storage, partner.id, partner.quality, at=at)


def _write_signals(storage: Storage, partner_id: str, quality: Sequence[ReplaySignals], *, at: datetime) -> None:
    """The rows of the signals of before, a second apart, the last of them a second before `at`.

    They have no intents: what became of them is over, and how good they were is all that counts of them.
    """
    lacking = [one.missing for one in quality for _ in range(one.count)]
    rows: list[dict[str, Any]] = [
        {
            "id": f"before-{partner_id}-{number}",
            "partner_id": partner_id,
            "shipment_id": f"BEFORE{number}",
            "purpose": "original",
            "version": "1",
            "control_number": str(number),
            "content_type": "application/edi-x12",
            "raw": "",
            "tender": {},
            "missing": list(missing) or None,
            "received_at": at - timedelta(seconds=len(lacking) - number + 1),
        }
        for number, missing in enumerate(lacking, 1)
    ]
    storage.transact(lambda connection: _INSERT_SIGNALS.add(connection, rows))
