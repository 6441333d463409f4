"""Plain originals and whole interchanges: several stops, several sets, every delimiter, and JSON."""

from tests.curated.case import Case, json_signal, signals
from tests.curated.x12 import (
    DELIVERY,
    EQUIPMENT,
    PICKUP,
    SECOND_DELIVERY,
    SECOND_PICKUP,
    WEIGHT_AND_RATE,
    cancel,
    load,
    other,
    sent,
)

_FIVE = (PICKUP, SECOND_PICKUP, SECOND_DELIVERY, other(DELIVERY, ("S5", "S5*4*CU")), other(DELIVERY, ("S5", "S5*5*UL")))

JSON_STOPS = [
    {"sequence": 1, "type": "pickup", "name": "SUMMIT FOODS DC 4", "city": "STOCKTON", "state": "CA",
     "postal_code": "95206", "at": "2026-02-04T08:00:00"},
    {"sequence": 2, "type": "delivery", "name": "METRO GROCERS", "city": "RENO", "state": "NV",
     "postal_code": "89506", "at": "2026-02-05T13:30:00"},
]  # fmt: skip


def in_json(shipment: str, **other_values: object) -> dict[str, object]:
    """One tender in JSON; a value of None is left out."""
    document: dict[str, object] = {
        "shipment_id": shipment,
        "purpose": "original",
        "weight_lb": 42000.0,
        "pickup_at": "2026-02-04T08:00:00",
        "delivery_at": "2026-02-05T13:30:00",
        "equipment": "TF",
        "commodity": "CANNED TOMATOES",
        "rate_usd": 1850.0,
        "stops": JSON_STOPS,
    }
    return {name: value for name, value in {**document, **other_values}.items() if value is not None}


