"""Motion is away, late, refuses, or did it and nobody heard of it: in the end there is one load, or a reason."""

from collections.abc import Mapping, Sequence
from typing import Any

from harness.traces import Input
from tests.curated.case import Case, looks, signals, types
from tests.curated.originals import in_json
from tests.curated.outside import (
    HALF,
    LOST,
    LOST_LATE,
    MAINTENANCE,
    REFUSED,
    RESET,
    TIMEOUT,
    WELL,
    Trouble,
    late,
    says,
)
from tests.curated.x12 import cancel, load, sent

P = "T0011"
_number = iter(range(1300, 1400))
Write = tuple[str, str, str, Mapping[str, Any]]


def _case(
    name: str,
    title: str,
    *troubles: Trouble,
    inputs: Sequence[Input] = (),
    before: Sequence[Write] = (),
    end_to_end: bool = False,
) -> Case:
    """One original, unless there are other `inputs`."""
    number = next(_number)
    return Case(
        id=f"motion_errors/{name}",
        title=title,
        covers=("motion-error", name.replace("_", "-")),
        inputs=inputs or signals(P, sent(P, number, load(f"TRE{number}"))),
        motion=troubles,
        before=before,
        end_to_end=end_to_end,
    )


def _weighs(shipment: str, pounds: int, version: str) -> str:
    return sent(P, 1399, load(shipment, purpose="04", version=version, totals=(f"L3*{pounds}*G",)))


def _booked(shipment: str, key: str = "", rank: Sequence[int] | None = (0,), **content: Any) -> Write:
    document = {"reference": f"{P}:{shipment}", "content": {"weight_lb": 1.0, **content}}
    return "book", key or f"book:{P}:{shipment}", "", document if rank is None else {**document, "rank": list(rank)}


_CONTENT = {name: value for name, value in in_json("TRE1388").items() if name != "purpose"}

