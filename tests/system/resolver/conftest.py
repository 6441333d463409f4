"""A signal as it is stored, and the answer that reads it right, for the tests of the resolver."""

from collections.abc import Callable
from copy import deepcopy
from datetime import UTC, datetime
from typing import Any

import pytest

from system.storage import Identity, Signal

LOAD: dict[str, Any] = {
    "shipment_id": "S1",
    "weight_lb": 4200.0,
    "pickup_at": "2027-03-01T08:00:00",
    "delivery_at": "2027-03-02T09:30:00Z",
    "equipment": "TF",
    "commodity": "PAPER ROLLS",
    "rate_usd": 1850.5,
    "stops": [
        {
            "sequence": number,
            "type": kind,
            "name": "LAKESHORE PAPER",
            "city": "RENO",
            "state": "NV",
            "postal_code": "89506",
            "at": at,
        }
        for number, kind, at in ((1, "pickup", "2027-03-01T08:00:00"), (2, "delivery", "2027-03-02T09:30:00Z"))
    ],
}


@pytest.fixture
def load() -> dict[str, Any]:
    """What the signal says."""
    return deepcopy(LOAD)


@pytest.fixture
def signal_with(load: dict[str, Any]) -> Callable[..., Signal]:
    """Makes the stored signal, with some of what it says replaced."""

    def make(purpose: str = "original", **changes: Any) -> Signal:
        return Signal(
            id="signal",
            identity=Identity("P1", "S1", purpose, "1"),
            control_number="1",
            content_type="application/edi-x12",
            raw="B2**SCAC**S1~",
            tender={**load, "purpose": purpose, "version": "1", **changes},
            received_at=datetime(2027, 3, 1, tzinfo=UTC),
        )

    return make


@pytest.fixture
def answer(load: dict[str, Any]) -> Callable[..., dict[str, Any]]:
    """Makes an answer, right unless changed; as the model would put it into its message."""

    def make(kind: str = "tender", **changes: Any) -> dict[str, Any]:
        if kind == "cancel":
            return {"kind": kind, "shipment_id": "S1", "reason": None, "confidence": 0.97, **changes}
        return {"kind": kind, **deepcopy(load), "confidence": 0.97, **changes}

    return make
