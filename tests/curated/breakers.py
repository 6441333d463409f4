"""Circuit breakers: opening at the eleventh, refusing while open, probing, closing, and what an operator does."""

import json
from typing import Any

from harness.traces import Input
from tests.curated.case import Case, json_signal, looks, signals, types
from tests.curated.originals import in_json
from tests.curated.x12 import cancel, load, other, sent

P, Q = "T0002", "T0001"
_OPEN = {
    P: {
        "breaker": {
            "malformed": 9,
            "duplicates": 2,
            "places": [
                {"segment": "G62", "element": 2, "message": "no such day: '20261332'", "count": 7},
                {"segment": "B2", "element": 4, "message": "sent again after it was answered", "count": 2},
            ],
            "probe_after_s": 300.0,
        }
    }
}


def _open(malformed: int, duplicates: int, *places: tuple[str, int | None, str, int]) -> dict[str, Any]:
    """A partner whose breaker is open, because of so many signals and these places in them."""
    told = [dict(zip(("segment", "element", "message", "count"), place, strict=True)) for place in places]
    return {"breaker": {"malformed": malformed, "duplicates": duplicates, "places": told}}


def _bad(number: int) -> str:
    """A malformed body: of four in a row three have a date that is none, and one a purpose."""
    if number % 4 == 3:
        return sent(P, 2000 + number, load(f"TRB{number}", purpose="99"))
    return sent(P, 2000 + number, other(load(f"TRB{number}"), ("G62*37", "G62*37*20261332*Y*0800*LT")))


def _good(number: int) -> str:
    return sent(P, 2100 + number, load(f"TRB21{number:02d}"))


def _at(start_s: float, *bodies: str, every_s: float = 1.0) -> list[Input]:
    return signals(P, *((start_s + number * every_s, body) for number, body in enumerate(bodies)))


