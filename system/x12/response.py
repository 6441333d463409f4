"""Writes the 990 (response to a load tender): the carrier's yes or no to one shipment."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Literal

from system.x12.writing import Envelope, OutgoingSet, write_interchange

_ACTIONS = {"accepted": "A", "declined": "D"}


@dataclass(frozen=True, slots=True, kw_only=True)
class TenderResponse:
    """The answer to one tender; `carrier` is our SCAC (2 to 4 letters), `reference` our own load id if there is one."""

    carrier: str
    shipment_id: str
    on: date
    answer: Literal["accepted", "declined"]
    reference: str = ""
    remark: str = ""

    def __post_init__(self) -> None:
        if not (2 <= len(self.carrier) <= 4 and self.carrier.isascii() and self.carrier.isalpha()):
            raise ValueError(f"carrier: expected a SCAC of 2 to 4 letters, seen {self.carrier!r}")
        for name, value, least, most in (
            ("shipment_id", self.shipment_id, 1, 30),
            ("reference", self.reference, 0, 50),
            ("remark", self.remark, 0, 80),
        ):
            if not least <= len(value) <= most or not value.isprintable():
                raise ValueError(f"{name}: expected {least} to {most} printable characters, seen {value[:60]!r}")


def write_responses(envelope: Envelope, responses: Sequence[TenderResponse]) -> str:
    """One interchange with a 990 for each response; raises ValueError when a value holds a delimiter."""
    sets = [OutgoingSet(code="990", segments=_segments(response)) for response in responses]
    return write_interchange(envelope, "GF", sets)


def _segments(response: TenderResponse) -> list[tuple[str, ...]]:
    action = _ACTIONS[response.answer]
    segments: list[tuple[str, ...]] = [("B1", response.carrier, response.shipment_id, f"{response.on:%Y%m%d}", action)]
    if response.reference:
        segments.append(("N9", "CN", response.reference))
    if response.remark:
        segments.append(("K1", response.remark))
    return segments
