"""The registry says at every moment what is so now, in the playbook's own words."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

from system.clock import RandomIds, SystemClock
from system.governance import CircuitBreakerRegistry
from system.governance.circuit_breaker import message_to_partner
from system.settings import Settings
from system.storage import Partner, Place, Storage, Trip, create_schema

PLACE = Place(segment="G62", element=2, message="expected a date as CCYYMMDD", count=11)


@pytest.fixture
def storage() -> Iterator[Storage]:
    storage = Storage.connect(Settings(database_url="sqlite://"), clock=SystemClock(), ids=RandomIds())
    create_schema(storage.engine)
    for partner_id in ("P1", "P12345"):
        storage.partners.upsert(Partner(id=partner_id, name=partner_id, api_key_sha256="0" * 64))
    yield storage
    storage.close()


def _trip(storage: Storage, *, malformed: int = 11, places: tuple[Place, ...] = (PLACE,)) -> None:
    later = datetime.now(UTC) + timedelta(seconds=300)
    storage.breakers.trip("P12345", Trip(malformed=malformed, duplicates=0, places=places, probe_after=later))


def test_the_playbooks_lines(storage: Storage) -> None:
    registry = CircuitBreakerRegistry(storage, operator="ada")
    assert registry.get_open_breakers() == []
    _trip(storage)
    (opened,) = storage.breakers.all()
    storage.breakers.add_refused({("P12345", opened.incident_id): 4})
    assert registry.get_open_breakers() == ["P12345"]
    breaker = registry.get("P12345")
    assert breaker.failure_count == 15
    assert repr(breaker) == "<CircuitBreaker of P12345: OPEN, 15 failures>"
    breaker.reset()
    assert repr(breaker.state) == "'CLOSED'"
    assert (breaker.failure_count, registry.get_open_breakers()) == (0, [])
    (action,) = storage.operator_actions.newest()
    assert (action.who, action.command) == ("ada", "CircuitBreaker.reset")


def test_one_that_never_opened_and_one_that_is_none(storage: Storage) -> None:
    registry = CircuitBreakerRegistry(storage)
    assert registry.get("P1").describe() == {"partner": "P1", "state": "CLOSED", "failure_count": 0}
    with pytest.raises(KeyError, match="no partner 'P9'"):
        registry.get("P9")


@pytest.mark.parametrize(
    ("place", "malformed", "message"),
    [
        (PLACE, 11, "Your integration is sending malformed signals. Please fix X12 segment G62, element 2: "),
        (Place(segment="SE", element=None, message="m"), 11, "Please fix X12 segment SE: m."),
        (Place(segment="stops.0.at", element=None, message="m"), 11, "Please fix field stops.0.at: m."),
        (Place(segment="", element=None, message="not JSON"), 11, "Please fix the whole message: not JSON."),
        (Place(segment="B2", element=4, message="m"), -1, "sending signals that we have answered already. Please fix "),
    ],
)
def test_the_partner_is_told_what_to_mend(storage: Storage, place: Place, malformed: int, message: str) -> None:
    _trip(storage, malformed=malformed, places=(place,))
    (opened,) = storage.breakers.all()
    assert message in message_to_partner(opened)


def test_without_a_place(storage: Storage) -> None:
    _trip(storage, places=())
    (opened,) = storage.breakers.all()
    assert "Please have a look" in message_to_partner(opened)
