"""How a 204 states weights, dates and money, as plain values.

Partners use different units, time codes and implied decimals; everything behind this module is pounds, `datetime`
and US dollars. Each function takes one element's text and raises `Misstated` with the acknowledgment's code when it
cannot be read. Nothing is guessed: a date without a time is no time.
"""

import re
from datetime import datetime, timedelta, timezone

from system.x12.defects import ElementCode, quoted

_NUMBER = re.compile(r"-?(\d{1,15}(\.\d{0,6})?|\.\d{1,6})")

POUNDS_PER_UNIT = {
    "L": 1.0,
    "K": 2.2046226218,
    "E": 2204.6226218,
    "S": 2000.0,
    "T": 2240.0,
    "G": 0.0022046226218,
    "O": 0.0625,
}
"""Weight unit codes (data element 188): pounds, kilograms, metric, short and long tons, grams, ounces."""

_UTC_OFFSET_HOURS = {
    "UT": 0, "GM": 0, "TS": -3.5, "TD": -2.5, "NS": -3.5, "ND": -2.5, "AS": -4, "AD": -3, "ES": -5, "ED": -4,
    "CS": -6, "CD": -5, "MS": -7, "MD": -6, "PS": -8, "PD": -7, "HS": -10, "HD": -9,
}  # fmt: skip
_LOCAL = frozenset({"", "LT", "AT", "CT", "ET", "HT", "MT", "NT", "PT", "TT"})
"""Time codes that leave open whether daylight saving holds: the stop's own local time."""


class Misstated(ValueError):
    """An element that cannot be read; `code` is the AK403 code, `element` where in the segment, when known."""

    def __init__(self, code: str, message: str, element: int | None = None) -> None:
        super().__init__(message)
        self.code = code
        self.element = element


def number(text: str) -> float:
    """A decimal number; raises Misstated for anything else, an exponent or infinity included."""
    if not _NUMBER.fullmatch(text) or not text.isascii():
        raise Misstated(ElementCode.INVALID_CHARACTER, f"expected a number, seen {quoted(text)}")
    return float(text)


def pounds(weight: str, unit: str) -> float | None:
    """A weight in pounds, rounded to three places; None for an empty or zero weight, which states nothing."""
    amount = number(weight) if weight else 0.0
    if amount == 0.0:
        return None
    if unit not in POUNDS_PER_UNIT:
        raise Misstated(ElementCode.INVALID_CODE, f"expected a weight unit of L or K, seen {quoted(unit)}")
    return round(amount * POUNDS_PER_UNIT[unit], 3)


def dollars_implied(text: str) -> float | None:
    """An amount of type N2: hundredths unless it carries a decimal point of its own; None for an empty or zero one."""
    amount = number(text) if text else 0.0
    if "." not in text:
        amount /= 100
    return round(amount, 2) or None


def moment(date: str, time: str, time_code: str) -> datetime | None:
    """When something is due, from a G62 segment's date, time and time code; None when it states no time.

    Naive when the code says local time or leaves daylight saving open. Raises Misstated with `element` set.
    """
    if len(date) not in (6, 8) or not (date.isascii() and date.isdigit()):
        raise Misstated(ElementCode.INVALID_DATE, f"expected a date as CCYYMMDD, seen {quoted(date)}", 2)
    try:
        day = datetime(int(date[:-4] if len(date) == 8 else f"20{date[:2]}"), int(date[-4:-2]), int(date[-2:]))
    except ValueError:
        raise Misstated(ElementCode.INVALID_DATE, f"no such day: {quoted(date)}", 2) from None
    if not time:
        return None
    if len(time) not in (4, 6, 8) or not (time.isascii() and time.isdigit()):
        raise Misstated(ElementCode.INVALID_TIME, f"expected a time as HHMM, seen {quoted(time)}", 4)
    hour, minute, second = int(time[:2]), int(time[2:4]), int(time[4:6] or 0)
    if hour > 23 or minute > 59 or second > 59:
        raise Misstated(ElementCode.INVALID_TIME, f"no such time: {quoted(time)}", 4)
    at = day.replace(hour=hour, minute=minute, second=second)
    return at if time_code in _LOCAL else at.replace(tzinfo=_zone(time_code))


def _zone(code: str) -> timezone:
    """The zone of a time code (data element 623): 01 to 12 are hours east, 13 to 24 count up from twelve west."""
    if code in _UTC_OFFSET_HOURS:
        return timezone(timedelta(hours=_UTC_OFFSET_HOURS[code]))
    if len(code) == 2 and code.isascii() and code.isdigit() and 1 <= int(code) <= 24:
        hours = int(code)
        return timezone(timedelta(hours=hours if hours <= 12 else hours - 25))
    raise Misstated(ElementCode.INVALID_CODE, f"expected a time code such as LT or UT, seen {quoted(code)}", 5)
