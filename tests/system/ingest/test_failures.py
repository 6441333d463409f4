"""The window slides, is shared through Redis, goes on without it, and says what was wrong most often."""

from datetime import datetime, timedelta
from typing import Any

import fakeredis
import pytest
import redis
from hypothesis import given
from hypothesis import strategies as st

from system.clock import RandomIds
from system.ingest.failures import Counted, Failure, FailureWindow, duplicated, malformed
from system.ingest.optional_redis import OptionalRedis
from system.plain_text import one_line
from system.storage import Place
from system.x12 import Defect, Defects, Level


def _defects(*places: tuple[str, int | None]) -> Defects:
    defects = Defects()
    for segment, element in places:
        defects.add(
            Defect(level=Level.ELEMENT, segment=segment, element=element, position=1, code="1", message=f"no {segment}")
        )
    return defects


def _added(window: FailureWindow, partner_id: str, failure: Failure, *, since: datetime | None = None) -> Counted:
    return window.shared(window.note(partner_id, failure), since=since)


class Gone:
    """A Redis that is not there."""

    def pipeline(self, **_: Any) -> Any:
        raise redis.ConnectionError("gone")


@pytest.fixture
def server() -> fakeredis.FakeServer:
    return fakeredis.FakeServer()


def _window(running: Any, client: Any) -> FailureWindow:
    return FailureWindow(OptionalRedis(client, running.clock), running.clock, RandomIds(), window_s=60, threshold=10)


@pytest.mark.parametrize("client", [fakeredis.FakeRedis(), Gone()], ids=["redis", "without"])
def test_it_slides(running: Any, client: Any) -> None:
    window = _window(running, client)
    one = malformed(_defects(("G62", 2)))
    totals = []
    for _ in range(5):
        running.clock.move(20)
        totals.append(_added(window, "P1", one).total)
    assert totals == [1, 2, 3, 4, 4]
    assert _added(window, "P2", one).total == 1, "another partner's is another window"
    since = running.clock.now()
    running.clock.move(1)
    assert _added(window, "P1", one, since=since).total == 1, "what was before the reset is forgotten"


def test_processes_count_together(running: Any, server: fakeredis.FakeServer) -> None:
    one, two = (_window(running, fakeredis.FakeRedis(server=server)) for _ in range(2))
    _added(one, "P1", malformed(_defects(("G62", 2), ("G62", 2), ("N1", None))))
    counted = _added(two, "P1", duplicated(["P1:S1:original:1", "P1:S2:original:1", "P1:S3:original:1"]))
    assert (counted.malformed, counted.duplicates) == (1, 3)
    assert counted.places[0] == Place(
        segment="B2", element=4, message="sent again after it was answered: P1:S1:original:1", count=3
    )
    assert {str(place) for place in counted.places} == {"B204", "G6202", "N1"}


def test_what_is_not_ours_is_no_failure(running: Any, server: fakeredis.FakeServer) -> None:
    client = fakeredis.FakeRedis(server=server)
    client.zadd("breaker:failures:P1", {"nonsense": running.clock.now().timestamp(), '{"kind": 1}': 10**12})
    assert _added(_window(running, client), "P1", duplicated(["P1:S1:original:1"])) == Counted(
        duplicates=1,
        places=(Place(segment="B2", element=4, message="sent again after it was answered: P1:S1:original:1"),),
    )


@given(places=st.lists(st.tuples(st.sampled_from(["B2", "G62", "x" * 500]), st.none() | st.integers(1, 9)), min_size=1))
def test_a_failure_is_small_and_names_the_worst(places: list[tuple[str, int | None]]) -> None:
    failure = malformed(_defects(*places))
    assert failure.count == 1
    assert 1 <= len(failure.places) <= 3
    assert all(len(place.segment) <= 40 and len(place.message) <= 160 for place in failure.places)
    worst = failure.places[0]
    cut = [(one_line(segment, 40), element) for segment, element in places[:100]]
    assert cut.count((worst.segment, worst.element)) == max(map(cut.count, cut))


def test_the_list_stays_short(running: Any, server: fakeredis.FakeServer) -> None:
    client = fakeredis.FakeRedis(server=server)
    window = _window(running, client)
    for _ in range(300):
        running.clock.at += timedelta(milliseconds=1)
        _added(window, "P1", duplicated(["P1:S1:original:1"]))
    assert client.zcard("breaker:failures:P1") == 120
    assert 0 < client.ttl("breaker:failures:P1") <= 120
