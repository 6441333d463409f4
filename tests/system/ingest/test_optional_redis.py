"""A Redis that is gone or full is in nobody's way, and counts again the moment it is well (H12)."""

import logging
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import redis

from system.ingest.optional_redis import PAUSE_S, SOCKET_TIMEOUT_S, OptionalRedis, RedisRefused
from system.redis_server import make_redis
from system.settings import Settings
from tests.redis_process import RedisProcess, running_redis


class Clock:
    """Stands still until it is moved."""

    elapsed_s = 0.0

    def now(self) -> Any:
        raise AssertionError("nothing here asks for the time of day")

    def monotonic_s(self) -> float:
        return self.elapsed_s

    async def sleep_s(self, seconds: float) -> None:
        raise AssertionError("nothing here sleeps")


class Scripted:
    """Round trips that end as the script says: an exception ends one, a list answers it."""

    def __init__(self, *ends: Any) -> None:
        self.ends, self.round_trips = ends, 0

    def pipeline(self, *, transaction: bool) -> "Scripted":
        return self

    def execute_command(self, *command: Any) -> None:
        pass

    def execute(self, *, raise_on_error: bool) -> Any:
        end = self.ends[min(self.round_trips, len(self.ends) - 1)]
        self.round_trips += 1
        if isinstance(end, Exception):
            raise end
        return end


OOM = redis.ResponseError("OOM command not allowed when used memory > 'maxmemory'.")
GONE = redis.ConnectionError("gone")
TWO = [("SET", "a", "1"), ("GET", "b")]


def test_what_is_refused_is_nothing_known_and_the_rest_is() -> None:
    assert OptionalRedis(Scripted([OOM, b"1"]), Clock()).execute(TWO) == [None, b"1"]


def test_a_full_one_is_asked_again_at_once_and_a_dead_one_after_a_pause() -> None:
    full, dead, clock = Scripted([OOM, None]), Scripted(GONE), Clock()
    for client, expected in ((full, 3), (dead, 1)):
        optional = OptionalRedis(client, clock)
        for _ in range(3):
            optional.execute(TWO)
        assert client.round_trips == expected
    clock.elapsed_s += PAUSE_S
    optional.execute(TWO)
    assert dead.round_trips == 2


def test_trouble_is_counted_each_time_and_logged_once_with_its_end(caplog: pytest.LogCaptureFixture) -> None:
    told: list[str] = []
    client = Scripted([OOM, None], [OOM, OOM], [b"", b""], [b"", b""], [OOM, None], GONE)
    optional = OptionalRedis(client, Clock(), on_trouble=told.append)
    with caplog.at_level(logging.INFO):
        for _ in range(7):
            optional.execute(TWO)
    assert told == ["refused", "refused", "refused", "unreachable"]
    assert [record.getMessage().partition(";")[0].partition(":")[0] for record in caplog.records] == [
        "redis refuses to write",
        "redis takes everything again",
        "redis refuses to write",
        "redis does not answer",
    ]


def test_the_unsafe_switch_makes_each_trouble_an_error() -> None:
    for client in (Scripted([OOM, None]), Scripted(GONE)):
        required = OptionalRedis(client, Clock(), required=True)
        for _ in range(2):
            with pytest.raises(RedisRefused):
                required.execute(TWO)
        assert required.execute([]) == []
    assert OptionalRedis(Scripted([b"", None]), Clock(), required=True).execute(TWO) == [b"", None]


@pytest.fixture
def full() -> Iterator[RedisProcess]:
    """A real server without eviction that is past its limit, and keeps a few keys of signals."""
    with running_redis(maxmemory="0") as server:
        yield server


def limit(server: RedisProcess, of_used: float) -> None:
    server.client.config_set("maxmemory", int(server.client.info("memory")["used_memory"] * of_used))


@pytest.mark.slow
def test_a_full_redis_costs_no_answer_and_no_repeat(
    full: RedisProcess, start: Callable[..., Any], write: Callable[..., str]
) -> None:
    """New signals are accepted, repeats are told by the database, and Redis is used again with the next request."""
    client = make_redis(Settings(redis_url=full.url), timeout_s=SOCKET_TIMEOUT_S)
    running = start(redis=client)
    assert running.send(write("SHP1")).status_code == 202
    limit(full, 0.5)
    answers = [running.send(write(shipment)).status_code for shipment in ("SHP1", "SHP2", "SHP2", "SHP3")]
    assert answers == [200, 202, 200, 202]
    assert running.rows()["signals"] == 3
    assert client.exists("idempotency:P1001:SHP2:original:1") == 0
    counted = running.get("/metrics").text
    assert 'ingest_repeats_total{told_by="redis"} 1.0' in counted
    assert 'ingest_repeats_total{told_by="database"} 1.0' in counted
    assert 'ingest_redis_troubles_total{kind="refused"}' in counted
    limit(full, 2.0)
    assert running.send(write("SHP4")).status_code == 202
    assert client.exists("idempotency:P1001:SHP4:original:1") == 1
    client.close()


@pytest.mark.slow
def test_the_negative_control_answers_500(
    full: RedisProcess, start: Callable[..., Any], write: Callable[..., str]
) -> None:
    client = make_redis(Settings(redis_url=full.url), timeout_s=SOCKET_TIMEOUT_S)
    running = start(redis=client, unsafe_redis_is_required=True, allow_unsafe=True)
    assert running.send(write("SHP1")).status_code == 202
    limit(full, 0.5)
    assert running.send(write("SHP2")).status_code == 500
    client.close()