CASES: tuple[Case, ...] = (
    _case("away", "500, 502, 503 and 504 to the look, then to the booking",
          says(500), says(502), WELL, says(503), WELL, says(504), end_to_end=True),
    _case("not_let_in", "401, 403, 408, 425 and 429 say nothing about the write",
          *(says(one) for one in (401, 403, 408, 425, 429)), WELL,
          says(401), WELL, says(403), WELL, says(408), WELL, says(425), WELL, says(429), end_to_end=True),
    _case("come_back_later", "429 and 503 that say when to come back",
          says(429, retry_after_s=7), WELL, says(503, retry_after_s=90), end_to_end=True),
    _case("look_refused", "A look that is refused fails the intent", says(404)),
    _case("booking_refused", "A booking that is refused fails the intent, and is not tried again", WELL, says(400)),
    _case("not_found", "404 to a booking fails it; the next one is booked", WELL, says(404), inputs=signals(
        P, sent(P, 1350, load("TRE13500"), load("TRE13501")))),
    _case("timeout", "No answer to the look, then none to the booking, which was not done",
          TIMEOUT, WELL, TIMEOUT, end_to_end=True),
    _case("reset", "The connection breaks, and is refused", RESET, REFUSED, WELL, RESET, end_to_end=True),
    _case("booked_and_lost", "Booked, and the answer was lost: the next look finds the load",
          WELL, LOST, end_to_end=True),
    _case("booked_and_never_answered", "Booked, and no answer in five seconds", WELL, LOST_LATE, end_to_end=True),
    _case("half_an_answer", "Half an answer to the look and to the booking, which was done",
          HALF, WELL, HALF, end_to_end=True),
    _case("no_load", "Answers that are no load and no list",
          MAINTENANCE, says(200, body="{}"), WELL, says(201, body='{"load_id": ""}', done=True), end_to_end=True),
    _case("late", "Late answers, and one that comes after five seconds", late(4.9), late(2.0), end_to_end=True),
    _case("too_late", "An answer that comes after five seconds counts as none; the load was booked",
          WELL, late(5.5), end_to_end=True),
    _case("amend_lost", "An amendment and a cancel are done, and their answers lost",
          WELL, WELL, WELL, LOST, WELL, WELL, LOST,
          inputs=signals(P, sent(P, 1360, load("TRE1360")), _weighs("TRE1360", 41000, "2"),
                         sent(P, 1361, cancel("TRE1360"))), end_to_end=True),
    _case("amend_away", "Motion is away when it is to amend and to cancel",
          WELL, WELL, says(503), WELL, says(503), WELL, WELL, says(503), WELL, RESET,
          inputs=signals(P, sent(P, 1362, load("TRE1362")), _weighs("TRE1362", 41000, "2"),
                         sent(P, 1363, cancel("TRE1362"))), end_to_end=True),
    _case("amend_conflict", "409 to an amendment: somebody was quicker, so look again; three times are too many",
          WELL, WELL, WELL, says(409), WELL, WELL,
          WELL, says(409), WELL, says(409), WELL, says(409),
          inputs=signals(P, sent(P, 1364, load("TRE1364")), _weighs("TRE1364", 41000, "2"),
                         _weighs("TRE1364", 40000, "3"))),
    _case("amend_refused", "An amendment that is refused fails the change; the load stays as it was",
          WELL, WELL, WELL, says(400),
          inputs=signals(P, sent(P, 1365, load("TRE1365")), _weighs("TRE1365", 41000, "2"))),
    _case("booking_conflict", "409 and 422 to a booking: look again, and it is booked",
          WELL, says(409), WELL, says(422)),
    _case("booking_key_used", "The booking key was used for another load: it fails after three looks",
          inputs=signals(P, sent(P, 1366, load("TRE1366"))),
          before=(("book", f"book:{P}:TRE1366", "", {"reference": f"{P}:OTHER", "content": {"weight_lb": 1}}),)),
    _case("booked_before", "A load of the shipment is there from an earlier life of the row: it is amended",
          inputs=signals(P, sent(P, 1367, load("TRE1367"))), before=(_booked("TRE1367"),)),
    _case("booked_by_hand", "A load without a rank was booked by hand: it is amended",
          inputs=signals(P, sent(P, 1368, load("TRE1368"))), before=(_booked("TRE1368", "by hand", None),)),
    _case("newer_in_motion", "Motion has a newer change than the database: it is left alone; a newer one amends it",
          inputs=signals(P, sent(P, 1369, load("TRE1369")), _weighs("TRE1369", 41000, "2"),
                         _weighs("TRE1369", 40000, "3"), _weighs("TRE1369", 39000, "4")),
          before=(_booked("TRE1369", rank=(1, 1, 3)),)),
    _case("cancelled_in_motion", "Motion has the cancel that is lost here: nothing is booked again",
          inputs=signals(P, sent(P, 1370, load("TRE1370")), _weighs("TRE1370", 41000, "2")),
          before=(_booked("TRE1370"), ("cancel", f"cancel:{P}:TRE1370", "L000001", {}))),
    _case("change_key_used", "The same change was read otherwise before: another key amends the known load",
          inputs=signals(P, sent(P, 1371, load("TRE1371")), _weighs("TRE1371", 41000, "2")),
          before=(_booked("TRE1371"), ("amend", f"change:{P}:TRE1371:change:2", "L000001",
                                       {"content": {"weight_lb": 2.0}, "rank": [0]}))),
    _case("cancel_refused", "A cancel that is refused fails", WELL, WELL, WELL, says(404),
          inputs=signals(P, sent(P, 1372, load("TRE1372")), sent(P, 1373, cancel("TRE1372")))),
    _case("guard", "Fifteen loads are cancelled slowly: the guard cuts that off at a minute, and it is gone on with",
          *[late(4.6)] * 15,
          inputs=signals(P, sent(P, 1374, cancel("TRE1374"))),
          before=tuple(_booked("TRE1374", f"by hand {number}", None) for number in range(15))),
    Case(
        id="motion_errors/waits_as_asked",
        title="Motion is asked again when it said, not before, and after a minute at most; others go on meanwhile",
        covers=("motion-error", "retry-after", "operator"),
        inputs=[
            *signals(P, (0, sent(P, 1382, load("TRE1382"))), (1, sent(P, 1383, load("TRE1383")))),
            *(types(at_s, "partners", "scorecard", P) for at_s in (6.9, 7.1)),
            *signals(P, (100, sent(P, 1384, load("TRE1384")))),
            looks(130),
            *(types(100 + at_s, "partners", "scorecard", P) for at_s in (59.9, 60.1)),
            *signals(P, (200, sent(P, 1385, load("TRE1385")))),
            *(types(200 + at_s, "partners", "scorecard", P) for at_s in (0.19, 0.21, 0.59, 0.61)),
        ],
        motion=[
            *(says(429, retry_after_s=7), WELL, WELL, WELL, WELL),
            *(WELL, says(503, retry_after_s=120), WELL, WELL),
            *(says(500), RESET),
        ],
    ),
    Case(
        id="motion_errors/cut_off_and_gone_on",
        title="After the guard has cut an execution off at a minute, it is gone on with at once",
        covers=("motion-error", "guard", "operator"),
        inputs=[
            *signals(P, (0, sent(P, 1386, cancel("TRE1386")))),
            *(types(at_s, "partners", "scorecard", P) for at_s in (60.1, 60.3)),
        ],
        motion=[late(4.6)] * 15,
        before=tuple(_booked("TRE1386", f"by hand {number}", None) for number in range(14)),
    ),
    _case("booked_twice_outside", "Motion has two live loads of the shipment: the older is amended, the other stays",
          inputs=[*signals(P, sent(P, 1387, load("TRE1387")), _weighs("TRE1387", 41000, "2")), looks(60)],
          before=(_booked("TRE1387", "by hand 1", None), _booked("TRE1387", "by hand 2", None))),
    _case("booked_as_it_is", "Motion has the load already, as it shall be: nothing is written, and the other one stays",
          inputs=[*signals(P, sent(P, 1388, load("TRE1388"))), looks(60)],
          before=(_booked("TRE1388", "by hand 1", (0,), **_CONTENT), _booked("TRE1388", "by hand 2", None))),
    _case("cancels_what_lives", "Of four loads two are live: each has its key, and the first of all is the shipment's",
          WELL, WELL, LOST,
          inputs=[*signals(P, sent(P, 1389, cancel("TRE1389"))), looks(60)],
          before=(*(_booked("TRE1389", f"by hand {number}", None) for number in range(4)),
                  ("cancel", "by hand 4", "L000002", {}), ("cancel", "by hand 5", "L000004", {}))),
    _case("all_cancelled_in_motion", "Motion has two dead loads: a late original books nothing, a cancel does nothing",
          inputs=[*signals(P, sent(P, 1390, load("TRE1390")), sent(P, 1391, cancel("TRE1390"))), looks(60)],
          before=(_booked("TRE1390"), _booked("TRE1390", "by hand", None),
                  ("cancel", f"cancel:{P}:TRE1390", "L000001", {}), ("cancel", "by hand 2", "L000002", {}))),
    _case("change_key_refused", "The change's key was used otherwise, and so was the other one: the change fails",
          WELL, WELL, WELL, says(422), says(422), WELL, says(422), says(422), WELL, says(422), says(422),
          inputs=[*signals(P, sent(P, 1392, load("TRE1392")), _weighs("TRE1392", 41000, "2")), looks(60)]),
    Case(
        id="motion_errors/settled",
        title="What an operator has just settled is told of, though nobody looked before; after some looks it is over",
        covers=("motion-error", "agent-timeout", "operator", "alerts"),
        inputs=[
            *signals(P, (0, sent(P, 1393, load("TRE1393")))),
            types(331, "stuck", "resolve", f"intent:{P}:TRE1393:original:1", "--why", "they have nothing", "--json"),
            *(looks(at_s) for at_s in (345, 350, 353)),
            types(354, "stuck", "list"),
        ],
        motion_away=(0, 330),
    ),
    Case(
        id="motion_errors/in_vain",
        title="Motion is away for minutes: an alert, and an operator settles what is tried in vain",
        covers=("motion-error", "agent-timeout", "operator", "alerts"),
        inputs=[
            *signals(P, (0, sent(P, 1380, load("TRE1380"))), (0.5, sent(P, 1381, load("TRE1381")))),
            looks(100),
            types(101, "stuck", "resolve", f"intent:{P}:TRE1380:original:1", "--why", "too early"),
            looks(330),
            types(331, "stuck", "list"),
            types(332, "stuck", "resolve", "--in-vain", "--why", "Motion is gone for the day"),
            types(333, "stuck", "resolve", "--in-vain", "--why", "the second try"),
            looks(400),
            types(401, "stuck", "list", "--json"),
            types(402, "stuck", "resolve", "nobody", "--why", "which?"),
            types(403, "stuck", "resolve", "--why", "none is named"),
        ],
        motion=[WELL, LOST],
        motion_away=(0.1, 331.5),
    ),
)  # fmt: skip
