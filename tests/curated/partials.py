"""Signals that do not state all that a load needs, and what a person makes of them."""

from harness.traces import Input
from tests.curated.case import Case, json_signal, misreads, reads, signals, types
from tests.curated.originals import JSON_STOPS, in_json
from tests.curated.x12 import DELIVERY, PICKUP, RATE, cancel, load, other, sent

P = "T0008"
_NO_TIME = other(PICKUP, ("G62", ""))
_NO_COMMODITY = other(PICKUP, ("L5", ""))


def _approve(at_s: float, shipment: str, *values: str, purpose: str = "original:1") -> Input:
    options = [word for value in values for word in ("--set", value)]
    return types(at_s, "queue", "approve", f"intent:{P}:{shipment}:{purpose}", *options, "--why", "called them")


CASES = (
    Case(
        id="partials/each_field",
        title="Each field that a load needs is missing once, and then all of them",
        covers=("partial", "missing-fields"),
        inputs=signals(
            P,
            sent(
                P,
                601,
                load("TRM6010", totals=(RATE,)),
                load("TRM6011", stops=(_NO_TIME, DELIVERY)),
                load("TRM6012", stops=(PICKUP, other(DELIVERY, ("G62", "")))),
                load("TRM6013", head=()),
                load("TRM6014", stops=(_NO_COMMODITY, DELIVERY)),
                load("TRM6015", stops=(PICKUP,)),
                load("TRM6016", stops=(DELIVERY,)),
                load("TRM6017", head=(), stops=(), totals=()),
            ),
        ),
        end_to_end=True,
    ),
    Case(
        id="partials/guesses_are_dropped",
        title="What the model makes up for fields that the signal lacks is dropped, however sure it is",
        covers=("partial", "hallucination"),
        inputs=signals(
            P,
            sent(
                P,
                602,
                load("TRM6020", totals=()),
                load("TRM6021", stops=(_NO_TIME, other(DELIVERY, ("G62", "")))),
                load("TRM6022", head=(), stops=(_NO_COMMODITY, DELIVERY)),
            ),
        ),
        scripts=(
            reads("TRM6020", weight_lb=40000.0, rate_usd=1500.0),
            reads("TRM6021", pickup_at="2026-02-04T08:00:00", delivery_at="2026-02-05T13:30:00", stops=JSON_STOPS),
            reads("TRM6022", equipment="TF", commodity="APPLES"),
        ),
        end_to_end=True,
    ),
    Case(
        id="partials/with_a_doubt",
        title="What is incomplete and was read otherwise in words stays incomplete, and says so",
        covers=("partial", "doubt"),
        inputs=signals(P, sent(P, 603, load("TRM6030", stops=(_NO_TIME, DELIVERY)), load("TRM6031", totals=()))),
        scripts=(
            reads("TRM6030", commodity="TOMATOES", equipment="RT"),
            reads("TRM6031", sure=0.4, pickup_at=None),
        ),
        end_to_end=True,
    ),
    Case(
        id="partials/made_up_beside",
        title="A made-up fact fails an incomplete signal; without certainty a person looks at it",
        covers=("partial", "hallucination"),
        inputs=signals(P, sent(P, 604, *(load(f"TRM604{number}", stops=(_NO_TIME, DELIVERY)) for number in (0, 1)))),
        scripts=(reads("TRM6040", weight_lb=4200.0), reads("TRM6041", sure=0.9, weight_lb=4200.0)),
        end_to_end=True,
    ),
    Case(
        id="partials/in_json",
        title="The JSON form without a weight, with one stop, with empty stops",
        covers=("partial", "json"),
        inputs=(
            json_signal(0, P, in_json("TRM6050", weight_lb=None)),
            json_signal(30, P, in_json("TRM6051", stops=JSON_STOPS[:1], delivery_at=None)),
            json_signal(60, P, in_json("TRM6052", stops=None, equipment=None)),
        ),
        end_to_end=True,
    ),
    Case(
        id="partials/completed",
        title="A person completes it: the time stands at its stop too, and the load is booked",
        covers=("partial", "operator", "approve"),
        inputs=(
            *signals(P, sent(P, 606, load("TRM6060", stops=(_NO_TIME, DELIVERY)), load("TRM6061", head=(), totals=()))),
            types(100, "queue", "list"),
            _approve(110, "TRM6060", "pickup_at=2026-02-04T09:00:00"),
            _approve(120, "TRM6061", "weight_lb=39000", "equipment=TL", "rate_usd=1700"),
            types(130, "queue"),
        ),
    ),
    Case(
        id="partials/completed_wrong",
        title="Nobody can let pass what still lacks something, is impossible, or is another shipment",
        covers=("partial", "operator", "refused"),
        inputs=(
            *signals(P, sent(P, 607, load("TRM6070", stops=(_NO_TIME, other(DELIVERY, ("G62", "")))))),
            _approve(100, "TRM6070"),
            _approve(110, "TRM6070", "pickup_at=2026-02-04T09:00:00"),
            _approve(120, "TRM6070", "pickup_at=2026-02-04T09:00:00", "delivery_at=soon"),
            _approve(130, "TRM6070", "weight_lb=-50"),
            _approve(140, "TRM6070", "shipment_id=OTHER"),
            _approve(150, "TRM6070", "weight_lb"),
            _approve(160, "TRM6079"),
            types(170, "queue", "approve", "--why", "none is named"),
            types(180, "queue", "approve", "--all", "--set", "weight_lb=1", "--why", "which one"),
            _approve(190, "TRM6070", "pickup_at=2026-02-04T09:00:00", "delivery_at=2026-02-05T10:00:00"),
            _approve(200, "TRM6070"),
        ),
    ),
    Case(
        id="partials/rejected",
        title="A person ends what is incomplete, by name and all at once; what is only in doubt stays",
        covers=("partial", "operator", "reject"),
        inputs=(
            *signals(
                P,
                sent(
                    P,
                    608,
                    *(load(f"TRM608{number}", stops=(_NO_TIME, DELIVERY)) for number in range(3)),
                    load("TRM6083"),
                ),
            ),
            types(100, "queue", "reject", f"intent:{P}:TRM6080:original:1", "--why", "they withdrew it"),
            types(110, "queue", "reject", "--all", "--incomplete", "--why", "too late", "--json"),
            types(120, "queue", "list", "--json"),
            types(130, "queue", "reject", "--all", "--partner", "T0001", "--why", "none of theirs waits"),
            types(140, "queue", "reject", "--all", "--why", "the day is over"),
            types(150, "queue", "list", "--partner", P),
            types(160, "queue", "reject", f"intent:{P}:TRM6080:original:1", "--why", "once more"),
        ),
        scripts=(reads("TRM6083", sure=0.5),),
    ),
    Case(
        id="partials/cancels_need_nothing",
        title="A cancel is never incomplete, with and without a reason",
        covers=("cancel", "partial"),
        inputs=signals(P, sent(P, 609, cancel("TRM6090"), cancel("TRM6091", reason=""))),
        scripts=(misreads("TRM6091", set={"reason": "NO NEED", "confidence": 0.97}),),
        end_to_end=True,
    ),
)
