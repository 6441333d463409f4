"""Every place and unit in which a 204 states the weight, and how nearly a model has to hit it."""

from tests.curated.case import Case, reads, signals
from tests.curated.x12 import DELIVERY, PICKUP, RATE, SECOND_PICKUP, Segments, load, other, sent

P = "T0006"
_number = iter(range(400, 500))


def _case(
    name: str,
    title: str,
    *segments: Segments,
    pounds: float | None = None,
    end_to_end: bool = True,
) -> Case:
    """One signal of these sets; `pounds` is what a model that converts right says of the first."""
    number = next(_number)
    sets = tuple((one[0].replace("*X*", f"*TRW{number}{place}*"), *one[1:]) for place, one in enumerate(segments))
    script = () if pounds is None else (reads(f"TRW{number}0", weight_lb=pounds),)
    return Case(
        id=f"weights/{name}",
        title=title,
        covers=("weight", name.replace("_", "-")),
        inputs=signals(P, sent(P, number, *sets)),
        scripts=script,
        end_to_end=end_to_end,
    )


def _load(*, up: Segments = (), down: Segments = (), head: Segments = (), totals: Segments = (RATE,)) -> Segments:
    return load("X", head=("N7**53001*********TF", *head), stops=((*PICKUP, *up), (*DELIVERY, *down)), totals=totals)


CASES = (
    _case("at8", "AT8 at the pickup", _load(up=("AT8*G*L*41500*20",))),
    _case("at8_heading", "AT8 in the heading", _load(head=("AT8*G*L*41500*20",)), pounds=41500),
    _case("at8_kilograms", "AT8 in kilograms", _load(up=("AT8*G*K*18000*20",)), pounds=39683.21),
    _case("at8_gross_and_net", "Of net and gross weight the gross counts",
          _load(up=("AT8*N*L*40000*20", "AT8*G*L*41500*20")), pounds=41500),
    _case("at8_net_alone", "Net weight counts where no gross weight is stated", _load(up=("AT8*N*L*40000*20",))),
    _case("at8_of_orders", "What the orders of a stop weigh counts where the stop states nothing of its own",
          _load(up=("OID*OR1*PO1", "AT8*G*L*15000*8", "OID*OR2*PO2", "AT8*G*L*5000*4")), pounds=20000),
    _case("at8_of_stop_before_orders", "The stop's own weight counts before those of its orders",
          _load(up=("AT8*G*L*21000*12", "OID*OR1*PO1", "AT8*G*L*15000*8")), pounds=21000),
    _case("at8_two_pickups", "What two pickups load is added up, and what is delivered is not",
          load("X", stops=((*PICKUP, "AT8*G*L*10000*5"), (*SECOND_PICKUP, "AT8*G*L*2500.5*2"),
                           (*other(DELIVERY, ("S5", "S5*3*UL")), "AT8*G*L*12500.5*7")), totals=(RATE,))),
    _case("at_delivery_alone", "A weight that stands at the delivery alone", _load(down=("AT8*G*L*7700*5",))),
    _case("s5", "S5 with its own unit",
          load("X", stops=(other(PICKUP, ("S5", "S5*1*LD*18250.5*L*20*CA")), DELIVERY), totals=(RATE,)),
          load("X", stops=(other(PICKUP, ("S5", "S5*1*LD*10000*K*20*CA")), DELIVERY), totals=(RATE,))),
    _case("oid", "OID", _load(up=("OID*OR1*PO1**PL*12*L*33000",))),
    _case("pld", "PLD", _load(up=("PLD*12**L*32000",))),
    _case("places_in_order", "AT8 before S5 before OID before PLD",
          load("X", stops=(((*other(PICKUP, ("S5", "S5*1*LD*2000*L")), "PLD*1**L*4000", "AT8*G*L*1000*1",
                             "OID*O*P**PL*1*L*3000")), DELIVERY), totals=(RATE,)),
          load("X", stops=(((*other(PICKUP, ("S5", "S5*1*LD*2000*L")), "PLD*1**L*4000",
                             "OID*O*P**PL*1*L*3000")), DELIVERY), totals=(RATE,)),
          _load(up=("PLD*1**L*4000", "OID*O*P**PL*1*L*3000"))),
    _case("total_before_places", "The total in L3 counts before all of them",
          _load(up=("AT8*G*L*1000*1",), totals=("L3*42000*G***185000",))),
    _case("total_of_zero", "A total of zero states nothing", _load(up=("AT8*G*L*1000*1",), totals=("L3*0*G***185000",)),
          pounds=1000),
    _case("total_kilograms", "The total in kilograms (L312)", _load(totals=("L3*18000*G***185000*******K",))),
    _case("unit_of_shipment", "The unit of the whole shipment (B205) where the weight has none",
          other(_load(totals=("L3*18000*G***185000",)), ("B2*", "B2**FXCA**X*K*PP")),
          pounds=39683.21, end_to_end=False),
    _case("short_tons", "Short tons", _load(up=("AT8*G*S*20*20",)), pounds=40000),
    _case("long_tons", "Long tons", _load(up=("AT8*G*T*15*20",)), pounds=33600),
    _case("metric_tons", "Metric tons", _load(up=("AT8*G*E*18*20",)), pounds=39683.21),
    _case("grams", "Grams", _load(up=("AT8*G*G*500000*20",)), pounds=1102.31),
    _case("ounces", "Ounces", _load(up=("AT8*G*O*8000*20",)), pounds=500),
    Case(
        id="weights/rounded",
        title="A thousandth is rounding; a little more is made up",
        covers=("weight", "tolerance", "hallucination"),
        inputs=signals(P, sent(P, 490, *(load(f"TRW490{number}") for number in range(5)))),
        scripts=(
            reads("TRW4900", weight_lb=42042.0),
            reads("TRW4901", weight_lb=42042.5),
            reads("TRW4902", weight_lb=41958.0),
            reads("TRW4903", weight_lb=41957.5),
        ),
        end_to_end=True,
    ),
    Case(
        id="weights/rounded_to_nothing",
        title="Of small amounts two hundredths are rounding",
        covers=("weight", "rate", "tolerance"),
        inputs=signals(
            P, sent(P, 491, *(load(f"TRW491{number}", totals=("L3*10*G***1000",)) for number in range(4)))
        ),
        scripts=(
            reads("TRW4910", weight_lb=10.015),
            reads("TRW4911", weight_lb=10.03),
            reads("TRW4912", rate_usd=10.015),
            reads("TRW4913", rate_usd=9.97),
        ),
        end_to_end=True,
    ),
    Case(
        id="weights/rates",
        title="The charge in cents, with a point of its own, as a flat rate, in another currency, of zero",
        covers=("rate",),
        inputs=signals(
            P,
            sent(
                P,
                492,
                load("TRW4920", totals=("L3*42000*G***185050",)),
                load("TRW4921", totals=("L3*42000*G***1850.5",)),
                load("TRW4922", totals=("L3*42000*G*1850.5*FR",)),
                load("TRW4923", totals=("L3*42000*G*1.25*PM",)),
                load("TRW4924", head=("C3*CAD", "N7**53001*********TF")),
                load("TRW4925", totals=("L3*42000*G***0",)),
                load("TRW4926", totals=("L3*42000*G*1700*FR*185000",)),
            ),
        ),
        scripts=(
            reads("TRW4921", rate_usd=1850.5),
            reads("TRW4924", rate_usd=None),
            reads("TRW4925", rate_usd=None),
        ),
        end_to_end=True,
    ),
)  # fmt: skip
