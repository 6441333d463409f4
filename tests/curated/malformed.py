"""What is refused: each answer names the segment and the element that are wrong."""

from collections.abc import Sequence

from tests.curated.case import Case, json_signal, looks, signal, signals
from tests.curated.originals import JSON_STOPS, in_json
from tests.curated.x12 import DELIVERY, PICKUP, SECOND_PICKUP, Segments, cancel, load, other, sent

P, Q = "T0013", "T0001"
_EVERY_S = 70.0
"""Longer than the breaker's window: none of these opens it."""


def _case(name: str, title: str, number: int, bodies: Sequence[str], *, end_to_end: bool = False) -> Case:
    return Case(
        id=f"malformed/{name}",
        title=title,
        covers=("malformed", name.replace("_", "-")),
        inputs=signals(P, *bodies, every_s=_EVERY_S),
        end_to_end=end_to_end,
    )


def _each(number: int, *sets: Segments) -> list[str]:
    return [sent(P, number + place, one) for place, one in enumerate(sets)]


def _pickup(g62: str) -> Segments:
    return load("TRF", stops=(other(PICKUP, ("G62", g62)), DELIVERY))


def _weighs(segment: str) -> Segments:
    return load("TRF", stops=((*PICKUP, segment), DELIVERY), totals=())


_WHOLE = sent(P, 1000, load("TRF1000"))

