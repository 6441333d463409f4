"""The breaker at the API: opens after ten, for one partner, for all processes; closes by probes or by a person."""

import asyncio
import json
from typing import Any

import fakeredis
import httpx
import pytest

from system.governance import CircuitBreakerRegistry
from system.governance.circuit_breaker import message_to_partner
from system.storage import BreakerState, CommitUnknown, DatabaseUnavailable, Identity, LostSignal, Storage

BAD = b"ISA*nonsense"
OTHER = {"X-Partner": "P2002", "Authorization": "Bearer other"}


def _flood(running: Any, body: Any, times: int) -> list[int]:
    async def send(client: httpx.AsyncClient) -> list[int]:
        answers = [await client.post("/signals", content=body, headers=running.headers) for _ in range(times)]
        await running.app.state.ingest.breakers.flush()
        return [answer.status_code for answer in answers]

    statuses: list[int] = running.ask(send)
    return statuses


def _look(running: Any) -> None:
    """What a process does by itself a few times a second."""
    running.ask(lambda _: running.app.state.ingest.breakers.look())


def _registry(running: Any) -> CircuitBreakerRegistry:
    return CircuitBreakerRegistry(running.storage, operator="ada")


def test_malformed(running: Any, write: Any) -> None:
    assert _flood(running, write("SHP1").replace("*SHP1*", "**"), 15) == [400] * 11 + [429] * 4
    assert running.send(write("SHP2", sender="P2002"), OTHER).status_code == 202, "no other partner's"
    registry = _registry(running)
    assert registry.get_open_breakers() == ["P1001"]
    assert registry.get("P1001").failure_count == 15

    answer = running.send(write("SHP3"))
    assert (answer.status_code, answer.headers["retry-after"]) == (429, "300")
    assert answer.json() == {
        "error": "circuit breaker open",
        "retry_after_s": 300,
        "segment": "B2",
        "element": 4,
        "message": "expected a shipment id in B204",
    }
    assert running.send(write("SHP3"), {"Authorization": "Bearer wrong"}).status_code == 401
    assert 'ingest_signals_total{outcome="refused"} 5.0' in running.get("/metrics").text
    assert "ingest_breakers_open 1.0" in running.get("/metrics").text


def test_the_eleventh_opens_it_also_when_all_come_at_once(start: Any) -> None:
    running = start(threads=True)

    async def send(client: httpx.AsyncClient) -> list[int]:
        posts = (client.post("/signals", content=BAD, headers=running.headers) for _ in range(40))
        return [answer.status_code for answer in await asyncio.gather(*posts)]

    assert sorted(running.ask(send)) == [400] * 11 + [429] * 29
    (row,) = running.storage.breakers.all()
    assert (row.malformed, row.duplicates) == (11, 0)


def test_ten_are_not_too_many_and_the_window_slides(running: Any) -> None:
    assert _flood(running, BAD, 10) == [400] * 10
    running.clock.move(61)
    assert _flood(running, BAD, 10) == [400] * 10
    assert _flood(running, BAD, 2) == [400, 429]


def test_duplicates(running: Any, write: Any) -> None:
    assert _flood(running, write("SHP1"), 13) == [202] + [200] * 11 + [429]
    breaker = _registry(running).get("P1001")
    assert breaker.describe()["duplicates"] == 11
    assert breaker.describe()["places"][0]["segment"] == "B2"


def test_each_signal_of_an_interchange_counts(running: Any, write: Any) -> None:
    body = write(*(f"SHP{number}" for number in range(11)))
    assert _flood(running, body, 3) == [202, 200, 429]


def test_what_a_partner_names_its_fields_reaches_nobody_unsaid(running: Any) -> None:
    """From its text to the column: what is told from there on is told in plain words."""
    evil = "\x1b[2J\nP2002 OPEN\u202e"
    running.headers["Content-Type"] = "application/json"
    bodies = [json.dumps({evil: 1, "purpose": evil, evil + "x" * 500: 2}), json.dumps([evil])]
    for body in bodies:
        _flood(running, body, 6)
    with running.storage.engine.connect() as connection:
        for column in ("SELECT places FROM breakers", "SELECT details FROM quality_reviews"):
            written = json.loads(connection.exec_driver_sql(column).scalar_one())
            for place in written["places"] if isinstance(written, dict) else written:
                assert place["segment"].isprintable()
                assert place["message"].isprintable()
                assert len(place["segment"]) <= 40
    (row,) = running.storage.breakers.all()
    assert r"\x1b[2J\nP2002 OPEN\u202e" in {place.segment for place in row.places}
    assert message_to_partner(row).isprintable()


