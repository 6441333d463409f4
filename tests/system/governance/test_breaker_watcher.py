"""Open breakers as findings: from the opening until it is closed."""

from datetime import UTC, datetime, timedelta

from system.clock import RandomIds, SystemClock
from system.governance.breaker_watcher import BreakerWatcher
from system.settings import Settings
from system.storage import Place, Storage, Trip, create_schema


def test_from_open_to_closed() -> None:
    storage = Storage.connect(Settings(database_url="sqlite://"), clock=SystemClock(), ids=RandomIds())
    create_schema(storage.engine)
    watcher = BreakerWatcher(storage)
    assert watcher.look() == []
    place = Place(segment="G62", element=2, message="expected a date", count=11)
    later = datetime.now(UTC) + timedelta(seconds=300)
    opened = storage.breakers.trip("P12345", Trip(malformed=11, duplicates=0, places=(place,), probe_after=later))
    (found,) = watcher.look()
    assert found.labels == {"partner": "P12345", "incident": opened.incident_id}
    assert found.rule.summary.format(**found.labels) == "Circuit breaker OPEN for partner P12345"
    assert found.rule.contact.role == "DevOps Lead"
    assert (found.since, found.reason) == (
        opened.opened_at,
        "11 malformed and 0 repeated signals, most often wrong: G6202",
    )
    storage.breakers.half_open(opened, probe_after=later)
    assert [one.labels for one in watcher.look()] == [found.labels]
    storage.breakers.reset("P12345", who="ada", why="", command="c")
    assert watcher.look() == []
    storage.close()
