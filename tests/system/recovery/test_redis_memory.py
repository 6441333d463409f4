"""The runbook's steps, on a real Redis and a database: within bounds, in place, each with its audit row."""

import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from system.clock import RandomIds
from system.recovery.redis_memory import NotAllowed, RedisFailed, RedisMemory
from system.settings import Settings
from system.storage import DatabaseUnavailable, OperatorAction, Storage, create_schema
from tests.redis_process import running_redis
from tests.system.recovery.conftest import SteeredClock

MB, HOUR_S = 1024**2, 3_600
pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def server() -> Iterator[Any]:
    with running_redis(maxmemory="4mb") as running:
        yield running


@pytest.fixture
def clock() -> SteeredClock:
    return SteeredClock(at=datetime.now(UTC))


@pytest.fixture
def storage(clock: SteeredClock) -> Iterator[Storage]:
    storage = Storage.connect(Settings(database_url="sqlite://"), clock=clock, ids=RandomIds())
    create_schema(storage.engine)
    yield storage
    storage.close()


Make = Callable[..., RedisMemory]


@pytest.fixture
def make(server: Any, storage: Storage, clock: SteeredClock) -> Make:
    """The runbook in the name of ada, on an empty Redis of 4 MB."""
    server.client.flushall()
    server.client.config_set("maxmemory", 4 * MB)

    def runbook(client: Any = None, **changes: Any) -> RedisMemory:
        settings = Settings(database_url="sqlite://", redis_maxmemory_ceiling=16 * MB, **changes)
        return RedisMemory(client or server.client, storage, settings, clock, operator="ada")

    return runbook


def write(server: Any, clock: SteeredClock, name: str, age_h: float) -> None:
    value = {"state": "committed", "intent_id": None, "at": clock.now().timestamp() - age_h * HOUR_S, "partner": "P1"}
    server.client.set(f"idempotency:{name}", json.dumps(value), ex=int((24 - age_h) * HOUR_S))


def audited(storage: Storage) -> list[OperatorAction]:
    return [replace(action, at=None) for action in reversed(storage.operator_actions.newest())]


def test_it_shows_memory_limit_policy_and_keys(make: Make, server: Any, clock: SteeredClock) -> None:
    write(server, clock, "a", 1)
    write(server, clock, "b", 20)
    server.client.set("another", "1")
    shown = make().show()
    assert 0 < shown["used_bytes"] < 4 * MB
    assert shown["ratio"] == pytest.approx(shown["used_bytes"] / (4 * MB), abs=0.0001)
    assert (shown["limit_bytes"], shown["policy"], shown["evicted_keys"]) == (4 * MB, "noeviction", 0)
    assert (shown["keys"], shown["idempotency_keys"], shown["older_than_ttl"], shown["ttl_s"]) == (3, 2, 0, 86_400)


def test_the_ttl_is_halved_in_place(make: Make, server: Any, clock: SteeredClock, storage: Storage) -> None:
    write(server, clock, "a", 1)
    write(server, clock, "b", 20)
    runbook = make()
    began = clock.now()
    assert runbook.set_ttl("12h", "full") == {"ttl_s": 43_200, "before_s": 86_400, "adapted": 1, "older": 1}
    assert runbook.ttl_s() == 43_200
    assert (clock.now() - began).total_seconds() == 2 * Settings().live_settings_refresh_s, "the second found nothing"
    assert [round(server.client.ttl(f"idempotency:{name}") / HOUR_S, 1) for name in "ab"] == [11, 4]
    what = {"ttl_s": 43_200, "before_s": 86_400}
    assert audited(storage) == [OperatorAction(who="ada", command="redis ttl", what=what, why="full")]
    assert runbook.show()["older_than_ttl"] == 1