def test_reset_by_a_person(running: Any, write: Any) -> None:
    _flood(running, BAD, 12)
    registry = _registry(running)
    breaker = registry.get("P1001")
    breaker.reset("mended")
    assert (breaker.state, breaker.failure_count, registry.get_open_breakers()) == ("CLOSED", 0, [])
    _look(running)
    running.clock.move(0.001)
    assert running.send(write("SHP1")).status_code == 202
    assert _flood(running, BAD, 10)[-1] == 400, "what was before the reset is forgotten"


def test_another_process_and_a_restart(start: Any, write: Any) -> None:
    server = fakeredis.FakeServer()
    one = start(redis=fakeredis.FakeRedis(server=server))
    two = start(redis=fakeredis.FakeRedis(server=server), storage=lambda _: one.storage)
    two.clock = one.clock
    assert _flood(one, BAD, 6) + _flood(two, BAD, 5) == [400] * 11, "they count together"
    assert two.send(BAD).status_code == 429
    _look(one)
    assert one.send(BAD).status_code == 429
    third = start(redis=fakeredis.FakeRedis(), storage=lambda _: one.storage)
    assert third.send(write("SHP1")).status_code == 429, "from its first request on"


def test_not_shared_a_new_process_lets_everybody_in(start: Any, write: Any) -> None:
    """What the unsafe switch takes away."""
    one = start()
    _flood(one, BAD, 12)
    two = start(storage=lambda _: one.storage, allow_unsafe=True, unsafe_breaker_not_shared=True)
    assert two.send(write("SHP1")).status_code == 202
    assert _flood(two, BAD, 12)[-1] == 429, "though it opens its own"


def test_without_redis_each_process_counts_alone(start: Any) -> None:
    class Gone:
        def pipeline(self, **_: Any) -> Any:
            raise OSError("gone")

    assert _flood(start(redis=Gone()), BAD, 12) == [400] * 11 + [429]


def _half_open(running: Any) -> None:
    _flood(running, BAD, 12)
    running.clock.move(301)
    assert running.send(BAD).status_code == 429, "the first to come begins the half-open time"
    (row,) = running.storage.breakers.all()
    assert row.state is BreakerState.HALF_OPEN


def test_good_probes_close_it(running: Any, write: Any) -> None:
    _half_open(running)
    assert [running.send(write(f"SHP{number}")).status_code for number in range(4)] == [202] * 4
    assert _registry(running).get_open_breakers() == []
    assert _flood(running, BAD, 10)[-1] == 400


def test_a_bad_probe_opens_it_again(running: Any, write: Any) -> None:
    _half_open(running)
    assert running.send(write("SHP1")).status_code == 202
    assert running.send(BAD).status_code == 400
    assert _flood(running, write("SHP2"), 3) == [429] * 3
    (row,) = running.storage.breakers.all()
    assert row.state is BreakerState.OPEN
    assert (row.probe_after - running.clock.now()).total_seconds() == 300


def test_no_more_probes_than_allowed_and_then_another_round(running: Any, write: Any) -> None:
    _flood(running, write("SHP1"), 13)
    running.clock.move(301)
    running.send(BAD)
    # The bodies below were refused before, so they are excused: neither good nor bad.
    assert _flood(running, write("SHP1"), 1) == [200]
    running.app.state.ingest.breakers.excuses.refused_unread("P1001", write("SHP1").encode())
    assert _flood(running, write("SHP1"), 1) == [200]
    running.app.state.ingest.breakers.excuses.refused_unread("P1001", write("SHP1").encode())
    assert _flood(running, write("SHP1"), 5) == [200] + [429] * 4
    running.clock.move(301)
    assert running.send(write("SHP2")).status_code == 429
    assert running.send(write("SHP2")).status_code == 202


class Failing:
    """A storage whose signals can be stored and then not be answered, or not at all."""

    def __init__(self, real: Storage) -> None:
        self.real, self.error = real, None
        self.signals = self

    def __getattr__(self, name: str) -> Any:
        return getattr(self.real, name)

    def intent_ids(self, identities: Any) -> Any:
        return self.real.signals.intent_ids(identities)

    def accept(self, signals: Any) -> Any:
        done = self.real.signals.accept(signals)
        if self.error:
            raise self.error
        return done


@pytest.mark.parametrize("unsafe", [False, True], ids=["safe", "unsafe"])
def test_a_repeat_after_our_own_5xx_never_counts(start: Any, write: Any, unsafe: bool) -> None:
    """H15: with the switch the same partner is shut out for having done what it was told to."""
    failing: list[Failing] = []

    def wrap(real: Storage) -> Any:
        failing.append(Failing(real))
        return failing[0]

    running = start(storage=wrap, allow_unsafe=unsafe, unsafe_breaker_counts_our_refusals=unsafe)
    assert running.send(write("SHP")).status_code == 202
    bodies = [write(f"SHP{number}", control_number=str(number + 1)) for number in range(30)]
    failing[0].error = CommitUnknown("lost")  # type: ignore[assignment]
    assert {running.send(body).status_code for body in bodies} == {503}
    failing[0].error = None
    again = [running.send(body).status_code for body in bodies]
    assert again.count(429) == (0 if not unsafe else 30 - again.count(200))
    assert (again[-1] == 429) is unsafe


