"""One process for certain: found by its name, killed although it is stopped, and never another with its PID."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from system.agents.process import Named, WorkerProcess, own_place


@pytest.fixture
def child() -> Iterator["subprocess.Popen[bytes]"]:
    process = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
    yield process
    process.kill()
    process.wait()


def _identity(process: "subprocess.Popen[bytes]") -> WorkerProcess:
    ticks = int(Path(f"/proc/{process.pid}/stat").read_text().rpartition(")")[2].split()[19])
    return WorkerProcess(pid=process.pid, started_ticks=ticks)


def test_a_name_says_which_process_and_where() -> None:
    own = Named.own("agents")
    assert (own.process.pid, own.here, own.process.alive) == (os.getpid(), True, True)
    assert Named.read(str(own)) == own
    assert Named.read(f"{own}-0b1f-1") == own
    assert len(f"{own}-{'0' * 36}-1") <= 80


@pytest.mark.parametrize("name", [None, "", "agents-0b1f-1", "resolver-1", "agents-zzzzzzzz-1.2"])
def test_a_name_that_tells_of_no_process(name: str | None) -> None:
    assert Named.read(name) is None


def test_a_process_of_another_place_is_out_of_reach() -> None:
    assert not replace(Named.own("agents"), place="0" * 8 if own_place() != "0" * 8 else "1" * 8).here


def test_a_stopped_process_dies(child: "subprocess.Popen[bytes]") -> None:
    process = _identity(child)
    os.kill(child.pid, signal.SIGSTOP)
    os.waitid(os.P_PID, child.pid, os.WSTOPPED)
    assert process.stopped
    assert process.kill(within_s=5)
    assert not process.alive
    assert child.wait() == -signal.SIGKILL


def test_another_process_with_that_pid_is_left_alone(child: "subprocess.Popen[bytes]") -> None:
    stranger = replace(_identity(child), started_ticks=1)
    assert not stranger.alive
    assert stranger.kill(within_s=5)
    assert not stranger.ask_for_its_stack()
    assert child.poll() is None


def test_one_that_has_ended_needs_no_killing(child: "subprocess.Popen[bytes]") -> None:
    process = _identity(child)
    child.kill()
    child.wait()
    assert process.kill(within_s=5)
    assert process.state is None
