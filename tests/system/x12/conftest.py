"""Load tenders as a partner's tool would write them, to be changed by the tests."""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime

import pytest

from system.x12 import Delimiters, Envelope, OutgoingSet, write_interchange

Segments = list[tuple[str, ...]]
WriteTender = Callable[..., str]


@pytest.fixture
def plain_segments() -> Segments:
    """One complete original tender, between ST and SE."""
    return [
        ("B2", "", "FXCA", "", "SHP1", "", "PP"),
        ("B2A", "00", "LT"),
        ("L11", "PO1", "PO"),
        ("N7", "", "53001", "", "", "", "", "", "", "", "", "TL"),
        ("S5", "1", "LD"),
        ("G62", "69", "20270301", "Y", "0800", "LT"),
        ("N1", "SF", "ACME PAPER"),
        ("N3", "1 DOCK ROAD"),
        ("N4", "DALLAS", "TX", "75001", "US"),
        ("L5", "1", "PAPER"),
        ("S5", "2", "UL"),
        ("G62", "70", "20270302", "Z", "1430", "LT"),
        ("N1", "ST", "BETA STORES"),
        ("N4", "MEMPHIS", "TN", "38101", "US"),
        ("L3", "42000", "G", "1850.5", "FR", "185050"),
    ]


@pytest.fixture
def write_tender() -> WriteTender:
    """Writes sets of segments as one interchange from P1001."""

    def write(
        *sets: Sequence[tuple[str, ...]], delimiters: Delimiters | None = None, version: str = "00401", code: str = "SM"
    ) -> str:
        envelope = Envelope(
            sender="P1001",
            receiver="FREIGHT",
            control_number="77",
            at=datetime(2027, 2, 1, tzinfo=UTC),
            version=version,
            delimiters=delimiters or Delimiters(element="*", component=">", segment="~", repetition=None),
        )
        return write_interchange(envelope, code, [OutgoingSet(code="204", segments=one) for one in sets])

    return write
