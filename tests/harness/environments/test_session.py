"""Nothing outlives a run: whatever ends the harness, its guardian, or both, and whenever.

A small driver program brings up an environment as the command line does, tells what it started, and then waits or
fails. After each way of dying there is no process, no listening port and no directory of it, while a process that no
harness started goes on.
"""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from harness.environments.base import ProcessIdentity
from harness.environments.ports import is_free
from harness.environments.run_directory import left_runs, sweep
from harness.environments.running import exists
from tests.harness.environments.sleepers import all_gone, eventually, identity_of, stranger
from tests.harness.environments.toys import project

ROOT = Path(__file__).resolve().parents[3]

DRIVER = """
import asyncio, json, sys
from pathlib import Path
from harness.clock import sleep_s
from harness.environments.guardian import ledger_lines
from harness.environments.processes import ProcessesEnvironment
from harness.interrupts import Interrupted, run
from tests.harness.environments.toys import SMALL, PAIR

async def main():
    root, project, what = sys.argv[1:]
    topology = PAIR if what == "pair" else SMALL
    overrides = {"NOT_READY": "1000000"} if what == "starting" else {}
    environment = ProcessesEnvironment(topology, directory=Path(root), project=Path(project), overrides=overrides)
    starting = asyncio.ensure_future(environment.up())
    try:
        if what == "starting":
            while environment._directory is None or len(list(ledger_lines(environment.directory))) < 5:
                await sleep_s(0.01)
        else:
            await starting
            child = await environment.request("echo", "GET", "/child")
            await environment.pause("redis")
        ports = [environment.address(s.name, port) for s in topology.services for port in s.ports]
        ports += [environment.link_address(link.name) for link in topology.links]
        print(json.dumps({
            "directory": str(environment.directory),
            "guardian": environment._session._guardian.pid,
            "ledger": list(ledger_lines(environment.directory)),
            "ports": ports,
            "child": child["pid"] if what != "starting" else None,
        }), flush=True)
        if what == "raising":
            raise ZeroDivisionError
        if what == "succeeding":
            return
        if what == "stubborn":
            try:
                await sleep_s(1000)
            finally:
                print("cleaning", flush=True)
                await sleep_s(1000)
        await sleep_s(1000)
    finally:
        starting.cancel()
        await environment.down()
        print("down", flush=True)

try:
    run(main())
except Interrupted:
    sys.exit(130)
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Driven:
    """A driver whose environment is up, and all that belongs to it."""

    process: "subprocess.Popen[str]"
    root: Path
    directory: Path
    guardian: ProcessIdentity
    processes: list[ProcessIdentity]
    ports: list[tuple[str, int]]

    def is_gone(self) -> bool:
        """No process, no listening port, no directory."""
        gone = all_gone([self.guardian, *self.processes])
        quiet = eventually(lambda: all(is_free(host, port) for host, port in self.ports))
        removed = eventually(lambda: not self.directory.exists())
        return gone and quiet and removed and left_runs(self.root) == []


@contextmanager
def driven(tmp_path: Path, what: str = "waiting") -> Iterator[Driven]:
    """Start a driver and wait until it says that it is up; a stranger beside it must survive."""
    with stranger():
        process = subprocess.Popen(
            [sys.executable, "-c", DRIVER, str(tmp_path / "runs"), str(project(tmp_path / "project")), what],
            cwd=ROOT,
            stdout=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        assert process.stdout
        told: dict[str, Any] = json.loads(process.stdout.readline() or "{}")
        try:
            processes = [ProcessIdentity(pid=pid, started_ticks=ticks) for pid, ticks in told["ledger"]]
            if told["child"]:
                processes.append(identity_of(told["child"]))
            yield Driven(
                process=process,
                root=tmp_path / "runs",
                directory=Path(told["directory"]),
                guardian=identity_of(told["guardian"]),
                processes=processes,
                ports=[(host, port) for host, port in told["ports"]],
            )
        finally:
            process.kill()
            process.wait()
            process.stdout.close()


@pytest.mark.parametrize(("what", "code"), [("succeeding", 0), ("raising", 1)])
def test_nothing_is_left_when_the_work_ends_well_or_raises(tmp_path: Path, what: str, code: int) -> None:
    with driven(tmp_path, what) as driver:
        assert driver.process.wait(20) == code
        assert driver.is_gone()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize("what", ["waiting", "starting"])
def test_nothing_is_left_after_one_interrupt(tmp_path: Path, number: signal.Signals, what: str) -> None:
    with driven(tmp_path, what) as driver:
        driver.process.send_signal(number)
        assert driver.process.wait(20) == 130
        assert driver.is_gone()


def test_nothing_is_left_after_a_second_interrupt_during_the_clean_up(tmp_path: Path) -> None:
    with driven(tmp_path, "stubborn") as driver:
        assert driver.process.stdout
        driver.process.send_signal(signal.SIGINT)
        assert driver.process.stdout.readline() == "cleaning\n"
        driver.process.send_signal(signal.SIGINT)
        assert driver.process.wait(20) == 130
        assert driver.is_gone()


def test_nothing_is_left_after_two_interrupts_at_once(tmp_path: Path) -> None:
    with driven(tmp_path) as driver:
        driver.process.send_signal(signal.SIGINT)
        driver.process.send_signal(signal.SIGINT)
        assert driver.process.wait(20) == 130
        assert driver.is_gone()


@pytest.mark.parametrize("what", ["waiting", "starting"])
def test_nothing_is_left_when_the_harness_is_killed(tmp_path: Path, what: str) -> None:
    with driven(tmp_path, what) as driver:
        driver.process.kill()
        assert driver.is_gone()


@pytest.mark.slow
def test_nothing_is_left_of_a_database_pair_when_the_harness_is_killed(tmp_path: Path) -> None:
    with driven(tmp_path, "pair") as driver:
        driver.process.kill()
        assert driver.is_gone()


def test_when_the_guardian_is_killed_the_harness_undoes_the_run_itself(tmp_path: Path) -> None:
    with driven(tmp_path) as driver:
        os.kill(driver.guardian.pid, signal.SIGKILL)
        assert all_gone(driver.processes)
        assert eventually(lambda: not driver.directory.exists())
        assert driver.process.poll() is None, "the harness itself goes on, and may start anew"
        driver.process.send_signal(signal.SIGINT)
        assert driver.process.wait(20) == 130
        assert driver.is_gone()


def test_when_both_are_killed_the_next_start_sweeps(tmp_path: Path) -> None:
    with driven(tmp_path) as driver:
        driver.process.send_signal(signal.SIGSTOP)  # so that it cannot notice the death of its guardian
        os.kill(driver.guardian.pid, signal.SIGKILL)
        assert all_gone([driver.guardian])
        driver.process.kill()
        driver.process.wait()
        assert any(exists(process) for process in driver.processes), "nobody was left to end them"
        swept = sweep(driver.root)
        assert [one.directory for one in swept] == [driver.directory]
        assert driver.is_gone()
        assert sweep(driver.root) == []
