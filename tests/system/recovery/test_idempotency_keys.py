"""Keys are counted, adapted and flushed by their own word of when they were written, on a real Redis, full or not."""

import json
from collections.abc import Callable, Iterator
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from system.recovery.idempotency_keys import BATCH, Counts, IdempotencyKeys, key_batches, read_value
from tests.redis_process import running_redis
from tests.system.recovery.conftest import SteeredClock

PREFIX = "idempotency:"
HOUR_S = 3_600

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def server() -> Iterator[Any]:
    with running_redis(maxmemory="0") as running:
        yield running.client


@pytest.fixture
def redis(server: Any) -> Any:
    server.flushall()
    server.config_set("maxmemory", 0)
    return server


@pytest.fixture
def now() -> datetime:
    """When the test begins: the keys' ends are the server's own, which has no steered clock."""
    return datetime.now(UTC)


@pytest.fixture
def keys(redis: Any, now: datetime) -> IdempotencyKeys:
    return IdempotencyKeys(redis, PREFIX, SteeredClock(at=now))


Write = Callable[..., None]


@pytest.fixture
def write(redis: Any, now: datetime) -> Write:
    """Writes a key that is so many hours old, of a TTL of 24 h."""

    def key(name: str, age_h: float, **more: Any) -> None:
        at_s = now.timestamp() - age_h * HOUR_S
        value = {"state": "committed", "intent_id": None, "at": at_s, "partner": "P1", **more}
        redis.set(PREFIX + name, json.dumps(value), pxat=int((at_s + 24 * HOUR_S) * 1000))

    return key


def done(step: Callable[..., None], hours: float, **options: Any) -> dict[str, int]:
    counts = Counts()
    step(int(hours * HOUR_S), counts, **options)
    return asdict(counts)


def names(redis: Any) -> set[str]:
    return {name.decode().removeprefix(PREFIX) for name in redis.keys("*")}


def test_they_are_counted_by_their_age(keys: IdempotencyKeys, write: Write, redis: Any) -> None:
    for name, age_h in (("a", 0), ("b", 11.9), ("c", 12.1), ("d", 23)):
        write(name, age_h)
    redis.set("another:a", "1")
    redis.set(PREFIX + "unreadable", "1")
    redis.lpush(PREFIX + "list", "1")
    assert done(keys.count, 12) == {"old": 2, "young": 2, "unreadable": 2, "changed": 0}
    assert done(keys.count, 24) == {"old": 0, "young": 4, "unreadable": 2, "changed": 0}


def test_a_shorter_ttl_shortens_the_young_and_leaves_the_old_as_they_are(
    keys: IdempotencyKeys, write: Write, redis: Any
) -> None:
    for name, age_h in (("a", 0), ("b", 11), ("c", 13), ("d", 23)):
        write(name, age_h)
    assert done(keys.adapt, 12) == {"old": 2, "young": 2, "unreadable": 0, "changed": 2}
    left_h = {name: round(redis.ttl(PREFIX + name) / HOUR_S, 1) for name in names(redis)}
    assert left_h == {"a": 12, "b": 1, "c": 11, "d": 1}
    assert done(keys.adapt, 12)["changed"] == 0, "they have that end already"
    assert done(keys.adapt, 24) == {"old": 0, "young": 4, "unreadable": 0, "changed": 2}
    left_h = {name: round(redis.ttl(PREFIX + name) / HOUR_S, 1) for name in names(redis)}
    assert left_h == {"a": 24, "b": 13, "c": 11, "d": 1}


def test_a_flush_takes_the_old_and_no_other_key(keys: IdempotencyKeys, write: Write, redis: Any) -> None:
    for name, age_h in (("a", 0), ("b", 11.9), ("c", 12.1), ("d", 23)):
        write(name, age_h)
    redis.set("another:a", "1")
    redis.set(PREFIX + "unreadable", '{"at": 5')
    assert done(keys.flush, 12) == {"old": 2, "young": 2, "unreadable": 1, "changed": 2}
    assert names(redis) == {"a", "b", "unreadable", "another:a"}
    assert done(keys.flush, 12)["changed"] == 0


