"""Every way in which a 204 says when: qualifiers, formats, time codes, places; and how a model may say the same."""

from tests.curated.case import Case, reads, signals
from tests.curated.x12 import DELIVERY, EQUIPMENT, PICKUP, SECOND_PICKUP, Segments, load, other, sent

P = "T0007"
_number = iter(range(500, 600))


def _picked(*times: str) -> Segments:
    """A load whose pickup has these G62 segments."""
    before, after = PICKUP[:1], PICKUP[2:]
    return load("X", stops=((*before, *times, *after), DELIVERY))


def _delivered(*times: str) -> Segments:
    before, after = DELIVERY[:1], DELIVERY[2:]
    return load("X", stops=(PICKUP, (*before, *times, *after)))


def _case(name: str, title: str, *segments: Segments, end_to_end: bool = True, **said: object) -> Case:
    """One signal of these sets; `said` is what the model states of each of them, by its number (`_0`, `_1`)."""
    number = next(_number)
    ids = [f"TRP{number}{place}" for place in range(len(segments))]
    sets = [(one[0].replace("*X*", f"*{shipment}*"), *one[1:]) for shipment, one in zip(ids, segments, strict=True)]
    scripts = []
    for place, shipment in enumerate(ids):
        values = said.get(f"_{place}", said.get("each"))
        if isinstance(values, dict):
            scripts.append(reads(shipment, **values))
    return Case(
        id=f"pickups/{name}",
        title=title,
        covers=("pickup-time", name.replace("_", "-")),
        inputs=signals(P, sent(P, number, *sets)),
        scripts=scripts,
        end_to_end=end_to_end,
    )


def _stops(up: str | None, down: str | None = "2026-02-05T13:30:00") -> list[dict[str, object]]:
    return [
        {"sequence": 1, "type": "pickup", "name": "SUMMIT FOODS DC 4", "city": "STOCKTON", "state": "CA",
         "postal_code": "95206", "at": up},
        {"sequence": 2, "type": "delivery", "name": "METRO GROCERS", "city": "RENO", "state": "NV",
         "postal_code": "89506", "at": down},
    ]  # fmt: skip


def _up(at: str) -> dict[str, object]:
    return {"pickup_at": at, "stops": _stops(at)}


