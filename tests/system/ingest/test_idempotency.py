"""The keys in Redis: set once, said committed once, never in the way when Redis is gone or full."""

import json
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import fakeredis
import pytest
import redis

from system.ingest.idempotency import Idempotency, Remembered
from system.ingest.optional_redis import PAUSE_S, OptionalRedis

ONE, TWO = "P1001:SHP1:original:1", "P1001:SHP2:original:1"


class Clock:
    """A clock that stands still until it is moved."""

    elapsed_s = 0.0

    def now(self) -> datetime:
        return datetime(2027, 2, 1, tzinfo=UTC)

    def monotonic_s(self) -> float:
        return self.elapsed_s

    async def sleep_s(self, seconds: float) -> None:
        raise AssertionError("nothing here sleeps")


@pytest.fixture
def server() -> Any:
    return fakeredis.FakeRedis()


def keys_of(client: Any, clock: Clock | None = None, ttl_s: Callable[[], int] = lambda: 100) -> Idempotency:
    clock = clock or Clock()
    return Idempotency(OptionalRedis(client, clock), clock, prefix="idempotency:", ttl_s=ttl_s)


def test_a_first_sending_reserves_its_key(server: Any) -> None:
    keys = keys_of(server)
    assert keys.reserve([ONE, TWO, ONE], "P1001") == {}
    assert json.loads(server.get("idempotency:" + ONE)) == {
        "state": "pending",
        "intent_id": None,
        "at": datetime(2027, 2, 1, tzinfo=UTC).timestamp(),
        "partner": "P1001",
    }
    assert 0 < server.ttl("idempotency:" + ONE) <= 100


def test_a_second_sending_sees_what_the_key_says(server: Any) -> None:
    keys = keys_of(server)
    keys.reserve([ONE], "P1001")
    assert keys.reserve([ONE, TWO], "P1001") == {ONE: Remembered(state="pending", intent_id=None)}
    server.expire("idempotency:" + ONE, 40)
    keys.commit({ONE: "intent-1"}, "P1001")
    assert keys.reserve([ONE], "P1001") == {ONE: Remembered(state="committed", intent_id="intent-1")}
    assert server.ttl("idempotency:" + ONE) <= 40


def test_a_key_that_is_set_now_lives_as_long_as_is_said_now(server: Any) -> None:
    ttls = iter([100, 50])
    keys = keys_of(server, ttl_s=lambda: next(ttls))
    keys.reserve([ONE], "P1001")
    keys.reserve([TWO], "P1001")
    assert [server.ttl("idempotency:" + one) for one in (ONE, TWO)] == [100, 50]


def test_committing_makes_no_key_that_is_not_there(server: Any) -> None:
    keys_of(server).commit({ONE: "intent-1"}, "P1001")
    assert server.dbsize() == 0


@pytest.mark.parametrize("value", [b"1", b"nonsense", b"[]", b'{"state": "x", "intent_id": null}', b"\xff"])
def test_a_value_that_is_not_ours_says_nothing(value: bytes, server: Any) -> None:
    server.set("idempotency:" + ONE, value)
    assert keys_of(server).reserve([ONE], "P1001") == {}


class Failing:
    """A Redis whose round trips end in `error`, each counted."""

    def __init__(self, error: Callable[[], Any]) -> None:
        self.error, self.round_trips = error, 0
        self.commands: list[Any] = []

    def pipeline(self, *, transaction: bool) -> "Failing":
        return self

    def execute_command(self, *command: Any) -> None:
        self.commands.append(command)

    def execute(self, *, raise_on_error: bool) -> list[Any]:
        self.round_trips += 1
        answer = self.error()
        if isinstance(answer, Exception):
            raise answer
        commands, self.commands = self.commands, []
        return [answer[0] for _ in commands]


@pytest.mark.parametrize(
    "error", [redis.ConnectionError("gone"), redis.TimeoutError("slow"), redis.ResponseError("no"), OSError("cut")]
)
def test_a_dead_redis_costs_one_try_and_then_nothing_for_a_while(error: Exception) -> None:
    client, clock = Failing(lambda: error), Clock()
    keys = keys_of(client, clock)
    for _ in range(5):
        assert keys.reserve([ONE], "P1001") == {}
        keys.commit({ONE: "intent-1"}, "P1001")
    assert client.round_trips == 1
    clock.elapsed_s += PAUSE_S
    keys.reserve([ONE], "P1001")
    assert client.round_trips == 2


def test_a_full_redis_that_refuses_writes_is_asked_again() -> None:
    client = Failing(lambda: [redis.ResponseError("OOM command not allowed when used memory > 'maxmemory'.")])
    keys = keys_of(client)
    for _ in range(3):
        assert keys.reserve([ONE], "P1001") == {}
        keys.commit({ONE: "intent-1"}, "P1001")
    assert client.round_trips == 6
