"""Signals as the traces have them: segments in plain sight, and the envelopes around them.

It writes down what it is told and knows no rule of X12, because many signals of the traces break one.
"""

from collections.abc import Sequence

Segments = tuple[str, ...]

EQUIPMENT = "N7**53001*********TF"
PICKUP: Segments = (
    "S5*1*LD",
    "G62*37*20260204*Y*0800*LT",
    "N1*SF*SUMMIT FOODS DC 4",
    "N3*101 DOCK ROAD",
    "N4*STOCKTON*CA*95206*US",
    "L5*1*CANNED TOMATOES",
)
DELIVERY: Segments = (
    "S5*2*UL",
    "G62*70*20260205*Z*1330*LT",
    "N1*ST*METRO GROCERS",
    "N3*102 DOCK ROAD",
    "N4*RENO*NV*89506*US",
)
SECOND_PICKUP: Segments = (
    "S5*2*PL",
    "G62*10*20260204*Y*1400*LT",
    "N1*SF*ORCHARD PACKERS",
    "N3*103 DOCK ROAD",
    "N4*MODESTO*CA*95351*US",
)
SECOND_DELIVERY: Segments = (
    "S5*3*PU",
    "G62*70*20260206*Z*0915*LT",
    "N1*ST*LAKESHORE STORES",
    "N3*104 DOCK ROAD",
    "N4*SALT LAKE CITY*UT*84104*US",
)
WEIGHT_AND_RATE = "L3*42000*G***185000"
RATE = "L3*****185000"


def load(
    shipment: str,
    *,
    purpose: str = "00",
    version: str = "",
    b2: str = "",
    head: Sequence[str] = (EQUIPMENT,),
    stops: Sequence[Segments] = (PICKUP, DELIVERY),
    totals: Sequence[str] = (WEIGHT_AND_RATE,),
) -> Segments:
    """One tender or change, between its ST and its SE."""
    stated = (f"L11*{version}*V0",) if version else ()
    begin = b2 or f"B2**FXCA**{shipment}**PP"
    inside = tuple(segment for stop in stops for segment in stop)
    return (begin, f"B2A*{purpose}*LT", *stated, f"L11*PO{shipment[-4:]}*PO", *head, *inside, *totals)


def cancel(shipment: str, reason: str = "PRODUCT NOT READY") -> Segments:
    """One cancel."""
    told = (f"NTE**{reason}",) if reason else ()
    return (f"B2**FXCA**{shipment}**PP", "B2A*01*LT", f"L11*PO{shipment[-4:]}*PO", *told)


def other(segments: Sequence[str], *changes: tuple[str, str]) -> Segments:
    """The same with the first segment that begins so replaced; by nothing where the other is empty."""
    found = list(segments)
    for beginning, instead in changes:
        place = next(number for number, segment in enumerate(found) if segment.startswith(beginning))
        found[place : place + 1] = [instead] if instead else []
    return tuple(found)


def sent(
    partner: str,
    number: int,
    *sets: Sequence[str],
    groups: Sequence[Sequence[Sequence[str]]] = (),
    marks: str = "*>~",
    line_end: str = "\n",
) -> str:
    """One interchange under control number `number`; `marks` are its element, component and segment delimiters."""
    element, component, terminator = list(marks)
    isa = f"ISA*00*          *00*          *ZZ*{partner:<15}*ZZ*{'FREIGHT':<15}*260202*1400*U*00401*{number:09d}*0*T"
    lines = [f"{isa}*{component}".replace("*", element)]
    several = groups or (sets,)
    for group_number, group in enumerate(several, 1):
        lines.append(f"GS*SM*{partner}*FREIGHT*20260202*1400*{group_number}*X*004010".replace("*", element))
        for set_number, segments in enumerate(group, 1):
            lines.append(f"ST*204*{set_number:04d}".replace("*", element))
            lines += [segment.replace("*", element) for segment in segments]
            lines.append(f"SE*{len(segments) + 2}*{set_number:04d}".replace("*", element))
        lines.append(f"GE*{len(group)}*{group_number}".replace("*", element))
    lines.append(f"IEA*{len(several)}*{number:09d}".replace("*", element))
    end = "" if terminator == "\n" else line_end
    return "".join(f"{line}{terminator}{end}" for line in lines)
