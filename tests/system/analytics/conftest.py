"""A database with a partner, and signals of it on given days."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime

import pytest

from system.clock import RandomIds, SystemClock
from system.settings import Settings
from system.storage import Partner, Resolution, State, Storage, create_schema
from tests.system.incoming import incoming

Sent = Callable[..., None]


@pytest.fixture
def storage() -> Iterator[Storage]:
    storage = Storage.connect(Settings(database_url="sqlite://"), clock=SystemClock(), ids=RandomIds())
    create_schema(storage.engine)
    storage.partners.upsert(Partner(id="P45678", name="One", api_key_sha256="0" * 64, autonomy_tier=3))
    yield storage
    storage.close()


@pytest.fixture
def sent(storage: Storage) -> Sent:
    """Stores `count` signals of P45678 that were received at a moment and lack these fields."""
    numbers = iter(range(1_000_000))

    def send(
        at: str,
        *missing: str,
        count: int = 1,
        purpose: str = "original",
        became: State | None = None,
        of: str = "P45678",
    ) -> None:
        signals = [
            incoming(
                f"S{next(numbers)}",
                partner_id=of,
                at=datetime.fromisoformat(at).replace(tzinfo=UTC),
                purpose=purpose,
                missing=missing,
            )
            for _ in range(count)
        ]
        storage.signals.accept(signals)
        for _ in range(count if became else 0):
            claim = storage.claims.claim_received("resolver", lease_s=60)
            assert claim is not None
            storage.claims.record_resolution(claim, Resolution(state=became or State.FAILED, payload={}))

    return send
