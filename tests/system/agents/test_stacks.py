"""A worker that hangs tells where: in a loop that never awaits, and in a call that blocks; not when it is stopped."""

import os
import signal
import time
from collections.abc import Callable, Iterator

import pytest

from system.agents.process import WorkerProcess
from system.agents.stacks import Stacks


def _spin_for_ever() -> None:
    while True:
        pass


def _block_for_ever() -> None:
    time.sleep(600)


@pytest.fixture
def forked() -> Iterator[Callable[[Stacks, Callable[[], None]], WorkerProcess]]:
    pids: list[int] = []

    def fork(stacks: Stacks, hang: Callable[[], None]) -> WorkerProcess:
        ready, tell = os.pipe()
        if (pid := os.fork()) == 0:
            _kept = stacks.answer_at(0)
            os.write(tell, str(WorkerProcess.own().started_ticks).encode())
            hang()
            os._exit(0)
        pids.append(pid)
        ticks = int(os.read(ready, 100))
        os.close(ready)
        os.close(tell)
        return WorkerProcess(pid=pid, started_ticks=ticks)

    yield fork
    for pid in pids:
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)


@pytest.mark.parametrize("hang", [_spin_for_ever, _block_for_ever])
def test_it_tells_where_it_hangs(
    hang: Callable[[], None], forked: Callable[[Stacks, Callable[[], None]], WorkerProcess]
) -> None:
    stacks = Stacks(1)
    process = forked(stacks, hang)
    while hang.__name__ not in (stacks.ask(0, process) or ""):
        assert process.alive  # it is on its way there
    for _ in range(2):  # the second answer is not mixed up with the first
        stack = stacks.ask(0, process)
        assert stack is not None
        assert hang.__name__ in stack
        assert stack.count("Current thread") == 1
    assert process.alive


def test_a_stopped_one_says_nothing_and_is_not_waited_for(
    forked: Callable[[Stacks, Callable[[], None]], WorkerProcess],
) -> None:
    stacks = Stacks(1)
    process = forked(stacks, _spin_for_ever)
    os.kill(process.pid, signal.SIGSTOP)
    os.waitid(os.P_PID, process.pid, os.WSTOPPED | os.WNOWAIT)
    assert stacks.ask(0, process) is None


def test_one_that_has_ended_says_nothing() -> None:
    assert Stacks(1).ask(0, WorkerProcess(pid=2**22 + 1, started_ticks=1)) is None
