"""The stand-in for Redis: each command answers as a full stand-in does, and keys expire by the steered clock."""

from datetime import UTC, datetime
from typing import Any

import fakeredis
import pytest
import redis
from hypothesis import given
from hypothesis import strategies as st

from system.replay.memory_redis import MemoryRedis
from system.replay.steered import SteeredClock

START = datetime(2026, 2, 2, 14, tzinfo=UTC)

_keys = st.sampled_from(["a", "b", "c"])
_members = st.sampled_from(["m", "n", "ü", '{"id": 1}'])
_scores = st.sampled_from(["-1.5", "0", "1.25", "3", "1738504800.123457"])
_values = st.sampled_from(["1", "-7", "text", "ü", ""])
_commands = st.one_of(
    st.tuples(st.just("SET"), _keys, _values),
    st.tuples(st.just("SET"), _keys, _values, st.just("EX"), st.integers(1, 1000)),
    st.tuples(st.just("SET"), _keys, _values, st.just("NX"), st.just("EX"), st.integers(1, 1000)),
    st.tuples(st.just("SET"), _keys, _values, st.just("XX"), st.just("KEEPTTL")),
    st.tuples(st.sampled_from(["GET", "EXISTS", "DEL"]), _keys),
    st.tuples(st.just("EXPIRE"), _keys, st.integers(1, 1000)),
    st.tuples(st.just("INCRBY"), _keys, st.integers(-3, 3)),
    st.tuples(st.just("ZADD"), _keys, _scores, _members),
    st.tuples(st.sampled_from(["ZSCORE", "ZREM"]), _keys, _members),
    st.tuples(st.just("ZRANGE"), _keys, st.just(0), st.just(-1), st.just("WITHSCORES")),
    st.tuples(st.just("ZREMRANGEBYSCORE"), _keys, st.just("-inf"), _scores.map("({}".format)),
    st.tuples(st.just("ZREMRANGEBYRANK"), _keys, st.just(0), st.integers(-5, -1)),
)


def _answers(client: Any, commands: list[tuple[Any, ...]]) -> list[Any]:
    pipeline = client.pipeline(transaction=False)
    for command in commands:
        pipeline.execute_command(*command)
    found = pipeline.execute(raise_on_error=False)
    return ["refused" if isinstance(one, redis.ResponseError) else one for one in found]


@given(st.lists(_commands, max_size=30))
def test_it_answers_as_redis_does(commands: list[tuple[Any, ...]]) -> None:
    full = fakeredis.FakeRedis(server=fakeredis.FakeServer())
    assert _answers(MemoryRedis(SteeredClock(START)), commands) == _answers(full, commands)
    full.close()


def test_keys_expire_by_the_steered_clock() -> None:
    clock = SteeredClock(START)
    memory = MemoryRedis(clock)
    _answers(memory, [("SET", "a", "1", "EX", 10), ("SET", "b", "1"), ("ZADD", "s", "1", "m"), ("EXPIRE", "s", 5)])
    clock.advance_s(5)
    assert _answers(memory, [("EXISTS", "a"), ("EXISTS", "s"), ("ZRANGE", "s", 0, -1, "WITHSCORES")]) == [1, 0, []]
    _answers(memory, [("SET", "a", "2", "XX", "KEEPTTL"), ("INCRBY", "a", 1)])
    clock.advance_s(5)
    assert _answers(memory, [("GET", "a"), ("GET", "b")]) == [None, b"1"]


def test_a_command_that_it_does_not_know_is_no_answer() -> None:
    """The system would take an error of Redis for "nothing known"."""
    memory = MemoryRedis(SteeredClock(START))
    with pytest.raises(NotImplementedError, match="FLUSHALL"):
        _answers(memory, [("FLUSHALL",)])
    for command in (
        ("ZRANGE", "s", 0, 3, "WITHSCORES"),
        ("ZREMRANGEBYRANK", "s", 1, 2),
        ("ZREMRANGEBYSCORE", "s", "1", "2"),
    ):
        with pytest.raises(NotImplementedError):
            _answers(memory, [command])
    with pytest.raises(NotImplementedError):
        memory.pipeline(transaction=True)


def test_an_error_is_raised_where_that_is_wanted() -> None:
    memory = MemoryRedis(SteeredClock(START))
    pipeline = memory.pipeline(transaction=False)
    pipeline.execute_command("SET", "a", "text")
    pipeline.execute_command("INCRBY", "a", 1)
    with pytest.raises(redis.ResponseError):
        pipeline.execute(raise_on_error=True)
    assert memory.ping()
    memory.close()
