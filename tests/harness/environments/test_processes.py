"""A topology comes up, can be broken and looked at, is fresh after a reset, and leaves nothing when it goes down."""

import asyncio
import os
import signal
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path

import pytest

from harness.clock import Deadline, sleep_s
from harness.environments import running
from harness.environments.base import (
    Cache,
    Capability,
    CommandRefused,
    EnvironmentFault,
    Logs,
    Network,
    Operator,
    OutsideParty,
    Processes,
    ProcessIdentity,
    Store,
    Workers,
    Worktree,
)
from harness.environments.guardian import process_table
from harness.environments.ports import is_free
from harness.environments.run_directory import left_runs
from tests.harness.environments.sleepers import all_gone, identity_of, stranger
from tests.harness.environments.toys import during, every_port, ledger, made


def test_everything_is_up_and_nothing_is_left_after_down(tmp_path: Path) -> None:
    environment = made(tmp_path)

    async def look() -> tuple[list[ProcessIdentity], list[tuple[str, int]]]:
        assert environment.name == "processes"
        assert environment.directory.parent == tmp_path / "runs"
        assert {"python", "redis"} <= set(environment.versions())
        processes = ledger(environment)
        assert len(processes) == 5  # warm interpreter, fault proxy, redis, inbox, echo
        assert all(environment.alive(process) for process in processes)
        return processes, every_port(environment)

    with stranger():
        processes, ports = during(environment, look)
    assert all_gone(processes)
    assert all(is_free(host, port) for host, port in ports)
    assert not environment.directory.exists()
    assert left_runs(tmp_path / "runs") == []


def test_it_has_all_its_capabilities(tmp_path: Path) -> None:
    environment = made(tmp_path)
    assert environment.capabilities == set(Capability)
    for protocol in (Processes, Workers, Logs, Network, Store, Cache, OutsideParty, Operator, Worktree):
        assert isinstance(environment, protocol)


def test_what_was_started_ends_also_when_the_body_raises(tmp_path: Path) -> None:
    environment = made(tmp_path)
    processes: list[ProcessIdentity] = []

    async def fail() -> None:
        processes.extend(ledger(environment))
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        during(environment, fail)
    assert processes
    assert all_gone(processes)
    assert not environment.directory.exists()


def test_a_process_can_be_killed_paused_resumed_and_started_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    environment = made(tmp_path)

    async def break_it() -> None:
        first = environment.process("redis")
        assert await environment.pause("redis") == first
        assert environment.stopped(first)
        with pytest.raises(EnvironmentFault, match="redis does not answer"):
            await environment.command("redis", "PING")
        assert await environment.resume("redis") == first
        assert await environment.command("redis", "PING")
        assert await environment.kill("redis") == first
        second = await environment.start("redis")
        assert second != first
        assert not environment.alive(first)
        assert environment.process("redis") == second
        monkeypatch.setattr(running, "GONE_WITHIN_S", 0.05)
        with pytest.raises(EnvironmentFault, match="still runs"):
            await environment.start("redis")

    during(environment, break_it)


def test_one_process_of_a_service_is_stopped_and_continued_and_no_others(tmp_path: Path) -> None:
    environment = made(tmp_path)

    async def stop_one() -> None:
        child = identity_of((await environment.request("echo", "GET", "/child"))["pid"])
        (worker,) = await environment.workers("echo")
        assert worker.identity == child
        await environment.pause_worker("echo", child)
        assert environment.stopped(child)
        assert not environment.stopped(environment.process("echo"))
        await environment.resume_worker("echo", child)
        assert not environment.stopped(child)
        for stranger_to_it in (environment.process("redis"), environment.process("echo")):
            with pytest.raises(EnvironmentFault, match="no worker of echo"):
                await environment.pause_worker("echo", stranger_to_it)
            assert not environment.stopped(stranger_to_it)
        os.kill(child.pid, signal.SIGKILL)
        assert await _in_time(lambda: environment.workers("echo"), [])

    during(environment, stop_one)


async def _in_time(look: Callable[[], Awaitable[Sequence[object]]], wanted: list[object]) -> bool:
    deadline = Deadline(10.0)
    while list(await look()) != wanted:
        if deadline.passed:
            return False
        await sleep_s(0.01)
    return True


def test_the_log_of_a_service_is_read_line_by_line(tmp_path: Path) -> None:
    environment = made(tmp_path)

    async def read() -> None:
        assert list(await environment.log_lines("echo")) == ["this is the log of echo"]
        assert list(await environment.log_lines("echo", 1)) == []

    during(environment, read)


