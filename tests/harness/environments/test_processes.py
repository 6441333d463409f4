"""A topology comes up, can be broken and looked at, is fresh after a reset, and leaves nothing when it goes down."""

import asyncio
import os
import signal
from collections.abc import Awaitable, Callable
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeVar

import pytest

from harness.clock import sleep_s
from harness.environments import running
from harness.environments.base import (
    Cache,
    Capability,
    EnvironmentFault,
    Network,
    Operator,
    OutsideParty,
    Processes,
    ProcessIdentity,
    Store,
)
from harness.environments.guardian import ledger_lines, process_table
from harness.environments.ports import is_free
from harness.environments.processes import ProcessesEnvironment
from harness.environments.run_directory import left_runs
from harness.environments.running import exists
from harness.topology import Topology
from tests.harness.environments.sleepers import all_gone, identity_of, stranger
from tests.harness.environments.toys import OPERATOR, PAIR, SMALL, project, with_echo

Result = TypeVar("Result")


def made(tmp_path: Path, topology: Topology = SMALL, **options: object) -> ProcessesEnvironment:
    given = {"directory": tmp_path / "runs", "project": project(tmp_path / "project"), "operator": OPERATOR, "seed": 7}
    return ProcessesEnvironment(topology, **{**given, **options})  # type: ignore[arg-type]


def during(environment: ProcessesEnvironment, use: Callable[[], Awaitable[Result]]) -> Result:
    """Up, use, down."""

    async def all_of_it() -> Result:
        await environment.up()
        try:
            return await use()
        finally:
            await environment.down()

    return asyncio.run(all_of_it())


def ledger(environment: ProcessesEnvironment) -> list[ProcessIdentity]:
    return [ProcessIdentity(pid=pid, started_ticks=ticks) for pid, ticks in ledger_lines(environment.directory)]


def every_port(environment: ProcessesEnvironment) -> list[tuple[str, int]]:
    topology = environment.topology
    ports = [environment.address(service.name, port) for service in topology.services for port in service.ports]
    return [*ports, *(environment.link_address(link.name) for link in topology.links)]


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
    assert environment.capabilities == set(Capability) - {Capability.WORKTREE}
    for protocol in (Processes, Network, Store, Cache, OutsideParty, Operator):
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


