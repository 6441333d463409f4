"""A signal as ingest hands it over, of which only some matters to a test."""

from datetime import datetime
from typing import Any

from system.clock import SystemClock
from system.storage import NewSignal


def incoming(shipment_id: str, *, partner_id: str = "P1", at: datetime | None = None, **more: Any) -> NewSignal:
    """An original of that partner that came in at a moment (default: now), unless `more` says otherwise."""
    values: dict[str, Any] = {
        "purpose": "original",
        "version": "1",
        "control_number": "",
        "content_type": "application/json",
        "raw": "{}",
        "tender": {},
        **more,
    }
    return NewSignal(partner_id=partner_id, shipment_id=shipment_id, received_at=at or SystemClock().now(), **values)
