"""What the kernel says of the processes below one, and what whole lines a log has."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from harness.environments.base import ProcessIdentity
from harness.environments.inspecting import whole_lines, worker_of, workers_of
from tests.harness.environments.sleepers import eventually, identity_of

TWO_BELOW = """
import os, signal
if os.fork() == 0:
    if os.fork() == 0:
        while True: pass
    signal.pause()
signal.pause()
"""


@pytest.fixture
def family() -> Iterator["subprocess.Popen[bytes]"]:
    """A process with a child that sleeps, which has a child that computes for ever."""
    parent = subprocess.Popen([sys.executable, "-I", "-S", "-c", TWO_BELOW])
    assert eventually(lambda: len(workers_of(identity_of(parent.pid))) == 2)
    below = workers_of(identity_of(parent.pid))
    yield parent
    for worker in below:
        os.kill(worker.identity.pid, signal.SIGKILL)
    parent.kill()
    parent.wait()


def test_all_below_are_seen_with_what_they_are_at(family: "subprocess.Popen[bytes]") -> None:
    main = identity_of(family.pid)

    def busy() -> int:
        return max(workers_of(main), key=lambda one: one.cpu_s).identity.pid

    assert eventually(lambda: max(one.cpu_s for one in workers_of(main)) > 0.1)
    first, pid = worker_of(busy()), busy()
    assert first is not None
    assert eventually(lambda: (now := worker_of(pid)) is not None and now.cpu_s > first.cpu_s + 0.05)
    later = worker_of(pid)
    assert later is not None
    assert (later.identity, later.own_pid, later.waits) == (first.identity, pid, first.waits), "it never waits"
    os.kill(pid, signal.SIGSTOP)
    assert eventually(lambda: (now := worker_of(pid)) is not None and now.state == "T")


def test_it_is_seen_without_the_kernels_lists_of_children(
    family: "subprocess.Popen[bytes]", monkeypatch: pytest.MonkeyPatch
) -> None:
    wanted = {one.identity for one in workers_of(identity_of(family.pid))}
    exists = Path.exists
    monkeypatch.setattr(Path, "exists", lambda self: self.name != "children" and exists(self))
    monkeypatch.setattr(Path, "glob", lambda *_: iter(()))
    assert {one.identity for one in workers_of(identity_of(family.pid))} == wanted


def test_what_has_ended_is_not_there(family: "subprocess.Popen[bytes]") -> None:
    main = identity_of(family.pid)
    assert workers_of(ProcessIdentity(pid=main.pid, started_ticks=main.started_ticks + 1)) == ()
    child = subprocess.Popen([sys.executable, "-c", ""])
    assert eventually(lambda: worker_of(child.pid) is None), "a zombie has ended"
    child.wait()
    assert worker_of(child.pid) is None


@pytest.mark.parametrize(
    ("text", "after", "lines"),
    [
        ("", 0, []),
        ("one\n", 0, ["one"]),
        ("one\ntwo", 0, ["one"]),
        ("one\ntwo\n", 1, ["two"]),
        ("one\u2028still one\n\ntwo\n", 0, ["one\u2028still one", "", "two"]),
        ("one\n", 5, []),
    ],
)
def test_a_line_is_whole_when_it_has_ended(tmp_path: Path, text: str, after: int, lines: list[str]) -> None:
    log = tmp_path / "log"
    log.write_text(text, encoding="utf-8")
    assert list(whole_lines(log, after)) == lines


def test_without_a_log_there_are_no_lines(tmp_path: Path) -> None:
    assert list(whole_lines(tmp_path / "none")) == []
