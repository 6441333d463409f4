"""`redis`: shown, shortened, flushed, raised, with a reason that stays (7.2 to 7.5)."""

from collections.abc import Iterator
from typing import Any

import pytest

from system.clock import SystemClock
from system.storage import Storage
from tests.redis_process import RedisProcess, running_redis
from tests.system.recovery.test_redis_memory import write

MB = 1024**2


@pytest.fixture(scope="module")
def server() -> Iterator[RedisProcess]:
    with running_redis(maxmemory="4mb") as running:
        yield running


@pytest.fixture
def full(server: RedisProcess, monkeypatch: pytest.MonkeyPatch) -> RedisProcess:
    """A Redis with three keys, one of them over 12 hours old."""
    server.client.flushall()
    server.client.config_set("maxmemory", 4 * MB)
    for name, age_h in (("a", 1.0), ("b", 11.0), ("c", 13.0)):
        write(server, SystemClock(), name, age_h)  # type: ignore[arg-type]
    monkeypatch.setenv("REDIS_URL", server.url)
    monkeypatch.setenv("REDIS_MAXMEMORY_CEILING", "16mb")
    monkeypatch.setenv("LIVE_SETTINGS_REFRESH_S", "0.01")
    return server


@pytest.mark.slow
def test_in_the_order_of_the_playbook(full: RedisProcess, run: Any, document: Any, storage: Storage) -> None:
    shown = document("redis", "show")
    assert (shown["limit_bytes"], shown["keys"], shown["older_than_ttl"]) == (4 * MB, 3, 0)
    ttl = document("redis", "ttl", "12h", "--why", "too many")
    assert ttl == {"ttl_s": 43_200, "before_s": 86_400, "adapted": 2, "older": 1}
    assert document("redis", "flush", "--why", "old") == {"ttl_s": 43_200, "flushed": 1, "kept": 2}
    assert document("redis", "raise", "8mb", "--why", "more partners")["limit_bytes"] == 8 * MB
    assert sorted(full.client.keys()) == [b"idempotency:a", b"idempotency:b"]
    actions = [(one.who, one.command, one.why) for one in reversed(storage.operator_actions.newest())]
    assert actions == [
        ("ada", "redis ttl", "too many"),
        ("ada", "redis flush", "old"),
        ("ada", "redis raise", "more partners"),
    ]


@pytest.mark.slow
def test_for_people(full: RedisProcess, run: Any) -> None:
    said = run("redis").output.splitlines()
    assert [line.partition(":")[0] for line in said] == ["used_memory", "maxmemory", "evicted keys", "keys"]
    assert said[1] == "maxmemory: 4.00mb, policy noeviction"
    assert said[3] == "keys: 3, of them idempotency: 3, 0 older than 24h"
    shortened = run("redis", "ttl", "12h", "--why", "x").output
    assert shortened.startswith("idempotency keys live 12h, before 24h; 2 have their new end, 1 are older than that")
    assert run("redis", "flush", "--why", "x").output == "1 keys older than 12h are deleted, 2 are kept\n"
    assert run("redis", "raise", "8mb", "--why", "x").output == "limit 8.00mb, before 4.00mb\n"


@pytest.mark.slow
@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (("ttl", "12h"), 2, "Missing option '--why'"),
        (("ttl", "soon", "--why", "x"), 2, "expected a span of time such as 90s or 12h, seen 'soon'"),
        (("raise", "lots", "--why", "x"), 2, "expected a size such as 512mb or 12gb, seen 'lots'"),
        (("ttl", "1s", "--why", "x"), 1, "a TTL of 1s is out of bounds"),
        (("raise", "17mb", "--why", "x"), 1, "at most 16.00mb (REDIS_MAXMEMORY_CEILING)"),
        (("raise", "1mb", "--why", "x"), 1, "over the present one, which is 4.00mb"),
    ],
)
def test_what_is_not_allowed_is_one_line_and_changes_nothing(
    words: tuple[str, ...], code: int, said: str, full: RedisProcess, run: Any, storage: Storage
) -> None:
    result = run("redis", *words)
    assert (result.exit_code, said in result.output) == (code, True), result.output
    assert "Traceback" not in result.output
    assert storage.operator_actions.newest() == []
    assert full.client.dbsize() == 3


def test_without_redis(run: Any, storage: Storage, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REDIS_URL", "redis://127.0.0.1:1/0")
    result = run("redis", "show")
    assert result.exit_code == 1
    assert "Redis does not answer" in result.output


@pytest.mark.slow
def test_at_the_prompt(full: RedisProcess, typed: Any, storage: Storage) -> None:
    lines = "memory = RedisMemory()\nmemory.show()['limit_bytes']\nmemory.set_ttl(12 * 3600)['older']\n"
    said = typed(lines + "memory.flush_old()['flushed']\nmemory.raise_limit('8mb')['limit_bytes']\n")
    assert (said.returncode, said.stdout) == (0, f"{4 * MB}\n1\n1\n{8 * MB}\n")
    assert {one.who for one in storage.operator_actions.newest()} == {"ada"}
