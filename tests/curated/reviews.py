"""What a person has to see: doubts, low confidence, low tiers, partners under review; and what the person decides."""

from tests.curated.case import Case, looks, reads, signals, types
from tests.curated.originals import JSON_STOPS
from tests.curated.x12 import (
    DELIVERY,
    PICKUP,
    RATE,
    SECOND_DELIVERY,
    SECOND_PICKUP,
    Segments,
    cancel,
    load,
    other,
    sent,
)

TIER_2, TIER_1, P, Q = "T0004", "T0005", "T0001", "T0008"
_REVIEWED = {P: {"require_review": True}}


def _stop(**values: object) -> list[dict[str, object]]:
    return [dict(JSON_STOPS[0]), {**JSON_STOPS[1], **values}]


def _named(shipment: str, purpose: str = "original:1") -> str:
    return f"intent:{Q}:{shipment}:{purpose}"


def _timeless(stop: Segments) -> Segments:
    return other(stop, ("G62", ""))


CASES = (
    Case(
        id="reviews/confidence",
        title="0.75 is sure enough, 0.74 is for a person, and so is nothing at all",
        covers=("review", "confidence"),
        inputs=signals(Q, sent(Q, 701, *(load(f"TRV701{number}") for number in range(3)), cancel("TRV7019"))),
        scripts=(
            reads("TRV7010", sure=0.75),
            reads("TRV7011", sure=0.74),
            reads("TRV7012", sure=0),
            reads("TRV7019", sure=0.5),
        ),
        end_to_end=True,
    ),
    Case(
        id="reviews/not_sure_of_the_wrong",
        title="A contradiction stated with 0.90 is for a person, with 0.91 it is a hallucination",
        covers=("review", "confidence", "hallucination"),
        inputs=signals(Q, sent(Q, 702, *(load(f"TRV702{number}") for number in range(4)))),
        scripts=(
            reads("TRV7020", sure=0.9, weight_lb=41000.0),
            reads("TRV7021", sure=0.91, weight_lb=41000.0),
            reads("TRV7022", sure=0.2, rate_usd=1.0, delivery_at="2026-02-07T13:30:00"),
            reads("TRV7023", sure=1, rate_usd=1.0, pickup_at="2026-02-07T13:30:00"),
        ),
        end_to_end=True,
    ),
    Case(
        id="reviews/doubts",
        title="Facts that were overlooked, words that differ, and values that the signal does not have",
        covers=("review", "doubt"),
        inputs=signals(
            Q,
            sent(
                Q,
                703,
                *(load(f"TRV703{number}") for number in range(7)),
                load("TRV7037", totals=("L3*42000*G",)),
                load("TRV7038"),
            ),
        ),
        scripts=(
            reads("TRV7030", weight_lb=None),
            reads("TRV7031", pickup_at=None),
            reads("TRV7032", delivery_at=None, rate_usd=None),
            reads("TRV7033", equipment="RT"),
            reads("TRV7034", commodity="FRESH TOMATOES"),
            reads("TRV7035", equipment=None, commodity=None),
            reads("TRV7036", commodity="  Canned   tomatoes ", equipment="tf"),
            reads("TRV7037", rate_usd=1850.0),
            reads("TRV7038", sure=0.3, commodity="APPLES"),
        ),
        end_to_end=True,
    ),
    Case(
        id="reviews/stops",
        title="Stops that are too few or too many, and each part of one that differs",
        covers=("review", "doubt", "stops"),
        inputs=signals(Q, sent(Q, 704, *(load(f"TRV704{number}") for number in range(10)))),
        scripts=(
            reads("TRV7040", stops=JSON_STOPS[:1]),
            reads("TRV7041", stops=[*JSON_STOPS, {**JSON_STOPS[1], "sequence": 3}]),
            reads("TRV7042", stops=_stop(type="pickup")),
            reads("TRV7043", stops=_stop(postal_code="89507")),
            reads("TRV7044", stops=_stop(at="2026-02-05T14:30:00")),
            reads("TRV7045", stops=_stop(city="SPARKS", state="CA")),
            reads("TRV7046", stops=_stop(name="Metro  grocers")),
            reads("TRV7047", stops=_stop(name=None)),
            reads("TRV7048", stops=_stop(at="2026-02-05T13:30:00-08:00")),
            reads("TRV7049", stops=_stop(sequence=7)),
        ),
        end_to_end=True,
    ),
    Case(
        id="reviews/tier_two",
        title="Tier 2: what is sure goes by itself, but nothing is withdrawn by itself",
        covers=("review", "autonomy"),
        inputs=signals(
            TIER_2,
            sent(TIER_2, 705, load("TRV7050")),
            sent(TIER_2, 706, load("TRV7050", purpose="04", version="2", totals=("L3*41000*G",))),
            sent(TIER_2, 707, cancel("TRV7050")),
        ),
        end_to_end=True,
    ),
    Case(
        id="reviews/tier_one",
        title="Tier 1: a person sees everything, and what is wrong fails all the same",
        covers=("review", "autonomy"),
        inputs=signals(
            TIER_1,
            sent(TIER_1, 708, load("TRV7080"), load("TRV7081"), load("TRV7082", totals=(RATE,)), load("TRV7083")),
            sent(TIER_1, 709, load("TRV7080", purpose="04", version="2"), cancel("TRV7081")),
        ),
        scripts=(reads("TRV7081", sure=0.6), reads("TRV7083", weight_lb=-3)),
        end_to_end=True,
    ),
    Case(
        id="reviews/tier_one_approved",
        title="Of tier 1 all that was read without a doubt is let go at once; the rest by name",
        covers=("review", "autonomy", "operator", "approve"),
        inputs=(
            *signals(
                TIER_1,
                sent(TIER_1, 710, load("TRV7100"), load("TRV7101"), load("TRV7102", totals=(RATE,)), cancel("TRV7103")),
            ),
            types(100, "queue", "approve", "--all", "--why", "read without a doubt", "--json"),
            types(110, "queue", "approve", f"intent:{TIER_1}:TRV7101:original:1", "--why", "looked at it"),
            types(120, "queue", "approve", f"intent:{TIER_1}:TRV7100:original:1", "--why", "again"),
            types(130, "queue", "list"),
        ),
        scripts=(reads("TRV7101", sure=0.6),),
    ),
    Case(
        id="reviews/required",
        title="A partner under review: a person sees everything, whatever its tier, and lets it go",
        covers=("review", "require-review", "operator"),
        states=_REVIEWED,
        inputs=(
            *signals(P, sent(P, 711, load("TRV7110"), cancel("TRV7111"), load("TRV7112"), load("TRV7113"))),
            types(100, "queue", "list"),
            types(110, "queue", "approve", "--all", "--partner", "T0008", "--why", "nobody of them waits"),
            types(120, "queue", "approve", "--all", "--partner", P, "--why", "all well"),
            types(130, "queue", "approve", f"intent:{P}:TRV7112:original:1", "--set", "commodity=TOMATOES, CANNED",
                  "--why", "as they say"),
            types(140, "queue", "reject", f"intent:{P}:TRV7113:original:1", "--why", "they do not want it"),
        ),
        scripts=(reads("TRV7112", commodity="TOMATOES"), reads("TRV7113", sure=0.1)),
    ),
    Case(
        id="reviews/corrected",
        title="A person corrects what was read wrong; the load has the corrected values",
        covers=("review", "operator", "approve"),
        inputs=(
            *signals(Q, sent(Q, 712, load("TRV7120"), load("TRV7121"), cancel("TRV7122"))),
            types(100, "queue", "approve", f"intent:{Q}:TRV7120:original:1", "--set", "weight_lb=42000",
                  "--why", "the paper says so"),
            types(110, "queue", "approve", f"intent:{Q}:TRV7121:original:1", f"intent:{Q}:TRV7122:cancel:1",
                  "--why", "both are well"),
            looks(120),
        ),
        scripts=(
            reads("TRV7120", sure=0.8, weight_lb=24000.0),
            reads("TRV7121", equipment="RT"),
            reads("TRV7122", sure=0.7, reason="NO TRUCK"),
        ),
    ),
    Case(
        id="reviews/change_waits",
        title="A change that waits for a person holds nothing up, and counts once it is let go",
        covers=("review", "change", "operator"),
        inputs=(
            *signals(
                Q,
                sent(Q, 713, load("TRV7130")),
                sent(Q, 714, load("TRV7130", purpose="04", version="3", totals=("L3*41000*G",))),
                sent(Q, 715, load("TRV7130", purpose="04", version="2", totals=("L3*40000*G",))),
            ),
            types(100, "queue", "approve", f"intent:{Q}:TRV7130:change:3", "--why", "asked them"),
        ),
        scripts=(
            {"contains": "L11*3*V0", "misread": {"set": {"confidence": 0.4}}},
        ),
    ),
    Case(
        id="reviews/corrected_wrong",
        title="Of several values that cannot be so the first is told; nothing of them is taken",
        covers=("review", "operator", "refused"),
        inputs=(
            *signals(Q, sent(Q, 716, load("TRV7160"), cancel("TRV7161"))),
            types(100, "queue", "approve", _named("TRV7160"), "--set", "weight_lb=-50", "--set", "rate_usd=-1",
                  "--why", "both at once"),
            types(110, "queue", "approve", _named("TRV7160"), "--set", "rate_usd=free", "--set", "pickup_at=soon",
                  "--why", "texts"),
            types(120, "queue", "approve", _named("TRV7160"), "--set", f"commodity={'X' * 130}", "--why", "endless"),
            types(130, "queue", "approve", _named("TRV7160"), "--set", 'stops=[{"sequence": 0, "type": "pickup"}]',
                  "--why", "no such stop"),
            types(140, "queue", "approve", _named("TRV7160"), "--set", "colour=red", "--set", "age=7", "--why", "?"),
            types(150, "queue", "approve", _named("TRV7160"), "--set", "stops=[]", "--set", "commodity=null",
                  "--why", "without them"),
            types(160, "queue", "approve", _named("TRV7161", "cancel:1"), "--set", "weight_lb=7", "--why", "of it"),
            types(170, "queue", "approve", _named("TRV7161", "cancel:1"), "--set", "reason=NO TRUCK", "--why", "yes"),
            types(180, "queue", "approve", _named("TRV7160"), "--set", "rate_usd=null", "--set", "equipment=RT",
                  "--why", "called them"),
            types(190, "queue", "reject", _named("TRV7160"), "--why", "too late"),
        ),
        scripts=(reads("TRV7160", sure=0.4), reads("TRV7161", sure=0.4)),
    ),
    Case(
        id="reviews/completed_stops",
        title="A time that a person states stands at the first pickup and the last delivery, where they have none",
        covers=("review", "partial", "operator", "multi-stop"),
        inputs=(
            *signals(Q, sent(
                Q, 717,
                load("TRV7170", stops=(_timeless(PICKUP), SECOND_PICKUP, SECOND_DELIVERY,
                                       _timeless(other(DELIVERY, ("S5", "S5*4*UL"))))),
                load("TRV7171", stops=(_timeless(PICKUP), _timeless(SECOND_PICKUP), _timeless(SECOND_DELIVERY),
                                       _timeless(other(DELIVERY, ("S5", "S5*4*UL"))))),
            )),
            *(types(100 + number, "queue", "approve", _named(f"TRV717{number}"),
                    "--set", "pickup_at=2026-02-04T07:00:00", "--set", "delivery_at=2026-02-07T17:00:00",
                    "--why", "called them") for number in range(2)),
        ),
    ),
    Case(
        id="reviews/corrected_times",
        title="A time that a person states leaves a stop's own alone, and finds a delivery that is not the last stop",
        covers=("review", "partial", "operator", "multi-stop"),
        inputs=(
            *signals(Q, sent(
                Q, 718,
                load("TRV7180"),
                load("TRV7181", stops=(PICKUP, _timeless(other(DELIVERY, ("S5", "S5*2*UL"))),
                                       other(SECOND_PICKUP, ("S5", "S5*3*LD"), ("G62", "G62*10*20260206*Y*0900*LT")))),
            )),
            types(100, "queue", "approve", _named("TRV7180"), "--set", "pickup_at=2026-02-04T10:00:00",
                  "--set", "delivery_at=2026-02-05T16:00:00", "--why", "they moved both"),
            types(110, "queue", "approve", _named("TRV7181"), "--set", "delivery_at=2026-02-05T17:00:00",
                  "--why", "on its way back it takes empty pallets along"),
        ),
        scripts=(reads("TRV7180", sure=0.4),),
    ),
)  # fmt: skip
