"""Redis for one trace: the commands that the system gives it, answered from memory and by the trace's own clock.

Keys expire when the steered clock says so, which a stand-in on the machine's clock cannot do, and nothing is packed
into bytes for a server that is not there. A test holds every command against a well-kept stand-in of all of Redis. It
speaks pipelines alone, as `ingest.optional_redis` does; a command that it does not know is an error of the replay, not
an answer of Redis, because the system would take that for "nothing known" and go on.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import redis

from system.clock import Clock

Command = tuple[Any, ...]
_Scores = dict[bytes, float]


@dataclass(slots=True)
class _Entry:
    value: bytes | _Scores
    expires_s: float | None = None


class MemoryRedis:
    """Empty at first. One client, one thread."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._entries: dict[str, _Entry] = {}

    def pipeline(self, *, transaction: bool) -> "_Pipeline":
        """Commands that are carried out together; none of them is a transaction's."""
        if transaction:
            raise NotImplementedError("transactions")
        return _Pipeline(self)

    def ping(self) -> bool:
        """It is always there."""
        return True

    def close(self) -> None:
        """There is nothing to close."""

    def carry_out(self, command: Command) -> Any:
        """What Redis answers to one command; ResponseError where it refuses it."""
        name, key, *rest = command
        return _COMMANDS[name](self, key, rest)

    def _entry(self, key: str) -> _Entry | None:
        entry = self._entries.get(key)
        if entry is not None and entry.expires_s is not None and self._clock.monotonic_s() >= entry.expires_s:
            del self._entries[key]
            return None
        return entry

    def _text(self, key: str) -> bytes | None:
        entry = self._entry(key)
        if entry is None:
            return None
        if isinstance(entry.value, dict):
            raise _wrong_type()
        return entry.value

    def _scores(self, key: str) -> _Scores:
        entry = self._entry(key)
        if entry is None:
            return {}
        if not isinstance(entry.value, dict):
            raise _wrong_type()
        return entry.value

    def _ordered(self, key: str) -> list[tuple[bytes, float]]:
        return sorted(self._scores(key).items(), key=lambda one: (one[1], one[0]))

    def _drop(self, key: str, members: Sequence[bytes]) -> int:
        scores = self._scores(key)
        found = [member for member in members if scores.pop(member, None) is not None]
        if not scores:
            self._entries.pop(key, None)
        return len(found)

    def _set(self, key: str, rest: list[Any]) -> bool | None:
        value, *options = rest
        there = self._entry(key)
        if ("NX" in options and there is not None) or ("XX" in options and there is None):
            return None
        expires_s = there.expires_s if there is not None and "KEEPTTL" in options else None
        if "EX" in options:
            expires_s = self._clock.monotonic_s() + int(options[options.index("EX") + 1])
        self._entries[key] = _Entry(_bytes(value), expires_s)
        return True

    def _get(self, key: str, _: list[Any]) -> bytes | None:
        return self._text(key)

    def _exists(self, key: str, _: list[Any]) -> int:
        return int(self._entry(key) is not None)

    def _delete(self, key: str, _: list[Any]) -> int:
        there = self._entry(key) is not None
        self._entries.pop(key, None)
        return int(there)

    def _expire(self, key: str, rest: list[Any]) -> bool:
        entry = self._entry(key)
        if entry is not None:
            entry.expires_s = self._clock.monotonic_s() + int(rest[0])
        return entry is not None

    def _increase(self, key: str, rest: list[Any]) -> int:
        text = self._text(key)
        try:
            number = (0 if text is None else int(text)) + int(rest[0])
        except ValueError:
            raise redis.ResponseError("value is not an integer or out of range") from None
        entry = self._entry(key)
        self._entries[key] = _Entry(_bytes(number), None if entry is None else entry.expires_s)
        return number

    def _zadd(self, key: str, rest: list[Any]) -> int:
        score, member = float(rest[0]), _bytes(rest[1])
        scores = self._scores(key)
        new = member not in scores
        scores[member] = score
        self._entries.setdefault(key, _Entry(scores))
        return int(new)

    def _zscore(self, key: str, rest: list[Any]) -> float | None:
        return self._scores(key).get(_bytes(rest[0]))

    def _zrem(self, key: str, rest: list[Any]) -> int:
        return self._drop(key, [_bytes(member) for member in rest])

    def _zrange(self, key: str, rest: list[Any]) -> list[list[Any]]:
        if rest != [0, -1, "WITHSCORES"]:
            raise NotImplementedError(f"ZRANGE {rest}")
        return [list(one) for one in self._ordered(key)]

    def _zremrangebyscore(self, key: str, rest: list[Any]) -> int:
        lowest, below = rest
        if lowest != "-inf" or not below.startswith("("):
            raise NotImplementedError(f"ZREMRANGEBYSCORE {rest}")
        return self._drop(key, [member for member, score in self._ordered(key) if score < float(below[1:])])

    def _zremrangebyrank(self, key: str, rest: list[Any]) -> int:
        first, last = rest
        if first != 0 or last >= 0:
            raise NotImplementedError(f"ZREMRANGEBYRANK {rest}")
        ordered = self._ordered(key)
        return self._drop(key, [member for member, _ in ordered[: max(0, len(ordered) + last + 1)]])


class _Pipeline:
    def __init__(self, redis_: MemoryRedis) -> None:
        self._redis = redis_
        self._commands: list[Command] = []

    def execute_command(self, *command: Any) -> None:
        if command[0] not in _COMMANDS:
            raise NotImplementedError(f"Redis of a replay does not know {command[0]}; teach it in {__name__}")
        self._commands.append(command)

    def execute(self, *, raise_on_error: bool) -> list[Any]:
        answers: list[Any] = []
        for command in self._commands:
            try:
                answers.append(self._redis.carry_out(command))
            except redis.ResponseError as error:
                if raise_on_error:
                    raise
                answers.append(error)
        return answers


_COMMANDS: dict[str, Callable[[MemoryRedis, str, list[Any]], Any]] = {
    "SET": MemoryRedis._set,
    "GET": MemoryRedis._get,
    "EXISTS": MemoryRedis._exists,
    "DEL": MemoryRedis._delete,
    "EXPIRE": MemoryRedis._expire,
    "INCRBY": MemoryRedis._increase,
    "ZADD": MemoryRedis._zadd,
    "ZSCORE": MemoryRedis._zscore,
    "ZREM": MemoryRedis._zrem,
    "ZRANGE": MemoryRedis._zrange,
    "ZREMRANGEBYSCORE": MemoryRedis._zremrangebyscore,
    "ZREMRANGEBYRANK": MemoryRedis._zremrangebyrank,
}


def _bytes(value: Any) -> bytes:
    return value if isinstance(value, bytes) else str(value).encode("utf-8", "surrogateescape")


def _wrong_type() -> redis.ResponseError:
    return redis.ResponseError("WRONGTYPE Operation against a key holding the wrong kind of value")