CASES = (
    _case("qualifiers", "Each qualifier that states a pickup",
          *(_picked(f"G62*{one}*20260204*Y*0800*LT") for one in ("10", "37", "38", "64", "69"))),
    _case("most_binding_qualifier", "Scheduled before requested, not before, not after, and the rest",
          _picked("G62*64*20260204*Y*0600", "G62*38*20260204*Y*0700", "G62*37*20260204*Y*0800",
                  "G62*10*20260204*Y*0900", "G62*69*20260204*Y*1000"),
          _picked("G62*38*20260204*Y*0700", "G62*37*20260204*Y*0800", "G62*10*20260204*Y*0900"),
          _picked("G62*64*20260204*Y*0600", "G62*38*20260204*Y*0700", "G62*37*20260204*Y*0800")),
    _case("deadline_is_no_pickup", "A deadline for the carrier's answer (64 with 1) is no pickup time",
          _picked("G62*64*20260203*1*1700*LT", "G62*37*20260204*Y*0800*LT"),
          load("X", head=(EQUIPMENT, "G62*64*20260203*1*1700*LT"))),
    _case("in_heading", "The pickup time stands in the heading alone; the stop has none",
          load("X", head=(EQUIPMENT, "G62*37*20260204*Y*0800*LT"),
               stops=((*PICKUP[:1], *PICKUP[2:]), DELIVERY)),
          _0={"pickup_at": "2026-02-04T08:00:00"}),
    _case("at_second_stop", "The first pickup has no time: the second one's counts",
          load("X", stops=((*PICKUP[:1], *PICKUP[2:]), SECOND_PICKUP, other(DELIVERY, ("S5", "S5*3*UL")))),
          _0={"pickup_at": "2026-02-04T14:00:00"}),
    _case("formats", "Two-digit years, seconds, hundredths, and no time code at all",
          _picked("G62*37*260204*Y*0800"), _picked("G62*37*20260204*Y*080030*LT"),
          _picked("G62*37*20260204*Y*08003099*LT"),
          _0=_up("2026-02-04T08:00:00"), _1=_up("2026-02-04T08:00:30"), _2=_up("2026-02-04T08:00:30")),
    _case("date_alone", "A date without a time is no time: the load waits for one", _picked("G62*37*20260204*Y")),
    _case("local_codes", "Codes that leave daylight saving open are local time",
          *(_picked(f"G62*37*20260204*Y*0800*{code}") for code in ("ET", "CT", "MT", "PT", "AT", "HT", "NT"))),
    _case("utc", "Universal time", _picked("G62*37*20260204*Y*0800*UT"), _picked("G62*37*20260204*Y*0800*GM")),
    _case("zones", "Standard and daylight time of four zones",
          *(_picked(f"G62*37*20260204*Y*0800*{code}")
            for code in ("ES", "ED", "CS", "CD", "MS", "MD", "PS", "PD"))),
    _case("rare_zones", "Newfoundland, the Atlantic, Hawaii, and hours east and west of Greenwich",
          *(_picked(f"G62*37*20260204*Y*0800*{code}")
            for code in ("NS", "TD", "AS", "AD", "HS", "HD", "05", "12", "13", "19", "24")),
          _0=_up("2026-02-04T08:00:00-03:30"), _1=_up("2026-02-04T08:00:00-02:30"),
          _2=_up("2026-02-04T08:00:00-04:00"), _3=_up("2026-02-04T08:00:00-03:00"),
          _4=_up("2026-02-04T08:00:00-10:00"), _5=_up("2026-02-04T08:00:00-09:00"),
          _6=_up("2026-02-04T08:00:00+05:00"), _7=_up("2026-02-04T08:00:00+12:00"),
          _8=_up("2026-02-04T08:00:00-12:00"), _9=_up("2026-02-04T08:00:00-06:00"),
          _10=_up("2026-02-04T08:00:00-01:00")),
    _case("zone_said_otherwise", "The same moment in another zone is right; the clock without its zone is too",
          _picked("G62*37*20260204*Y*0800*PS"), _picked("G62*37*20260204*Y*0800*PS"),
          _picked("G62*37*20260204*Y*0800*LT"),
          _0=_up("2026-02-04T16:00:00Z"), _1=_up("2026-02-04T08:00:00"), _2=_up("2026-02-04T08:00:00-08:00")),
    _case("zone_made_up", "Another moment is made up, also by a zone alone",
          _picked("G62*37*20260204*Y*0800*PS"), _picked("G62*37*20260204*Y*0800*LT"),
          _picked("G62*37*20260204*Y*0800*LT"),
          _0=_up("2026-02-04T08:00:00Z"), _1=_up("2026-02-04T09:00:00-08:00"), _2=_up("2026-02-04T08:01:00")),
    _case("delivery_qualifiers", "Each qualifier that states a delivery",
          *(_delivered(f"G62*{one}*20260205*Z*1330*LT") for one in ("70", "68", "02", "53", "54", "17"))),
    _case("most_binding_delivery", "Scheduled before requested, and the estimate last",
          _delivered("G62*17*20260205*Z*0600", "G62*54*20260205*Z*0700", "G62*53*20260205*Z*0800",
                     "G62*02*20260205*Z*0900", "G62*68*20260205*Z*1000", "G62*70*20260205*Z*1100"),
          _delivered("G62*54*20260205*Z*0700", "G62*53*20260205*Z*0800", "G62*02*20260205*Z*0900"),
          _0={"delivery_at": "2026-02-05T11:00:00", "stops": _stops("2026-02-04T08:00:00", "2026-02-05T11:00:00")},
          _1={"delivery_at": "2026-02-05T09:00:00", "stops": _stops("2026-02-04T08:00:00", "2026-02-05T09:00:00")}),
    _case("delivery_in_heading", "The delivery time stands in the heading alone",
          load("X", head=(EQUIPMENT, "G62*68*20260205*Z*1330*LT"),
               stops=(PICKUP, (*DELIVERY[:1], *DELIVERY[2:]))),
          _0={"delivery_at": "2026-02-05T13:30:00"}),
    _case("in_the_past", "A day of the past that the signal states as well is for a person, an hour less is not",
          _picked("G62*37*20260201*Y*1359*LT"), _picked("G62*37*20260201*Y*1400*LT"),
          _delivered("G62*70*20260131*Z*1330*LT"), _picked("G62*37*20260201*Y*0800*PS"),
          _picked("G62*37*20260201*Y*0500*PS")),
)  # fmt: skip
