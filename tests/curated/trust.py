"""The trust score: how it falls, what that costs, and how autonomy comes back."""

from collections.abc import Sequence
from typing import Any

from tests.curated.case import Case, looks, signals, types
from tests.curated.x12 import DELIVERY, PICKUP, Segments, cancel, load, other, sent

P, Q, TIER_2, TIER_1 = "T0003", "T0001", "T0004", "T0005"
_NO_TIME = other(PICKUP, ("G62", ""))
_DAY_S = 86_400.0


def _sets(prefix: str, good: int, bad: int) -> list[Segments]:
    """So many good tenders, and so many without a pickup time; the partner's first one without a commodity too."""
    found = [load(f"{prefix}{number:02d}") for number in range(good)]
    for number in range(good, good + bad):
        up = other(_NO_TIME, ("L5", "")) if number == good else _NO_TIME
        found.append(load(f"{prefix}{number:02d}", stops=(up, DELIVERY)))
    return found


def _later(shipment: str) -> Segments:
    """A good tender of a month later, whose times are not over by then."""
    up = other(PICKUP, ("G62", "G62*37*20260304*Y*0800*LT"))
    return load(shipment, stops=(up, other(DELIVERY, ("G62", "G62*70*20260305*Z*1330*LT"))))


def _fallen(tier: int, before: int, **more: Any) -> dict[str, Any]:
    missing = {"pickup_at": 8, "commodity": 2}
    trust = {"score": 0.75, "before": 0.92, "missing": missing, "ceiling_before": before, **more}
    return {"autonomy_tier": tier, "require_review": True, "trust": trust}


def _before(*windows: tuple[int, int], lacks: Sequence[str] = ("pickup_at",)) -> dict[str, Any]:
    """A partner whose signals of before were so many good ones and then so many bad ones, again and again."""
    quality: list[dict[str, Any]] = []
    for good, bad in windows:
        quality += [{"count": good}] if good else []
        quality += [{"count": bad, "missing": list(lacks)}] if bad else []
    return {"quality": quality}


def _lacking(*counted: tuple[int, Sequence[str]]) -> dict[str, Any]:
    """A partner whose signals of before lacked these fields, so many in a row."""
    return {"quality": [{"count": count, "missing": list(fields)} for count, fields in counted]}