def test_a_python_service_runs_as_if_started_by_itself(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LEAKED", "1")
    environment = made(tmp_path, overrides={"SWITCH": "on"})

    async def look() -> None:
        told = await environment.request("echo", "GET", "/")
        host, port = environment.address("echo")
        assert told["name"] == "__main__"
        assert told["session"] is True
        assert told["argv"][1:] == ["--seed", "7"]
        environ = told["environ"]
        assert (environ["HOST"], environ["PORT"]) == (host, str(port))
        assert environ["REDIS"] == "{}:{}".format(*environment.link_address("echo->redis"))
        assert environ["OWN"] == f"{host}:{port}"
        assert environ["SWITCH"] == "on"
        assert "LEAKED" not in environ
        assert all((await environment.request("echo", "GET", "/defaults")).values())
        assert "this is the log of echo" in (environment.directory / "logs" / "echo.log").read_text()

    during(environment, look)


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


def test_a_link_can_be_slowed_cut_and_counted(tmp_path: Path) -> None:
    environment = made(tmp_path)

    async def connect() -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        return await asyncio.open_connection(*environment.link_address("echo->redis"))

    async def steer() -> None:
        reader, writer = await connect()
        writer.write(b"PING\r\n")
        assert await reader.readline() == b"+PONG\r\n"
        seen = await environment.traffic("echo->redis")
        assert (seen.connections_open, seen.upstream_passed, seen.downstream_passed) == (1, 6, 7)
        await environment.add_toxic(
            "echo->redis", name="t", kind="timeout", stream="downstream", attributes={"timeout": 0}
        )
        writer.write(b"PING\r\n")
        while (await environment.traffic("echo->redis")).downstream_withheld < 7:
            await sleep_s(0.01)
        await environment.remove_toxic("echo->redis", name="t")
        writer.close()
        reader, writer = await connect()
        writer.write(b"PING\r\n")
        assert await reader.readline() == b"+PONG\r\n"
        assert await environment.cut("echo->redis") == 1
        with pytest.raises(ConnectionResetError):
            await reader.read()
        writer.close()
        await environment.set_enabled("echo->redis", False)
        with pytest.raises(OSError, match=r"refused|Connect"):
            await connect()
        with pytest.raises(EnvironmentFault, match="link echo->redis"):
            await environment.remove_toxic("echo->redis", name="never")

    during(environment, steer)


def test_alerts_reach_the_inbox_and_services_are_asked_past_the_proxy(tmp_path: Path) -> None:
    environment = made(tmp_path)

    async def ask() -> None:
        assert await environment.request("inbox", "POST", "/alerts", {"a": 1}) == {"number": 1}
        assert (await environment.request("inbox", "GET", "/messages?after=0"))["messages"][0]["body"] == {"a": 1}
        with pytest.raises(EnvironmentFault, match="404"):
            await environment.request("inbox", "GET", "/nothing")
        await environment.command("redis", "SET", "k", b"v")
        assert await environment.command("redis", "GET", "k") == b"v"

    during(environment, ask)


def test_the_operator_console_answers_json_text_errors_and_is_ended_when_it_hangs(tmp_path: Path) -> None:
    environment = made(tmp_path)

    async def operate() -> None:
        good = await environment.operate(["recover", "--all"])
        assert good.exit_code == 0
        assert good.document == {
            "words": ["recover", "--all", "--json"],
            "store": "{}:{}".format(*environment.address("redis")),
            "switch": None,
        }
        chat = await environment.operate(["chat"])
        assert (chat.output, chat.document) == ("not json\n", None)
        bad = await environment.operate(["fail"])
        assert (bad.exit_code, bad.errors) == (3, "no such thing\n")
        hung = await environment.operate(["hang"], limit_s=0.5)
        assert hung.exit_code == -9
        assert "still ran after 0.5 s" in hung.errors

    during(environment, operate)


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


def test_a_service_that_waits_becomes_ready(tmp_path: Path) -> None:
    environment = made(tmp_path, overrides={"NOT_READY": "5"})

    async def nothing() -> None:
        pass

    during(environment, nothing)


@pytest.mark.parametrize(
    ("changes", "overrides", "said"),
    [
        ({}, {"FAIL": "3"}, ["echo: it ended with exit code 3", "this is the log of echo", "python -m echo"]),
        ({"options": {"module": "absent"}}, {}, ["echo: it ended with exit code 1", "No module named absent"]),
        ({"environ": {"X": "${nothing}"}}, {}, ["'echo' refers to ${nothing}"]),
        ({}, {"nobody.option": "1"}, ["no service 'nobody'"]),
        ({"kind": "cobol"}, {}, ["no kind of service is called 'cobol'"]),
    ],
)
def test_what_cannot_come_up_says_why_and_leaves_nothing(
    tmp_path: Path, changes: dict[str, object], overrides: dict[str, str], said: list[str]
) -> None:
    environment = made(tmp_path, with_echo(**changes), overrides=overrides)
    with pytest.raises(EnvironmentFault) as error:
        asyncio.run(environment.up())
    assert all(text in str(error.value) for text in said), str(error.value)
    assert not environment.directory.exists()
    with pytest.raises(EnvironmentFault, match="not up"):
        environment.process("redis")


def test_a_module_that_cannot_be_preloaded_is_named_with_its_error(tmp_path: Path) -> None:
    environment = made(tmp_path, replace(SMALL, preload=("json", "broken")))
    (tmp_path / "project" / "broken.py").write_text("import nowhere_to_be_found\n")
    with pytest.raises(EnvironmentFault, match=r"'broken' cannot be preloaded(.|\n)*nowhere_to_be_found"):
        asyncio.run(environment.up())


def test_a_module_that_starts_a_thread_at_import_is_refused(tmp_path: Path) -> None:
    environment = made(tmp_path, replace(SMALL, preload=("threaded",)))
    code = "import threading, time\nthreading.Thread(target=time.sleep, args=(9,), daemon=True).start()\n"
    (tmp_path / "project" / "threaded.py").write_text(code)
    with pytest.raises(EnvironmentFault, match="started a thread at import"):
        asyncio.run(environment.up())


def test_a_cancelled_start_leaves_nothing(tmp_path: Path) -> None:
    environment = made(tmp_path, overrides={"NOT_READY": "1000000"})

    async def give_up() -> list[ProcessIdentity]:
        starting = asyncio.create_task(environment.up())
        while len(processes := _ledger_or_nothing(environment)) < 5:
            await sleep_s(0.01)
        starting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await starting
        return processes

    assert all_gone(asyncio.run(give_up()))
    assert not environment.directory.exists()


def _ledger_or_nothing(environment: ProcessesEnvironment) -> list[ProcessIdentity]:
    try:
        return ledger(environment)
    except EnvironmentFault:
        return []


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


@pytest.mark.slow
def test_a_replica_follows_its_primary_refuses_writes_and_a_rejoined_server_has_a_larger_id(tmp_path: Path) -> None:
    environment = made(tmp_path, PAIR)

    async def replicate() -> None:
        assert await _one(environment, "first", "SELECT @@server_id") < await _one(
            environment, "second", "SELECT @@server_id"
        )
        assert await _one(environment, "second", "SELECT @@read_only") == 1
        assert await _one(environment, "first", "SELECT @@read_only") == 0
        await environment.query("first", "INSERT INTO witness.writes VALUES (%s, NOW(6))", ["a"])
        while not await environment.query("second", "SELECT * FROM witness.writes WHERE id LIKE '%%a'"):
            await sleep_s(0.01)
        with pytest.raises(EnvironmentFault, match="read-only"):
            await environment.query("second", "INSERT INTO witness.writes VALUES ('b', NOW(6))")
        ids = {await _one(environment, name, "SELECT @@server_id") for name in ("first", "second")}
        await environment.kill("first")
        await environment.start("first")
        while (rejoined := await _one_or_none(environment, "first", "SELECT @@server_id")) is None:
            await sleep_s(0.01)
        assert rejoined > max(ids)
        assert await _one(environment, "first", "SELECT COUNT(*) FROM witness.writes") == 1

    during(environment, replicate)


@pytest.mark.slow
def test_semi_synchronous_replication_never_falls_back(tmp_path: Path) -> None:
    overrides = {"first.replication": "semi_sync", "second.replication": "semi_sync"}
    environment = made(tmp_path, PAIR, overrides=overrides)

    async def commit() -> None:
        seen = {row["Variable_name"]: row["Value"] for row in await environment.query("first", SEMI_SYNC)}
        assert seen["Rpl_semi_sync_master_status"] == "ON"
        assert seen["Rpl_semi_sync_master_clients"] == "1"
        assert await _one(environment, "first", "SELECT @@rpl_semi_sync_master_wait_point") == "AFTER_SYNC"
        await environment.query("first", "INSERT INTO witness.writes VALUES ('a', NOW(6))")
        await environment.set_enabled("second->first", False)
        with pytest.raises(EnvironmentFault, match="timed out"):
            await environment.query("first", "INSERT INTO witness.writes VALUES ('b', NOW(6))")
        seen = {row["Variable_name"]: row["Value"] for row in await environment.query("first", SEMI_SYNC)}
        assert (seen["Rpl_semi_sync_master_status"], seen["Rpl_semi_sync_master_no_tx"]) == ("ON", "0")

    during(environment, commit)


SEMI_SYNC = "SHOW GLOBAL STATUS LIKE 'Rpl_semi_sync_master_%%'"


async def _one(environment: ProcessesEnvironment, service: str, sql: str) -> Any:
    value: Any = next(iter((await environment.query(service, sql))[0].values()))
    return value


async def _one_or_none(environment: ProcessesEnvironment, service: str, sql: str) -> Any:
    try:
        return await _one(environment, service, sql)
    except EnvironmentFault:
        return None


def comm(pid: int) -> str:
    return Path(f"/proc/{pid}/comm").read_text().strip()


def test_no_process_is_called_what_it_is_not(tmp_path: Path) -> None:
    environment = made(tmp_path)

    async def look() -> None:
        pid = environment.process("echo").pid
        assert comm(pid) == "echo"
        assert exists(environment.process("echo"))
        with pytest.raises(EnvironmentFault, match="never started"):
            environment.process("nobody")
        with pytest.raises(EnvironmentFault, match="never started"):
            environment.process("console")

    during(environment, look)