def test_what_a_process_sets_before_it_has_looked_is_adapted_too(
    make: Make, server: Any, clock: SteeredClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    late = iter(["late", "later"])
    sleep_s = clock.sleep_s

    async def sleep_and_set(self: SteeredClock, seconds: float) -> None:
        await sleep_s(seconds)
        if name := next(late, None):
            write(server, clock, name, 0)

    monkeypatch.setattr(SteeredClock, "sleep_s", sleep_and_set)
    assert make().set_ttl("12h")["adapted"] == 2
    assert {round(server.client.ttl(name) / HOUR_S, 1) for name in server.client.keys("*")} == {12}


def test_a_process_that_never_looks_does_not_keep_it_for_ever(
    make: Make, server: Any, clock: SteeredClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def set_again(self: SteeredClock, seconds: float) -> None:
        write(server, clock, "late", 0)

    monkeypatch.setattr(SteeredClock, "sleep_s", set_again)
    assert make().set_ttl("12h")["adapted"] == 10


@pytest.mark.parametrize("ttl", ["119s", "0", 31 * 86_400, "31d"])
def test_a_ttl_out_of_bounds_changes_nothing(ttl: Any, make: Make, storage: Storage) -> None:
    with pytest.raises(NotAllowed, match="from 2m, the window that partners are asked to send again, to 30d"):
        make().set_ttl(ttl)
    assert (make().ttl_s(), audited(storage)) == (86_400, [])


def test_the_flush_goes_by_the_ttl_in_force(make: Make, server: Any, clock: SteeredClock, storage: Storage) -> None:
    for name, age_h in (("a", 1), ("b", 11), ("c", 13)):
        write(server, clock, name, age_h)
    runbook = make()
    assert runbook.flush_old("old")["flushed"] == 0
    runbook.set_ttl("12h")
    assert runbook.flush_old("old") == {"ttl_s": 43_200, "flushed": 1, "kept": 2}
    assert sorted(server.client.keys()) == [b"idempotency:a", b"idempotency:b"]
    flushes = [one for one in audited(storage) if one.command == "redis flush"]
    assert sorted(one.what["flushed"] for one in flushes) == [0, 1]
    what = {"ttl_s": 43_200, "flushed": 1, "kept": 2}
    assert OperatorAction(who="ada", command="redis flush", what=what, why="old") in flushes


def test_the_unsafe_flush_takes_all(make: Make, server: Any, clock: SteeredClock) -> None:
    write(server, clock, "a", 1)
    server.client.set("another", "1")
    assert make(unsafe_flush_takes_all=True, allow_unsafe=True).flush_old()["flushed"] == 1
    assert server.client.keys() == [b"another"]


def test_the_limit_is_raised(make: Make, server: Any, storage: Storage) -> None:
    done = make().raise_limit("8mb", "more partners")
    assert (done["limit_bytes"], done["before"]["limit_bytes"]) == (8 * MB, 4 * MB)
    assert server.client.config_get("maxmemory") == {"maxmemory": str(8 * MB)}
    (action,) = audited(storage)
    assert (action.who, action.command, action.why) == ("ada", "redis raise", "more partners")
    assert action.what["limit_bytes"] == 8 * MB


@pytest.mark.parametrize("to", ["4mb", "1mb", "17mb", 0])
def test_it_is_never_lowered_and_never_raised_past_the_ceiling(
    to: Any, make: Make, server: Any, storage: Storage
) -> None:
    with pytest.raises(NotAllowed, match=r"over the present one, which is 4\.00mb, and at most 16\.00mb"):
        make().raise_limit(to)
    assert server.client.config_get("maxmemory") == {"maxmemory": str(4 * MB)}
    assert audited(storage) == []


def test_where_there_is_no_limit_none_is_set(make: Make, server: Any) -> None:
    runbook = make()
    server.client.config_set("maxmemory", 0)
    with pytest.raises(NotAllowed, match="which is none"):
        runbook.raise_limit("8mb")
    assert server.client.config_get("maxmemory") == {"maxmemory": "0"}
    assert runbook.show()["ratio"] is None


def test_what_redis_refuses_is_said_with_what_to_do(make: Make, server: Any, storage: Storage) -> None:
    """A managed Redis lets nobody set its limit from outside."""
    runbook = make()
    server.client.execute_command("ACL", "SETUSER", "default", "-config")
    try:
        with pytest.raises(RedisFailed, match=r"Redis refuses: .*config.*; where it is managed, do this step there"):
            runbook.raise_limit("8mb")
    finally:
        server.client.execute_command("ACL", "SETUSER", "default", "+config")
    assert audited(storage) == []


def test_a_redis_that_is_gone(make: Make, storage: Storage) -> None:
    with running_redis() as other:
        runbook = make(other.client)
        other.kill()
        for step in (runbook.show, lambda: runbook.raise_limit("8mb"), runbook.flush_old):
            with pytest.raises(RedisFailed, match=r"Redis does not answer: .*; run it again once it does"):
                step()
    assert [(one.command, one.what["flushed"]) for one in audited(storage)] == [("redis flush", 0)]


def test_without_the_database_nothing_that_needs_it_is_changed(
    make: Make, server: Any, clock: SteeredClock, storage: Storage, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(server, clock, "c", 13)

    def fail(*_: object, **__: object) -> Any:
        raise DatabaseUnavailable("gone")

    monkeypatch.setattr(storage.live_settings, "all", fail)
    with pytest.raises(DatabaseUnavailable):
        make().set_ttl("12h")
    with pytest.raises(DatabaseUnavailable):
        make().flush_old()
    assert server.client.exists("idempotency:c")


def test_as_the_prompt_makes_it(server: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Any) -> None:
    monkeypatch.setenv("DATABASE_URL", f"sqlite:///{tmp_path / 'freight.db'}")
    monkeypatch.setenv("REDIS_URL", server.url)
    monkeypatch.setenv("OPERATOR", "ada")
    runbook = RedisMemory()
    create_schema(runbook._storage.engine)
    assert runbook.show()["limit_bytes"] > 0
    runbook._storage.close()
    runbook.close()
