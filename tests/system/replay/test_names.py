"""Names: ids become what they stand for, moments the seconds since the start; all else stays as it is."""

from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from system.replay.names import Names
from system.replay.numbered import NumberedIds

START = datetime(2026, 2, 2, 14, tzinfo=UTC)


def test_ids_are_named_wherever_they_stand() -> None:
    ids = NumberedIds(5)
    first, second, incident = ids.new("intent"), ids.new("intent"), ids.new("breaker incident")
    names = Names(ids, START, {first: "P1:S1:original:1"})
    document = {"why": f"{first} and {second}", incident: [incident, {"deep": (first,)}], "n": 1, "nothing": None}
    assert names.told(document) == {
        "why": "P1:S1:original:1 and intent 2",
        "breaker incident 1": ["breaker incident 1", {"deep": ["P1:S1:original:1"]}],
        "n": 1,
        "nothing": None,
    }


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ("since 2026-02-02T14:00:30.5+00:00.", "since +30.500 s."),
        ("2026-02-02T14:00:00Z", "+0.000 s"),
        ("2026-02-02 13:59:59+00:00", "-1.000 s"),
        ("2026-02-02T15:00:01+01:00", "+1.000 s"),
        ("2026-02-02T14:00:30", "2026-02-02T14:00:30"),
        ("2026-02-02", "2026-02-02"),
        (START + timedelta(days=7), "+604800.000 s"),
    ],
)
def test_moments_are_counted_from_the_start(said: Any, told: str) -> None:
    assert Names(NumberedIds(5), START, {}).told(said) == told


@given(st.datetimes(datetime(2020, 1, 1), datetime(2030, 1, 1)), st.integers(-12, 12))
def test_every_spelling_of_a_moment_is_told_the_same(at: datetime, hours: int) -> None:
    names, zone = Names(NumberedIds(5), START, {}), timezone(timedelta(hours=hours))
    moment = at.replace(tzinfo=UTC)
    spellings = [moment.isoformat(), moment.astimezone(zone).isoformat(), str(moment)]
    assert {names.told(one) for one in spellings} == {names.told(moment)}