def test_the_unsafe_switch_takes_the_young_with_the_old(keys: IdempotencyKeys, write: Write, redis: Any) -> None:
    for name, age_h in (("a", 0), ("d", 23)):
        write(name, age_h)
    redis.set("another:a", "1")
    assert done(keys.flush, 12, unsafe_all=True)["changed"] == 2
    assert names(redis) == {"another:a"}


def test_all_of_it_works_on_a_redis_that_refuses_to_write(keys: IdempotencyKeys, write: Write, redis: Any) -> None:
    """A transaction would not: a full Redis queues no command."""
    for number in range(2 * BATCH):
        write(f"old {number}", 20)
        write(f"young {number}", 1)
    redis.config_set("maxmemory", int(redis.info("memory")["used_memory"] * 0.9))
    with pytest.raises(Exception, match="maxmemory"):
        redis.set("one more", "1")
    assert done(keys.count, 12)["old"] == 2 * BATCH
    assert done(keys.adapt, 12)["changed"] == 2 * BATCH
    assert done(keys.flush, 12)["changed"] == 2 * BATCH
    assert {name.split()[0] for name in names(redis)} == {"young"}


def test_one_that_is_cut_short_has_said_how_far_it_came(write: Write, redis: Any) -> None:
    for number in range(3 * BATCH):
        write(str(number), 20)

    class Dying:
        """Answers the scripts of one batch."""

        scripts = 0

        def scan_iter(self, **options: Any) -> Any:
            return redis.scan_iter(**options)

        def eval(self, *words: Any) -> Any:
            self.scripts += 1
            if self.scripts > 1:
                raise OSError("gone")
            return redis.eval(*words)

    counts = Counts()
    with pytest.raises(OSError, match="gone"):
        IdempotencyKeys(Dying(), PREFIX, SteeredClock(at=datetime.now(UTC))).flush(12 * HOUR_S, counts)
    assert (counts.changed, counts.all, len(names(redis))) == (BATCH, BATCH, 2 * BATCH)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=30)
@given(ages_h=st.lists(st.floats(0, 23.9).filter(lambda age: abs(age - 12) > 0.01), max_size=30), hours=st.just(12))
def test_whatever_their_ages_the_young_stay_and_the_old_go(
    ages_h: list[float], hours: int, keys: IdempotencyKeys, write: Write, redis: Any
) -> None:
    redis.flushall()
    for number, age_h in enumerate(ages_h):
        write(str(number), age_h)
    done(keys.adapt, hours)
    assert len(names(redis)) == len(ages_h), "adapting loses none"
    done(keys.flush, hours)
    assert names(redis) == {str(number) for number, age_h in enumerate(ages_h) if age_h < hours}


def test_only_keys_of_the_prefix_are_named_whatever_it_holds(redis: Any) -> None:
    for name in ("k[1]:a", "k1:a", "k[1]x", "K[1]:a"):
        redis.set(name, "1")
    assert [sorted(batch) for batch in key_batches(redis, "k[1]:")] == [[b"k[1]:a"]]


@pytest.mark.parametrize(
    "value", [None, b"", b"1", b"[]", b'{"at": 1}', b'{"state": "pending", "at": -1}', b'{"state": "x", "at": 1}']
)
def test_a_value_that_is_not_ours_says_nothing(value: bytes | None) -> None:
    assert read_value(value) is None


@pytest.mark.parametrize(
    "value", ["1", "[]", "{}", '{"at": "soon"}', '{"at": null}', '{"at": -1}', '{"at": 1e300}', '{"at": 1e18}', ""]
)
def test_what_says_no_time_is_left_alone(value: str, keys: IdempotencyKeys, redis: Any) -> None:
    redis.set(PREFIX + "a", value, ex=1_000)
    for step in (keys.adapt, keys.flush):
        assert done(step, 12) == {"old": 0, "young": 0, "unreadable": 1, "changed": 0}
    assert 990 < redis.ttl(PREFIX + "a") <= 1_000
