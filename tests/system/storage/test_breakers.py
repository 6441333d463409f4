"""Breakers in the database: opened once an incident by whoever is first, counted in rows, reset with an audit row."""

from datetime import timedelta
from typing import Any

from system.storage import BreakerState, Place, Storage, Trip

PLACES = (
    Place(segment="G62", element=2, message="expected a date", count=9),
    Place(segment="N1", element=None, message="m"),
)


def _trip(clock: Any, *, malformed: int = 9, duplicates: int = 2) -> Trip:
    probe_after = clock.now() + timedelta(seconds=300)
    return Trip(malformed=malformed, duplicates=duplicates, places=PLACES, probe_after=probe_after)


def test_open_count_reset(storage: Storage, clock: Any) -> None:
    assert storage.breakers.get("P1") is None
    opened = storage.breakers.trip("P1", _trip(clock))
    assert (opened.state, opened.failure_count, opened.opened_at) == (BreakerState.OPEN, 11, clock.now())
    assert opened.places == PLACES
    assert [str(place) for place in opened.places] == ["G6202", "N1"]

    storage.breakers.add_refused({("P1", opened.incident_id): 3})
    storage.breakers.add_refused({("P1", opened.incident_id): 1, ("P2", "another"): 7})
    storage.breakers.add_refused({})
    found = storage.breakers.get("P1")
    assert found is not None
    assert (found.refused, found.failure_count) == (4, 15)

    before = storage.breakers.reset("P1", who="ada", why="mended", command="breakers reset")
    assert before == found
    closed = storage.breakers.get("P1")
    assert closed is not None
    assert (closed.state, closed.closed_at) == (BreakerState.CLOSED, clock.now())
    (action,) = storage.operator_actions.newest()
    assert (action.who, action.command, action.why, action.at) == ("ada", "breakers reset", "mended", clock.now())
    assert action.what == {"partner": "P1", "incident_id": opened.incident_id, "from": "OPEN", "failure_count": 15}


def test_of_two_that_open_it_one_does(storage: Storage, clock: Any) -> None:
    first = storage.breakers.trip("P1", _trip(clock))
    assert storage.breakers.trip("P1", _trip(clock, malformed=100)) == first
    assert len(storage.quality_reviews.of_week()) == 1


def test_half_open_goes_on_with_the_incident_and_closed_begins_another(storage: Storage, clock: Any) -> None:
    opened = storage.breakers.trip("P1", _trip(clock))
    later = clock.now() + timedelta(seconds=600)
    assert storage.breakers.half_open(opened, probe_after=later)
    assert not storage.breakers.half_open(opened, probe_after=later), "somebody else was quicker"
    (half,) = storage.breakers.all()
    assert (half.state, half.probe_after) == (BreakerState.HALF_OPEN, later)

    again = storage.breakers.trip("P1", _trip(clock))
    assert (again.state, again.incident_id) == (BreakerState.OPEN, opened.incident_id)
    assert not storage.breakers.close(half), "it has changed since"
    assert storage.breakers.half_open(again, probe_after=later)
    (half,) = storage.breakers.all()
    assert storage.breakers.reopen(half, probe_after=later)
    (opened_again,) = storage.breakers.all()
    assert opened_again.state is BreakerState.OPEN
    assert storage.breakers.close(opened_again)

    other = storage.breakers.trip("P1", _trip(clock))
    assert other.incident_id != opened.incident_id
    assert other.closed_at is None
    assert len(storage.quality_reviews.of_week()) == 2


def test_reset_of_one_that_never_opened_is_an_action_all_the_same(storage: Storage) -> None:
    assert storage.breakers.reset("P1", who="ada", why="to be sure", command="c") is None
    (action,) = storage.operator_actions.newest()
    assert action.what["from"] == "CLOSED"
