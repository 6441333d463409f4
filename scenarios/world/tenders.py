"""What a partner sends over a day, made up from a seed: varied, valid tenders, their changes and their cancels.

The same seed and partner give the same batches, byte for byte. Nothing here sends anything or waits: the rate belongs
to the traffic. The variants (where the weight stands, which date qualifier, which delimiters) are those of real
partners.
"""

import hashlib
import json
import random
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Literal

from scenarios.world.sent_tender import Purpose, SentStop, SentTender, desired_content, expected_content, normal_content
from scenarios.world.x12_writer import Delimiters, Layout, interchange, transaction_set, with_control_number

__all__ = [
    "Batch",
    "SentStop",
    "SentTender",
    "TenderSource",
    "desired_content",
    "expected_content",
    "normal_content",
]

X12 = "application/edi-x12"
JSON = "application/json"

_FIRST_DAY = datetime(2090, 3, 1)
"""Where the made-up days start, whatever today is, so that a seed always gives the same bytes; none is ever over."""
_OPEN_SHIPMENTS_MAX = 200
_DELIMITERS = (
    Delimiters(),
    Delimiters(line_end="\n"),
    Delimiters(line_end="\r\n"),
    Delimiters(component=":", terminator="\n"),
    Delimiters(component=":", terminator="'"),
    Delimiters(element="|", component="^"),
    Delimiters(element="\x1d", component="\x1f", terminator="\x1c"),
)
_EQUIPMENT = ("TF", "TL", "RT", "FT", "CN")
_COMMODITIES = (
    *("FRESH APPLES", "PAPER ROLLS", "BOTTLED WATER", "WASHING MACHINES", "STEEL COILS", "FROZEN PEAS", "ROOF TILES"),
    *("CANNED TOMATOES", "OFFICE CHAIRS 48/CS", "DOG FOOD - 40 LB BAGS", "PAINT, WATER BASED", "COTTON YARN"),
)
_COMPANIES = (
    *("NORTHWIND PRODUCE", "LAKESHORE PAPER CO.", "REDROCK BEVERAGES INC", "HARBOR APPLIANCES", "SUMMIT STEEL"),
    *("PRAIRIE FOODS DC 7", "ORCHARD & SONS", "VALLEY COLD STORAGE", "METRO CROSS-DOCK #4", "COASTAL GROCERS"),
)
_PLACES = (
    *(("CHICAGO", "IL", "60609"), ("DALLAS", "TX", "75212"), ("ATLANTA", "GA", "30336"), ("RENO", "NV", "89506")),
    *(("COLUMBUS", "OH", "43217"), ("FRESNO", "CA", "93725"), ("NEWARK", "NJ", "07114"), ("ST. PAUL", "MN", "55114")),
    *(
        ("KANSAS CITY", "MO", "64120"),
        ("TACOMA", "WA", "98421"),
        ("WORCESTER", "MA", "01604"),
        ("EL PASO", "TX", "79928"),
    ),
)
_ROUTES: tuple[tuple[Literal["pickup", "delivery"], ...], ...] = (
    ("pickup", "delivery"),
    ("pickup", "delivery"),
    ("pickup", "delivery"),
    ("pickup", "delivery", "delivery"),
    ("pickup", "pickup", "delivery"),
    ("pickup", "pickup", "delivery", "delivery"),
)
_CANCEL_REASONS = ("", "ORDER CANCELLED BY CUSTOMER", "PRODUCT NOT READY", "AWARDED TO ANOTHER CARRIER")


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """One request body: an interchange, or one tender as JSON, and what it says.

    `control_number` is the interchange's (ISA13, nine digits); empty for JSON, which has none.
    """

    content_type: str
    body: bytes
    tenders: tuple[SentTender, ...]
    control_number: str


@dataclass(slots=True)
class _Shipment:
    """A shipment that was tendered and not cancelled: what was said last, and which version comes next."""

    latest: SentTender
    version_next: int = 2