CASES = (
    Case(
        id="originals/five_stops",
        title="Two pickups and three deliveries: the first pickup's time, the last delivery's",
        covers=("original", "multi-stop"),
        inputs=signals("T0001", sent("T0001", 101, load("TRO0101", stops=_FIVE))),
        end_to_end=True,
    ),
    Case(
        id="originals/stops_out_of_order",
        title="Stops are written in another order than they are driven; their numbers decide",
        covers=("original", "multi-stop"),
        inputs=signals(
            "T0001",
            sent(
                "T0001",
                102,
                load(
                    "TRO0102",
                    stops=(
                        SECOND_DELIVERY,
                        other(DELIVERY, ("S5", "S5*4*UL")),
                        other(SECOND_PICKUP, ("S5", "S5*2*PL")),
                        PICKUP,
                    ),
                ),
            ),
        ),
        scripts=(
            {
                "shipment_id": "TRO0102",
                "misread": {
                    "set": {
                        "pickup_at": "2026-02-04T08:00:00",
                        "delivery_at": "2026-02-05T13:30:00",
                        "confidence": 0.96,
                    }
                },
            },
        ),
        end_to_end=True,
    ),
    Case(
        id="originals/reasons_of_stops",
        title="Every reason that makes a stop a pickup or a delivery",
        covers=("original", "multi-stop", "stop-reasons"),
        inputs=signals(
            "T0001",
            *(
                sent(
                    "T0001",
                    110 + number,
                    load(
                        f"TRO011{number}",
                        stops=(other(PICKUP, ("S5", f"S5*1*{up}")), other(DELIVERY, ("S5", f"S5*2*{down}"))),
                    ),
                )
                for number, (up, down) in enumerate(
                    (("CL", "CU"), ("PL", "DR"), ("AL", "SU"), ("LE", "UE"), ("SL", "PU"))
                )
            ),
        ),
        scripts=tuple(
            {
                "shipment_id": f"TRO011{number}",
                "misread": {
                    "set": {
                        "stops": JSON_STOPS,
                        "pickup_at": "2026-02-04T08:00:00",
                        "delivery_at": "2026-02-05T13:30:00",
                        "confidence": 0.95,
                    }
                },
            }
            for number in range(5)
        ),
    ),
    Case(
        id="originals/equipment_type_code",
        title="The equipment stands in N722 where N711 is empty",
        covers=("original", "equipment"),
        inputs=signals("T0001", sent("T0001", 103, load("TRO0103", head=("N7**53001********************53TL",)))),
        scripts=({"shipment_id": "TRO0103", "misread": {"set": {"equipment": "53TL", "confidence": 0.92}}},),
        end_to_end=True,
    ),
    Case(
        id="originals/first_value_counts",
        title="Of two equipments, commodities and totals the first counts",
        covers=("original",),
        inputs=signals(
            "T0001",
            sent(
                "T0001",
                104,
                load(
                    "TRO0104",
                    head=(EQUIPMENT, "N7**53002*********RT"),
                    stops=((*PICKUP, "L5*2*PAPER ROLLS"), DELIVERY),
                    totals=(WEIGHT_AND_RATE, "L3*9000*G***99900"),
                ),
            ),
        ),
        end_to_end=True,
    ),
    Case(
        id="originals/bare_necessities",
        title="A tender without a rate, a reference and street addresses has all that a load needs",
        covers=("original",),
        inputs=signals(
            "T0001",
            sent(
                "T0001",
                105,
                other(load("TRO0105", totals=("L3*42000*G",)), ("L11", ""), ("N3*101", ""), ("N3*102", "")),
            ),
        ),
        end_to_end=True,
    ),
    Case(
        id="interchanges/several_sets",
        title="Two groups, three sets: each tender has its own result and its own load",
        covers=("interchange", "original", "cancel"),
        inputs=signals(
            "T0001",
            sent(
                "T0001",
                120,
                groups=((load("TRO0120"), load("TRO0121", totals=("L3*1200*G",))), (load("TRO0122"),)),
            ),
            sent("T0001", 121, cancel("TRO0120"), load("TRO0122", purpose="04", version="2", totals=("L3*800*G",))),
        ),
        end_to_end=True,
    ),
    Case(
        id="interchanges/one_bad_of_three",
        title="One malformed set of three: nothing of the interchange is stored; mended, all of it is",
        covers=("interchange", "malformed"),
        inputs=signals(
            "T0001",
            sent("T0001", 123, load("TRO0123"), other(load("TRO0124"), ("S5*2", "S5*2*XX")), load("TRO0125")),
            sent("T0001", 124, load("TRO0123"), load("TRO0124"), load("TRO0125")),
        ),
        end_to_end=True,
    ),
    Case(
        id="interchanges/good_beside_hallucinated",
        title="Of two tenders in one interchange the model makes one up; the other is booked",
        covers=("interchange", "hallucination"),
        inputs=signals("T0001", sent("T0001", 126, load("TRO0126"), load("TRO0127"))),
        scripts=({"shipment_id": "TRO0126", "misread": {"set": {"weight_lb": -1, "confidence": 0.99}}},),
        end_to_end=True,
    ),
    Case(
        id="interchanges/delimiters",
        title="Delimiters are those that the ISA segment states, with or without line ends",
        covers=("interchange", "delimiters"),
        inputs=signals(
            "T0001",
            sent("T0001", 130, load("TRO0130"), marks="|:'", line_end=""),
            sent("T0001", 131, load("TRO0131"), marks="^\\!", line_end="\r\n"),
            sent("T0001", 132, load("TRO0132"), marks="*>\n"),
        ),
        end_to_end=True,
    ),
    Case(
        id="interchanges/json_tender",
        title="The JSON form: one tender, then several at once, then a change without a version",
        covers=("json", "original", "change"),
        inputs=(
            json_signal(0, "T0001", in_json("TRO0140")),
            json_signal(30, "T0001", {"tenders": [in_json("TRO0141"), in_json("TRO0142", rate_usd=None)]}),
            json_signal(60, "T0001", in_json("TRO0140", purpose="change", weight_lb=39000.5)),
            json_signal(90, "T0001", {"shipment_id": "TRO0141", "purpose": "cancel"}),
        ),
        end_to_end=True,
    ),
)