def test_alerts_reach_the_inbox_and_services_are_asked_past_the_proxy(tmp_path: Path) -> None:
    environment = made(tmp_path)

    async def ask() -> None:
        assert await environment.request("inbox", "POST", "/alerts", {"a": 1}) == {"number": 1}
        assert (await environment.request("inbox", "GET", "/messages?after=0"))["messages"][0]["body"] == {"a": 1}
        with pytest.raises(EnvironmentFault, match="404"):
            await environment.request("inbox", "GET", "/nothing")
        await environment.command("redis", "SET", "k", b"v")
        assert await environment.command("redis", "GET", "k") == b"v"
        with pytest.raises(CommandRefused, match="redis refuses 'LPUSH k v': WRONGTYPE"):
            await environment.command("redis", "LPUSH", "k", "v")

    during(environment, ask)


def test_after_a_reset_data_is_fresh_ports_are_the_same_and_every_process_is_new(tmp_path: Path) -> None:
    environment = made(tmp_path, overrides={"SWITCH": "first"})

    async def switch() -> str:
        return str((await environment.request("echo", "GET", "/"))["environ"].get("SWITCH"))

    async def reset() -> None:
        before, ports = environment.process("redis"), every_port(environment)
        orphan = await environment.request("echo", "GET", "/child")
        old = [*ledger(environment)[1:], identity_of(orphan["pid"])]
        await environment.command("redis", "SET", "k", "v")
        await environment.add_toxic(
            "echo->redis", name="t", kind="latency", stream="upstream", attributes={"latency": 1}
        )
        await environment.reset(overrides={"SWITCH": "second"})
        assert not any(environment.alive(process) for process in old)
        assert environment.process("redis") != before
        assert every_port(environment) == ports
        assert await environment.command("redis", "GET", "k") is None
        assert (await environment.traffic("echo->redis")).connections_accepted == 0
        assert await switch() == "second"
        await environment.reset()
        assert await switch() == "first"

    during(environment, reset)


def test_one_environment_serves_several_event_loops_in_turn(tmp_path: Path) -> None:
    environment = made(tmp_path)
    asyncio.run(environment.up())
    assert asyncio.run(environment.traffic("echo->redis")).connections_open == 0
    asyncio.run(environment.kill("redis"))
    asyncio.run(environment.reset())
    assert asyncio.run(environment.traffic("echo->redis")).connections_open == 0
    assert asyncio.run(environment.operate(["look"])).exit_code == 0
    asyncio.run(environment.down())
    assert not environment.directory.exists()


def test_a_kept_directory_stays_with_its_logs_and_nothing_runs(tmp_path: Path) -> None:
    environment = made(tmp_path, keep=True)

    async def look() -> list[ProcessIdentity]:
        return ledger(environment)

    assert all_gone(during(environment, look))
    assert (environment.directory / "logs" / "echo.log").exists()


def test_two_environments_at_once_do_not_meet(tmp_path: Path) -> None:
    one, other = made(tmp_path), made(tmp_path)

    async def both() -> None:
        await asyncio.gather(one.up(), other.up())
        try:
            assert not set(every_port(one)) & set(every_port(other))
            await one.command("redis", "SET", "k", "one")
            assert await other.command("redis", "GET", "k") is None
            await one.down()
            assert await other.command("redis", "PING")
        finally:
            await asyncio.gather(one.down(), other.down())

    asyncio.run(both())


def test_down_can_be_called_at_any_time_and_again_and_up_after_it(tmp_path: Path) -> None:
    environment = made(tmp_path)
    asyncio.run(environment.down())
    asyncio.run(environment.up())
    with pytest.raises(EnvironmentFault, match="up already"):
        asyncio.run(environment.up())
    asyncio.run(environment.down())
    asyncio.run(environment.down())
    asyncio.run(environment.up())
    asyncio.run(environment.down())


def test_after_the_death_of_its_guardian_it_says_so_and_a_reset_starts_anew(tmp_path: Path) -> None:
    environment = made(tmp_path)

    async def lose_it() -> None:
        before = ledger(environment)
        guardian = process_table()[before[0].pid].parent
        os.kill(guardian, signal.SIGKILL)
        assert all_gone(before)
        with pytest.raises(EnvironmentFault, match="guardian was killed"):
            environment.process("redis")
        await environment.reset()
        assert await environment.command("redis", "PING")

    during(environment, lose_it)