CASES = (
    Case(
        id="trust/falls",
        title="Fifteen of twenty are complete: 0.75 is under 0.80, so the ceiling falls and a person sees everything",
        covers=("trust", "alerts", "partial", "review"),
        inputs=[
            *signals(P, sent(P, 3000, *_sets("TRT30", 15, 5), cancel("TRT3099"))),
            types(50, "partners", "list"),
            looks(60),
            looks(61),
            types(62, "recover", "partner", "list"),
            types(63, "partners", "analyze", P, "2026-02-01", "2026-02-03"),
            types(64, "reviews", "list", "--week", "2026-W06", "--json"),
            *signals(P, (70, sent(P, 3001, load("TRT3100"), cancel("TRT3000")))),
            types(80, "recover", "partner", "ask", P),
            types(81, "recover", "partner", "ask", "--all"),
            types(82, "recover", "partner", "ask", "--all", "--again", "--json"),
            types(83, "partners", "scorecard", P),
        ],
    ),
    Case(
        id="trust/just_holds",
        title="Sixteen of twenty are 0.80, which is not under it; of nineteen nothing is computed",
        covers=("trust",),
        inputs=[
            *signals(TIER_1, sent(TIER_1, 3010, *_sets("TRT301", 16, 4))),
            *signals(TIER_2, (5, sent(TIER_2, 3011, *_sets("TRT302", 10, 9)))),
            looks(10),
            types(11, "partners", "list", "--json"),
            types(12, "recover", "partner", "evaluate", TIER_1),
            types(13, "recover", "partner", "evaluate", TIER_2, "--json"),
            types(14, "recover", "partner", "evaluate", "NOBODY"),
            types(15, "recover", "partner", "list"),
            *signals(TIER_2, (20, sent(TIER_2, 3012, load("TRT303")))),
            types(30, "recover", "partner", "evaluate", TIER_2),
            types(31, "recover", "partner", "evaluate", TIER_2),
            types(32, "partners", "analyze", TIER_2),
            types(33, "partners", "analyze", Q),
        ],
        states={Q: {}},
    ),
    Case(
        id="trust/lowest_tier",
        title="The ceiling of tier one does not fall any further",
        covers=("trust", "autonomy"),
        inputs=[
            *signals(TIER_1, sent(TIER_1, 3020, *_sets("TRT32", 10, 10))),
            looks(10),
            types(11, "partners", "list"),
            types(12, "recover", "partner", "list", "--json"),
        ],
    ),
    Case(
        id="trust/probation_passed",
        title="Twenty good signals in seven days: the review ends, and the ceiling rises to two, later to three",
        covers=("trust", "probation", "autonomy"),
        states={TIER_1: _fallen(1, 3, probation=True)},
        inputs=[
            *signals(TIER_1, (_DAY_S, sent(TIER_1, 3030, *_sets("TRT33", 20, 0)))),
            looks(7 * _DAY_S - 60),
            types(7 * _DAY_S - 50, "recover", "partner", "list"),
            looks(7 * _DAY_S + 60),
            types(7 * _DAY_S + 70, "partners", "list"),
            *signals(
                TIER_1, (8 * _DAY_S, sent(TIER_1, 3031, *_sets("TRT34", 19, 0), cancel("TRT3499"), _later("TRT3498")))
            ),
            looks(14 * _DAY_S + 60),
            looks(15 * _DAY_S),
            types(15 * _DAY_S + 10, "partners", "list"),
            types(15 * _DAY_S + 20, "recover", "partner", "list"),
        ],
    ),
    Case(
        id="trust/probation_begins_anew",
        title="A bad signal begins the probation anew; seven days with too few signals do not end it",
        covers=("trust", "probation"),
        states={P: _fallen(2, 3), Q: {}},
        inputs=[
            types(10, "recover", "partner", "probation", Q, "--why", "nothing stands"),
            types(20, "recover", "partner", "probation", P, "--why", "they say that it is mended"),
            *signals(P, (_DAY_S, sent(P, 3040, *_sets("TRT35", 3, 1)))),
            looks(2 * _DAY_S),
            looks(7 * _DAY_S + 100),
            types(7 * _DAY_S + 110, "recover", "partner", "list"),
            *signals(P, (8 * _DAY_S, sent(P, 3041, *_sets("TRT36", 20, 0)))),
            looks(8 * _DAY_S + 200),
            types(8 * _DAY_S + 300, "recover", "partner", "evaluate", P),
            types(8 * _DAY_S + 310, "recover", "partner", "probation", P, "--why", "again"),
            types(8 * _DAY_S + 320, "partners", "list"),
            *signals(P, (16 * _DAY_S, sent(P, 3042, _later("TRT3699"), *_sets("TRT38", 19, 0)))),
            looks(17 * _DAY_S),
            *signals(P, (17 * _DAY_S + 10, sent(P, 3043, _later("TRT3698"), cancel("TRT3698")))),
            types(17 * _DAY_S + 20, "partners", "list"),
        ],
    ),
    Case(
        id="trust/ceiling_stays_what_it_was",
        title="Who was at one before the incident is at one after it",
        covers=("trust", "probation", "autonomy"),
        states={TIER_1: _fallen(1, 1, probation=True, missing={})},
        inputs=[
            *signals(TIER_1, (60, sent(TIER_1, 3050, *_sets("TRT37", 20, 0)))),
            looks(7 * _DAY_S + 60),
            looks(7 * _DAY_S + 120),
            types(7 * _DAY_S + 130, "partners", "list"),
            types(7 * _DAY_S + 140, "recover", "partner", "ask", "--all"),
            types(7 * _DAY_S + 150, "recover", "partner", "ask", TIER_1),
        ],
    ),
    Case(
        id="trust/what_it_fell_from",
        title="It fell from the nearest hundred signals that were not under 0.80, or from the last hundred before",
        covers=("trust", "alerts", "quality"),
        states={
            "T0001": _before((100, 0), (92, 8), (70, 30), (75, 25)),
            "T0002": _before((95, 5), (80, 20), (79, 21), (57, 43)),
            "T0003": _before((50, 50), (60, 40), (70, 30)),
            "T0004": _before((19, 0), (75, 25)),
            "T0005": _before((20, 0), (75, 25)),
            "T0006": _before((80, 20)),
            "T0007": _before((15, 5)),
        },
        inputs=[
            *signals(Q, sent(Q, 3060, cancel("TRT38"))),
            looks(10),
            types(20, "recover", "partner", "list"),
            types(30, "recover", "partner", "evaluate", "T0006"),
            looks(40),
        ],
    ),
    Case(
        id="trust/what_is_too_long_ago",
        title="It is not looked for further back than nine hundred signals before the last hundred",
        covers=("trust", "alerts", "quality"),
        states={
            P: _before((97, 3), *[(70, 30)] * 8, (66, 34)),
            Q: _before((95, 5), *[(71, 29)] * 9, (66, 34)),
        },
        inputs=[*signals(P, sent(P, 3061, cancel("TRT381"))), looks(10)],
    ),
    Case(
        id="trust/what_is_missing",
        title="Of the fields that are missing five are told, the most frequent first; a partner is asked for all",
        covers=("trust", "alerts", "notices", "quality", "missing-fields"),
        states={
            P: _lacking(
                (20, ()),
                (6, ("stops", "equipment")),
                (5, ("weight_lb",)),
                (4, ("pickup_at", "commodity")),
                (3, ("delivery_at", "weight_lb")),
                (1, ("equipment",)),
            ),
            Q: _lacking((20, ()), (8, ("stops",))),
            TIER_2: _lacking((20, ()), (8, ("commodity", "delivery_at"))),
        },
        inputs=[
            *signals(P, sent(P, 3070, load("TRT390"))),
            looks(10),
            types(20, "recover", "partner", "ask", P),
            types(30, "recover", "partner", "ask", "--all"),
            types(40, "partners", "scorecard"),
            types(50, "partners", "scorecard", P, "--week", "2026-W06", "--json"),
            types(60, "partners", "scorecard", P, "--week", "2026-W01"),
            types(70, "partners", "scorecard", P, "--week", "next"),
            types(80, "partners", "analyze", Q),
            types(90, "partners", "analyze", P, "2026-02-02", "2026-02-02", "--json"),
            types(100, "partners", "analyze", P, "2026-02-02T13:59:58", "2026-02-02T15:00:00+01:00"),
            types(110, "partners", "analyze", P, "2026-02-03", "2026-02-01"),
            types(120, "partners", "analyze", P, "yesterday", "today"),
            types(130, "partners", "analyze", "NOBODY"),
        ],
    ),
)