CASES = (
    _case("heading", "B2 and B2A are missing, twice, in the wrong place, or empty", 1001, _each(
        1001,
        other(load("TRF"), ("B2*", "")),
        other(load("TRF"), ("B2A", "")),
        other(load("TRF"), ("B2A", "N7**1"), ("N7**53001", "B2A*00*LT")),
        (*load("TRF"), "B2**FXCA**TRF2**PP"),
        other(load("TRF"), ("B2*", "B2**FXCA****PP")),
        other(load("TRF"), ("B2A", "B2A**LT")),
        load("TRF", purpose="99"),
        load("TRF 1"),
        load("TRF:1"),
        load("T" * 31),
    )),
    _case("stops", "S5 without a number, without a reason, with a strange one", 1020, _each(
        1020,
        *(load("TRF", stops=(other(PICKUP, ("S5", s5)), DELIVERY))
          for s5 in ("S5**LD", "S5*0*LD", "S5*1000*LD", "S5*A*LD", "S5*1", "S5*1*XX")),
        load("TRF", stops=(other(PICKUP, ("N1*", f"N1*SF*{'N' * 121}")), DELIVERY)),
        load("TRF", stops=(PICKUP, other(SECOND_PICKUP, ("N4", f"N4*MODESTO*{'C' * 41}*95351*US")))),
        load("TRF", head=(f"N7**53001*********{'T' * 41}",)),
    )),
    _case("times", "Days and hours that do not exist, and codes that nobody knows", 1040, _each(
        1040,
        *(_pickup(g62) for g62 in (
            "G62*37*20261332*Y*0800*LT", "G62*37*2026*Y*0800", "G62*37**Y*0800", "G62*37*20260204*Y*2500",
            "G62*37*20260204*Y*0860", "G62*37*20260204*Y*08", "G62*37*20260204*Y*0800*XX", "G62*37*20260204*Y*0800*25",
            "G62*37*19991231*Y*0800*LT", "G62*37*2026O204*Y*0800")),
    )),
    _case("weights", "Weights that are none: words, minus, exponents, too much, in unknown units", 1060, _each(
        1060,
        load("TRF", totals=("L3*HEAVY*G",)),
        load("TRF", totals=("L3*-50*G",)),
        load("TRF", totals=("L3*1E6*G",)),
        load("TRF", totals=("L3*1000001*G",)),
        load("TRF", totals=("L3*42000*G**********X",)),
        _weighs("AT8*G*X*1000*1"),
        _weighs("AT8*G*L*INF*1"),
        load("TRF", stops=((*PICKUP, "AT8*G*L*600000*1"), (*SECOND_PICKUP, "AT8*G*L*600000*1"), DELIVERY), totals=()),
        load("TRF", totals=("L3*42000*G***MUCH",)),
        load("TRF", totals=("L3*42000*G***-100",)),
        load("TRF", totals=("L3*42000*G*99999999*FR",)),
    )),
    _case("several_at_once", "All that is wrong is told at once", 1080, _each(
        1080,
        load("TRF", purpose="99", stops=(other(PICKUP, ("S5", "S5*1*XX"), ("G62", "G62*37*20261332*Y*0800")), DELIVERY),
             totals=("L3*HEAVY*G",)),
        other(load("TRF"), ("N3*101", "n3*101"), ("N7", "7")),
    ), end_to_end=True),
    _case("envelope", "Envelopes whose counts and control numbers do not agree, or that end too early", 1090, [
        _WHOLE.replace("SE*18*", "SE*9*"),
        _WHOLE.replace("ST*204*0001", "ST*204*0002"),
        _WHOLE.replace("GE*1*1", "GE*2*1"),
        _WHOLE.replace("IEA*1*000001000", "IEA*1*000001001"),
        _WHOLE.replace("IEA*1*", "IEA*3*"),
        _WHOLE.replace("ST*204*", "ST*990*"),
        _WHOLE[: len(_WHOLE) // 2],
        _WHOLE[:90],
        "not an interchange at all",
        _WHOLE + "TRAILING~",
        _WHOLE.replace("GS*SM*", "GS*GF*"),
    ]),
    _case("sender", "An interchange of somebody else", 1110, [
        sent("T0001", 1110, load("TRF1110")), sent("T0013", 1111, load("TRF1111")),
    ], end_to_end=True),
    Case(
        id="malformed/json",
        title="JSON that is none, lacks a field, has a strange one, or a value that cannot be",
        covers=("malformed", "json"),
        inputs=[
            json_signal(number * _EVERY_S, P, one)
            for number, one in enumerate((
                "{", "[]", "7", {"tenders": []}, {"tenders": [in_json("TRF")], "more": 1},
                in_json("TRF", shipment_id=None), in_json("TRF", purpose="remove"), in_json("TRF", dock=4),
                in_json("TRF", weight_lb=-50.0), in_json("TRF", weight_lb="42000"), in_json("TRF", pickup_at="soon"),
                in_json("TRF", stops=[{**JSON_STOPS[0], "sequence": 0}]), '{"weight_lb": Infinity}',
                {"tenders": [in_json("TRF1"), in_json("TRF2", commodity="C" * 121)]},
                in_json("TRF", version=""), in_json("TRF", commodity="A\u0007B"),
            ))
        ],
    ),
    Case(
        id="malformed/content_types",
        title="X12 that says it is JSON, JSON that says it is X12, and what is neither",
        covers=("malformed", "content-type"),
        inputs=[
            signal(0, P, sent(P, 1120, load("TRF1120")), "application/json"),
            signal(70, P, '{"shipment_id": "TRF1121"}', "application/edi-x12"),
            signal(140, P, sent(P, 1122, load("TRF1122")), "text/plain"),
            signal(210, P, sent(P, 1123, load("TRF1123")), "Application/EDI-X12; charset=us-ascii"),
        ],
    ),
    Case(
        id="malformed/many_then_good",
        title="Ten in a minute open nothing; the notice-worthy places are forgotten with the window",
        covers=("malformed", "breaker"),
        inputs=[
            *signals(Q, *((number * 5.0, sent(Q, 1130 + number, load("TRF", purpose="99"))) for number in range(10))),
            *signals(Q, (50.0, sent(Q, 1141, load("TRF1141")))),
            looks(51),
            *signals(Q, *((62.0 + number, sent(Q, 1150 + number, load("TRF", purpose="98"))) for number in range(1))),
            *signals(Q, (70.0, sent(Q, 1160, cancel("TRF1141")))),
        ],
    ),
)  # fmt: skip