@pytest.mark.parametrize("unsafe", [False, True], ids=["safe", "unsafe"])
def test_a_window_that_we_asked_for_again_never_counts_and_the_next_time_does(
    start: Any, write: Any, unsafe: bool
) -> None:
    """H18: one signal of the window was lost; whoever sends all of it does as it was told."""
    running = start(allow_unsafe=unsafe, unsafe_breaker_counts_resends=unsafe)
    bodies = [write(f"SHP{number}", control_number=str(number + 1)) for number in range(20)]
    assert {running.send(body).status_code for body in bodies} == {202}
    running.clock.move(1)
    lost = LostSignal(
        incident_id="I1",
        identity=Identity("P1001", "GONE", "original", "1"),
        certainty="lost",
        acknowledged_at=None,
        sources=("redis",),
        listed_at=running.clock.now(),
    )
    running.storage.lost_signals.record_lost([lost])
    running.storage.lost_signals.mark_asked("I1", [str(lost.identity)], running.clock.now())
    again = [write(f"SHP{number}", control_number=str(number + 500)) for number in range(20)]
    first = [running.send(body).status_code for body in again]
    assert first == ([200] * 11 + [429] * 9 if unsafe else [200] * 20)
    assert [running.send(body).status_code for body in again][-1] == 429


def test_a_repeat_after_our_own_429_never_counts_and_the_next_does(running: Any, write: Any) -> None:
    bodies = [write(f"SHP{number}", control_number=str(number + 1)) for number in range(20)]
    assert {running.send(body).status_code for body in bodies} == {202}
    _flood(running, BAD, 11)
    assert {running.send(body).status_code for body in bodies} == {429}
    _registry(running).get("P1001").reset("mended")
    _look(running)
    running.clock.move(0.001)
    again = [write(f"SHP{number}", control_number=str(number + 500)) for number in range(20)]
    assert [running.send(body).status_code for body in again] == [200] * 20
    assert [running.send(body).status_code for body in again] == [200] * 11 + [429] * 9


def test_a_first_sending_without_an_answer(running: Any, write: Any) -> None:
    """The key says pending for ever, as after a crash between the commit and the answer."""
    for number in range(20):
        running.send(write(f"SHP{number}"))
        key = f"idempotency:P1001:SHP{number}:original:1"
        running.redis.set(key, running.redis.get(key).replace(b"committed", b"pending"))
    assert [running.send(write(f"SHP{number}")).status_code for number in range(20)] == [200] * 20


def test_opened_without_a_database_and_written_down_later(start: Any) -> None:
    class Unwritable:
        def __init__(self, real: Storage) -> None:
            self.real, self.gone = real, True
            self.breakers = self

        def __getattr__(self, name: str) -> Any:
            return getattr(self.real, name)

        def all(self) -> Any:
            return self.real.breakers.all()

        def add_refused(self, attempts: Any) -> None:
            self.real.breakers.add_refused(attempts)

        def trip(self, *given: Any) -> Any:
            if self.gone:
                raise DatabaseUnavailable
            return self.real.breakers.trip(*given)

    wrapped: list[Unwritable] = []

    def wrap(real: Storage) -> Any:
        wrapped.append(Unwritable(real))
        return wrapped[0]

    running = start(storage=wrap)
    assert _flood(running, BAD, 14) == [400] * 11 + [429] * 3
    assert running.storage.breakers.all() == []
    wrapped[0].gone = False
    assert _flood(running, BAD, 1) == [429]
    assert _registry(running).get("P1001").failure_count == 11 + 4


@pytest.mark.parametrize("unsafe", [False, True], ids=["safe", "unsafe"])
def test_what_a_refusal_costs(start: Any, unsafe: bool) -> None:
    """H13: one row a flush, however many attempts; with the switch one row an attempt."""
    running = start(allow_unsafe=unsafe, unsafe_breaker_writes_each_reject=unsafe)
    _flood(running, BAD, 11)
    for _ in range(3):
        _flood(running, BAD, 500)
    with running.storage.engine.connect() as connection:
        rows = connection.exec_driver_sql("SELECT attempts FROM refusals").scalars().all()
    assert sum(rows) == 1500
    assert len(rows) == (1500 if unsafe else 3)