class TenderSource:
    """An endless supply of batches of one partner.

    Shipment ids hold a digest of seed and partner, so they are unique within a run if no two sources share both.
    About a seventh of the sets change an earlier shipment, a fourteenth cancels one; one batch in eight holds several
    sets, one in ten is JSON. `originals_only` leaves changes and cancels out; `alter` may make something else of each
    tender or change before it is written, which the next change of that shipment knows nothing of. A shipment whose
    commodity it replaced is not spoken of again.
    """

    def __init__(
        self,
        seed: int | str,
        partner: str,
        *,
        originals_only: bool = False,
        alter: Callable[[SentTender], SentTender] = lambda tender: tender,
    ) -> None:
        self.partner = partner
        self._alter = alter
        self._random = random.Random(f"{seed}:{partner}")  # noqa: S311 -- traffic must repeat, not be secret
        self._prefix = hashlib.sha256(f"{seed}:{partner}".encode()).hexdigest()[:6].upper()
        self._originals_only = originals_only
        self._open: list[_Shipment] = []
        self._shipment_count = 0
        self._control_number = self._random.randrange(1, 400_000_000)

    def next(self) -> Batch:
        """The next batch: a new shipment, or a change or cancel of one that this source has sent before."""
        draw = self._random.random()
        if draw < 0.10:
            tender = self._tender(set())
            return Batch(content_type=JSON, body=_json_body(tender), tenders=(tender,), control_number="")
        tenders: list[SentTender] = []
        for _ in range(self._random.randint(2, 4) if draw < 0.225 else 1):
            tenders.append(self._tender({tender.shipment_id for tender in tenders}))
        sets = [transaction_set(tender, self._layout(tender)) for tender in tenders]
        cut = 1 if len(sets) > 1 and self._random.random() < 0.3 else 0
        number = self._next_control_number()
        body = interchange(
            [sets[:cut], sets[cut:]] if cut else [sets],
            sender=self.partner,
            control_number=number,
            at=_FIRST_DAY - timedelta(minutes=self._random.randrange(60, 6000)),
            delimiters=self._random.choice(_DELIMITERS),
        )
        return Batch(content_type=X12, body=body, tenders=tuple(tenders), control_number=f"{number:09d}")

    def again(self, batch: Batch) -> Batch:
        """The same batch as a resend: the same content under a new ISA control number; JSON comes back as it was."""
        if batch.content_type == JSON:
            return batch
        number = self._next_control_number()
        return replace(batch, body=with_control_number(batch.body, number), control_number=f"{number:09d}")

    def _next_control_number(self) -> int:
        self._control_number += 1
        return self._control_number

    def _tender(self, taken: set[str]) -> SentTender:
        """One tender; a change or a cancel is never of a shipment in `taken`, which stands in the same interchange."""
        kind = self._random.random()
        free = [shipment for shipment in self._open if shipment.latest.shipment_id not in taken]
        if self._originals_only or kind >= 0.21 or not free:
            return self._original()
        shipment = self._random.choice(free)
        if kind < 0.07:
            self._open.remove(shipment)
            return replace(shipment.latest, purpose="cancel", version="1")
        shipment.latest = replace(self._changed(shipment.latest), purpose="change", version=str(shipment.version_next))
        shipment.version_next += 1
        return self._alter(shipment.latest)

    def _original(self) -> SentTender:
        draw = self._random
        self._shipment_count += 1
        stops = self._stops()
        plain = SentTender(
            partner=self.partner,
            shipment_id=f"S{self._prefix}{self._shipment_count:05d}",
            purpose="original",
            version="1",
            weight_lb=draw.randrange(1_200, 45_000) + draw.choice((0.0, 0.0, 0.0, 0.0, 0.5)),
            pickup_at=stops[0].at,
            delivery_at=stops[-1].at,
            equipment=draw.choice(_EQUIPMENT),
            commodity=draw.choice(_COMMODITIES),
            rate=None if draw.random() < 0.15 else draw.randrange(40_000, 900_000) / 100,
            stops=stops,
        )
        tender = self._alter(plain)
        if tender.commodity == plain.commodity:
            self._open.append(_Shipment(plain))
        del self._open[:-_OPEN_SHIPMENTS_MAX]
        return tender

    def _stops(self) -> tuple[SentStop, ...]:
        draw = self._random
        kinds = draw.choice(_ROUTES)
        at = _FIRST_DAY + timedelta(minutes=15 * draw.randrange(4 * 24 * 60))
        zone = draw.choice(("", "", "Z"))
        stops: list[SentStop] = []
        for sequence, (kind, place) in enumerate(zip(kinds, draw.sample(_PLACES, len(kinds)), strict=True), start=1):
            city, state, postal_code = place
            stops.append(
                SentStop(
                    sequence=sequence,
                    type=kind,
                    name=draw.choice(_COMPANIES),
                    city=city,
                    state=state,
                    postal_code=postal_code,
                    at=at.isoformat() + zone,
                )
            )
            at += timedelta(minutes=15 * draw.randrange(8, 200))
        return tuple(stops)

    def _changed(self, tender: SentTender) -> SentTender:
        """The tender with one or two of its values changed, as a change order would."""
        draw = self._random
        what = draw.choice(("weight", "rate", "equipment", "commodity"))
        if what == "rate":
            return replace(tender, rate=draw.randrange(40_000, 900_000) / 100)
        if what == "equipment":
            return replace(tender, equipment=draw.choice(_EQUIPMENT))
        if what == "commodity":
            return replace(tender, commodity=draw.choice(_COMMODITIES), weight_lb=float(draw.randrange(1_200, 45_000)))
        return replace(tender, weight_lb=float(draw.randrange(1_200, 45_000)))

    def _layout(self, tender: SentTender) -> Layout:
        draw = self._random
        return Layout(
            weight_in=draw.choice(("L3", "AT8", "S5", "OID", "PLD")),
            pickup_qualifier=draw.choice(("10", "37", "38", "64", "69")),
            delivery_qualifier=draw.choice(("02", "53", "54", "68", "70")),
            local_code=draw.choice(("", "LT")),
            reasons=draw.choice(("complete", "part", "plain")),
            version_shown=tender.purpose == "original" and draw.random() < 0.2,
            remark=draw.choice(_CANCEL_REASONS) if tender.purpose == "cancel" else "",
        )


def _json_body(tender: SentTender) -> bytes:
    """The JSON form of one tender; a change says its version, the others need none."""
    purpose: Purpose = tender.purpose
    document: dict[str, Any] = {"shipment_id": tender.shipment_id, "purpose": purpose}
    if purpose == "change":
        document["version"] = tender.version
    document |= {
        "weight_lb": tender.weight_lb,
        "pickup_at": tender.pickup_at,
        "delivery_at": tender.delivery_at,
        "equipment": tender.equipment,
        "commodity": tender.commodity,
        "stops": [asdict(stop) for stop in tender.stops],
    }
    if tender.rate is not None:
        document["rate_usd"] = tender.rate
    return json.dumps(document).encode()