CASES = (
    Case(
        id="breaker/eleventh_malformed",
        title="The eleventh malformed signal in a minute opens it; good ones are refused, others' are not",
        covers=("breaker", "malformed", "alerts", "notices"),
        inputs=[
            *_at(0, *(_bad(number) for number in range(11))),
            *_at(11, _good(0), _bad(50)),
            *signals(Q, (14, sent(Q, 2200, load("TRB2200")))),
            looks(15),
            types(16, "breakers", "list"),
            types(17, "breakers", "show", P),
            types(18, "breakers", "list", "--json"),
            types(19, "reviews", "list", "--week", "2026-W06"),
            looks(20),
        ],
    ),
    Case(
        id="breaker/eleventh_repeat",
        title="Repeats count like malformed signals: eleven of both together open it",
        covers=("breaker", "duplicate", "alerts", "notices"),
        inputs=[
            *_at(0, _good(1), *(_good(1) for _ in range(9)), _bad(0), _bad(3), _good(2)),
            looks(20),
            types(21, "breakers", "show", P, "--json"),
            types(22, "breakers", "show", Q),
            types(23, "breakers", "show", "NOBODY"),
        ],
    ),
    Case(
        id="breaker/several_repeats_at_once",
        title="Each repeat in an interchange counts, a malformed interchange counts once",
        covers=("breaker", "duplicate", "interchange"),
        inputs=[
            *_at(
                0,
                sent(P, 2300, *(cancel(f"TRB230{number}") for number in range(6))),
                sent(P, 2301, load("TRB23", purpose="99"), load("TRB24", purpose="99")),
                sent(P, 2302, *(cancel(f"TRB230{number}") for number in range(6))),
                sent(P, 2303, *(cancel(f"TRB230{number}") for number in range(3))),
                _good(3),
                sent(P, 2304, cancel("TRB2300")),
                _good(4),
            ),
            looks(10),
        ],
    ),
    Case(
        id="breaker/window_slides",
        title="Eleven in sixty-one seconds open nothing: the first is forgotten by then",
        covers=("breaker", "window"),
        inputs=[
            *_at(0, _bad(0)),
            *_at(50, *(_bad(number) for number in range(1, 10))),
            *_at(61, _bad(10), _good(5)),
            *_at(63, _bad(11), _good(6), _bad(12)),
        ],
    ),
    Case(
        id="breaker/reset",
        title="An operator resets it: what was counted is forgotten, good signals are taken again",
        covers=("breaker", "operator", "alerts"),
        states=_OPEN,
        inputs=[
            *_at(10, _good(7), _good(7), _bad(1)),
            looks(15),
            types(16, "breakers"),
            types(17, "breakers", "reset", P, "--why", "they have mended it"),
            types(18, "breakers", "reset", "NOBODY", "--why", "who?"),
            types(19, "breakers", "list"),
            looks(20),
            *_at(21, _good(7), _bad(2), _good(8)),
            types(30, "breakers", "reset", P, "--why", "once more", "--json"),
        ],
    ),
    Case(
        id="breaker/probes_close_it",
        title="After the cool-down three signals are let through; three good ones close it",
        covers=("breaker", "half-open"),
        states=_OPEN,
        inputs=[
            *_at(299, _good(10)),
            *_at(301, _good(11), _good(12), _good(13), _good(14), _good(15), every_s=2.0),
            looks(320),
            types(321, "breakers", "list"),
            *_at(322, _bad(3), _good(16)),
        ],
    ),
    Case(
        id="breaker/bad_probe",
        title="A bad probe opens it for another cool-down; a repeat is a bad probe too",
        covers=("breaker", "half-open", "duplicate"),
        states=_OPEN,
        inputs=[
            *_at(301, _good(20), _good(21), _bad(5), _good(22), every_s=2.0),
            types(309, "breakers", "show", P),
            *_at(650, _good(23), _good(23), _good(24), every_s=2.0),
            looks(700),
            *_at(1000, _good(25), _good(26), _good(27), _good(28), every_s=2.0),
            types(1100, "breakers", "list"),
        ],
    ),
    Case(
        id="breaker/probes_are_few",
        title="While it is half-open no more than three are let through; the rest come back later",
        covers=("breaker", "half-open"),
        states=_OPEN,
        inputs=[
            *_at(300.5, _good(30), every_s=0.0),
            *_at(302, sent(P, 2400, cancel("TRB2400")), sent(P, 2400, cancel("TRB2400")), every_s=0.0),
            *_at(303, *(_good(31 + number) for number in range(4)), every_s=0.0),
            *_at(620, *(_good(40 + number) for number in range(5)), every_s=0.0),
            types(630, "breakers", "list"),
        ],
    ),
    Case(
        id="breaker/refused_may_repeat",
        title="What was refused with 429 and comes again once it is closed is no fault of the partner's",
        covers=("breaker", "duplicate", "excuses"),
        states=_OPEN,
        inputs=[
            *_at(1, *(_good(50 + number % 12) for number in range(12))),
            types(20, "breakers", "reset", P, "--why", "mended"),
            *_at(21, *(_good(50 + number % 12) for number in range(12))),
            *_at(40, *(_good(50 + number % 12) for number in range(12))),
            *_at(60, *(_good(50 + number % 12) for number in range(12))),
            types(80, "breakers", "show", P, "--json"),
        ],
    ),
    Case(
        id="breaker/what_a_partner_is_told",
        title="A partner is told the place that was wrong most often, as it is called in X12 and in JSON, or none",
        covers=("breaker", "alerts", "notices", "operator"),
        states={
            P: _open(6, 5),
            "T0006": _open(12, 0, ("stops[0].at", None, "expected a time", 9)),
            "T0007": _open(11, 0, ("ST", None, "expected 204, seen 210", 8), ("SE", 1, "expected 17 segments", 3)),
            "T0012": _open(11, 0, ("", None, "neither X12 nor JSON", 11)),
            "T0013": _open(5, 6, ("B2", 4, "sent again after it was answered", 6), ("L3", 1, "no number", 5)),
            "T0003": _open(6, 6, ("B2", 4, "sent again after it was answered", 6), ("N7", 2, "no number", 6)),
            Q: {},
        },
        inputs=[
            *_at(1, _good(60)),
            looks(10),
            *(types(20, "breakers", "show", name) for name in (P, "T0006", "T0007", "T0012", "T0013", "T0003")),
            types(30, "breakers", "show", "T0007", "--json"),
            types(40, "breakers", "list", "--json"),
            types(50, "breakers", "reset", Q, "--why", "it was the other one"),
            types(60, "breakers", "reset", P, "--why", "mended"),
            types(70, "breakers", "show", P),
            types(80, "breakers", "show", P, "--json"),
            looks(90),
        ],
    ),
    Case(
        id="breaker/cut_off_json",
        title="JSON that breaks off has no place that could be named, and opens it as well",
        covers=("breaker", "malformed", "alerts", "notices"),
        inputs=[
            *(json_signal(number, P, json.dumps(in_json(f"TRB30{number}"))[:-9]) for number in range(11)),
            looks(20),
            types(30, "breakers", "show", P),
        ],
    ),
)
