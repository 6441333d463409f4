"""Weights, times and money: read as the standard says, and refused with the right code where they cannot be read."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from system.x12.measures import Misstated, dollars_implied, moment, number, pounds


@pytest.mark.parametrize(
    ("weight", "unit", "expected"),
    [
        ("42000", "L", 42000.0),
        ("42000.25", "L", 42000.25),
        ("1000", "K", 2204.623),
        ("1", "E", 2204.623),
        ("16", "O", 1.0),
        ("", "L", None),
        ("0", "L", None),
        ("0", "??", None),
    ],
)
def test_weights_become_pounds(weight: str, unit: str, expected: float | None) -> None:
    assert pounds(weight, unit) == expected


@pytest.mark.parametrize("text", ["abc", "1e5", "inf", "nan", "1,000", "--1", "1.2.3", "٤٢", "1" * 16, " 1", "+1"])
def test_what_is_no_number_is_refused(text: str) -> None:
    with pytest.raises(Misstated) as caught:
        number(text)
    assert caught.value.code == "6"


def test_an_unknown_unit_is_refused() -> None:
    with pytest.raises(Misstated) as caught:
        pounds("1", "X")
    assert caught.value.code == "7"


@pytest.mark.parametrize(("text", "expected"), [("185050", 1850.5), ("1850.50", 1850.5), ("", None), ("0", None)])
def test_charges_have_two_implied_decimals(text: str, expected: float | None) -> None:
    assert dollars_implied(text) == expected


@pytest.mark.parametrize(
    ("date", "time", "code", "expected"),
    [
        ("20270301", "0800", "", datetime(2027, 3, 1, 8)),
        ("20270301", "0800", "LT", datetime(2027, 3, 1, 8)),
        ("20270301", "080059", "ET", datetime(2027, 3, 1, 8, 0, 59)),
        ("270301", "08005900", "", datetime(2027, 3, 1, 8, 0, 59)),
        ("20270301", "0800", "UT", datetime(2027, 3, 1, 8, tzinfo=UTC)),
        ("20270301", "0800", "CS", datetime(2027, 3, 1, 8, tzinfo=timezone(timedelta(hours=-6)))),
        ("20270301", "0800", "02", datetime(2027, 3, 1, 8, tzinfo=timezone(timedelta(hours=2)))),
        ("20270301", "0800", "20", datetime(2027, 3, 1, 8, tzinfo=timezone(timedelta(hours=-5)))),
        ("20270301", "", "", None),
    ],
)
def test_moments(date: str, time: str, code: str, expected: datetime | None) -> None:
    assert moment(date, time, code) == expected


@pytest.mark.parametrize(
    ("date", "time", "code", "error", "element"),
    [
        ("20270230", "0800", "", "8", 2),
        ("2027-3-1", "0800", "", "8", 2),
        ("tomorrow", "0800", "", "8", 2),
        ("20270301", "2500", "", "9", 4),
        ("20270301", "8", "", "9", 4),
        ("20270301", "0860", "", "9", 4),
        ("20270301", "0800", "XX", "7", 5),
        ("20270301", "0800", "25", "7", 5),
    ],
)
def test_what_is_no_moment_is_refused(date: str, time: str, code: str, error: str, element: int) -> None:
    with pytest.raises(Misstated) as caught:
        moment(date, time, code)
    assert (caught.value.code, caught.value.element) == (error, element)


@given(st.text(max_size=10), st.text(max_size=10), st.text(max_size=4))
def test_any_text_is_read_or_refused(first: str, second: str, third: str) -> None:
    for read in (lambda: moment(first, second, third), lambda: pounds(first, third), lambda: dollars_implied(first)):
        try:
            read()
        except Misstated as error:
            assert error.code in "123456789"  # noqa: PT017 - refusing is one of the two right answers
