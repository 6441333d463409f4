"""The guardian starts what it is asked to, tells of exits, and when its lease ends leaves nothing of its run."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from harness.environments import guardian
from harness.environments.base import ProcessIdentity
from harness.environments.guardian import (
    KEPT,
    LEASE,
    LEDGER,
    MARKER,
    RUN_VARIABLE,
    descendants,
    ledger_lines,
    process_row,
    process_table,
    remove_run_directory,
    send_signal,
)
from harness.environments.running import exists
from tests.harness.environments.sleepers import SLEEP, all_gone, eventually, identity_of, own_environ, stranger

# Starts a child in a session of its own and then dies, so that the child is orphaned; the child stops itself.
ORPHANING = """
import os, signal
if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        os.setsid()
        os.kill(os.getpid(), signal.SIGSTOP)
    os._exit(0)
while True: signal.pause()
"""


class Guarded:
    """A guardian with its pipes, as the harness would hold them."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        (directory / MARKER).touch()
        lease = os.open(directory / LEASE, os.O_RDWR | os.O_CREAT)
        self.process = subprocess.Popen(
            [sys.executable, "-I", "-S", guardian.__file__, str(directory), str(lease), str(os.getpid())],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            pass_fds=(lease,),
            start_new_session=True,
        )
        os.close(lease)
        assert self.answer() == {"ready": self.process.pid}

    def answer(self) -> dict[str, Any]:
        assert self.process.stdout
        document: dict[str, Any] = json.loads(self.process.stdout.readline())
        return document

    def ask(self, **request: Any) -> dict[str, Any]:
        assert self.process.stdin
        self.process.stdin.write(json.dumps({"id": 1, **request}).encode() + b"\n")
        self.process.stdin.flush()
        return self.answer()

    def start(self, argv: list[str], **more: Any) -> dict[str, Any]:
        given = {"environ": own_environ(), "cwd": "/", "log": str(self.directory / "log"), "name": "sleeper"}
        return self.ask(do="start", argv=argv, **{**given, **more})

    def started(self, argv: list[str]) -> ProcessIdentity:
        answer = self.start(argv)
        return ProcessIdentity(pid=answer["pid"], started_ticks=answer["started_ticks"])

    def end_lease(self) -> None:
        assert self.process.stdin
        self.process.stdin.close()


@pytest.fixture
def guarded(tmp_path: Path) -> Iterator[Guarded]:
    directory = tmp_path / "run"
    directory.mkdir()
    one = Guarded(directory)
    yield one
    one.end_lease()
    assert one.process.wait(10) == 0
    assert one.process.stdout
    one.process.stdout.close()


def test_a_started_process_is_in_the_ledger_in_its_own_session_with_its_own_files(guarded: Guarded) -> None:
    told = "import os; print(os.getsid(0) == os.getpid(), os.getcwd(), {*os.environ} - {'LC_CTYPE'}, os.read(0, 1))"
    answer = guarded.start([sys.executable, "-I", "-S", "-c", told], environ={"A": "1"})
    ended = guarded.answer()
    assert ended == {"exited": answer["pid"], "started_ticks": answer["started_ticks"], "status": 0}
    assert (guarded.directory / "log").read_text() == "True / {'A'} b''\n"
    assert list(ledger_lines(guarded.directory)) == [(answer["pid"], answer["started_ticks"])]


def test_a_program_that_is_not_there_is_an_error_and_no_process(guarded: Guarded) -> None:
    answer = guarded.start(["/nowhere/program"])
    assert "No such file" in answer["error"]


def test_an_exit_is_told_with_its_code_or_its_signal(guarded: Guarded) -> None:
    guarded.start(["/bin/sh", "-c", "exit 7"])
    assert guarded.answer()["status"] == 7
    identity = guarded.started(SLEEP)
    send_signal(identity.pid, identity.started_ticks, signal.SIGTERM)
    assert guarded.answer() == {"exited": identity.pid, "started_ticks": identity.started_ticks, "status": -15}


def test_a_started_process_has_default_signals_although_the_guardian_ignores_them(guarded: Guarded) -> None:
    identity = guarded.started(SLEEP)
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT):
        os.kill(guarded.process.pid, number)
    send_signal(identity.pid, identity.started_ticks, signal.SIGHUP)
    assert guarded.answer()["status"] == -1
    assert guarded.process.poll() is None


def test_end_kills_all_but_the_kept_orphans_and_stopped_ones_too(guarded: Guarded) -> None:
    kept = guarded.started(SLEEP)
    others = [guarded.started(SLEEP), guarded.started([sys.executable, "-I", "-S", "-c", ORPHANING])]
    orphan = stopped_orphan(guarded)
    os.kill(others[0].pid, signal.SIGSTOP)
    answer = guarded.ask(do="end", keep=[kept.pid])
    while "ended" not in answer:
        answer = guarded.answer()
    assert answer["ended"] >= 3
    assert exists(kept)
    assert not any(exists(identity) for identity in [*others, orphan])


def test_when_the_lease_ends_everything_is_killed_and_the_directory_removed(guarded: Guarded) -> None:
    everything = [guarded.started(SLEEP), guarded.started([sys.executable, "-I", "-S", "-c", ORPHANING])]
    everything.append(stopped_orphan(guarded))
    os.kill(everything[0].pid, signal.SIGSTOP)
    with stranger():
        guarded.end_lease()
        assert guarded.process.wait(10) == 0
    assert all_gone(everything)
    assert not guarded.directory.exists()


def test_a_directory_that_is_to_be_kept_is(guarded: Guarded) -> None:
    (guarded.directory / KEPT).touch()
    identity = guarded.started(SLEEP)
    guarded.end_lease()
    assert guarded.process.wait(10) == 0
    assert all_gone([identity])
    assert (guarded.directory / LEDGER).exists()


def stopped_orphan(guarded: Guarded) -> ProcessIdentity:
    """The grandchild that ORPHANING makes: stopped, and by now the guardian's own child."""
    found: list[int] = []

    def there() -> bool:
        rows = process_table().values()
        found[:] = [row.pid for row in rows if row.parent == guarded.process.pid and row.state == "T"]
        return bool(found)

    assert eventually(there)
    return identity_of(found[0])


def test_a_signal_reaches_that_very_process_and_no_other_with_its_pid() -> None:
    with stranger() as identity:
        assert not send_signal(identity.pid, identity.started_ticks + 1, signal.SIGKILL)
        assert send_signal(identity.pid, identity.started_ticks, 0)
    assert not send_signal(identity.pid, identity.started_ticks, signal.SIGKILL)


def test_descendants_are_found_and_the_roots_left_out() -> None:
    with stranger() as identity:
        found = {row.pid for row in descendants(process_table(), [os.getpid()])}
        assert identity.pid in found
        assert os.getpid() not in found


def test_a_name_with_spaces_and_parentheses_is_read_rightly(tmp_path: Path) -> None:
    odd = "import signal; open('/proc/self/comm', 'w').write(') S 1 (x'); print(flush=True); signal.pause()"
    process = subprocess.Popen([sys.executable, "-I", "-S", "-c", odd], stdout=subprocess.PIPE)
    assert process.stdout
    process.stdout.readline()
    row = process_row(process.pid)
    process.kill()
    process.wait()
    process.stdout.close()
    assert row is not None
    assert row.parent == os.getpid()


@pytest.mark.parametrize("name", ["unmarked", "link", "missing", "file"])
def test_only_a_marked_directory_of_ours_is_removed(tmp_path: Path, name: str) -> None:
    real = tmp_path / "real"
    real.mkdir()
    (real / MARKER).touch()
    (tmp_path / "unmarked").mkdir()
    (tmp_path / "link").symlink_to(real)
    (tmp_path / "file").touch()
    assert not remove_run_directory(tmp_path / name)
    assert (real / MARKER).exists()
    assert (tmp_path / "unmarked").exists()


def test_what_a_link_in_the_directory_leads_to_is_left_alone(tmp_path: Path) -> None:
    outside, run = tmp_path / "outside", tmp_path / "run"
    for directory in (outside, run, run / "data"):
        directory.mkdir()
    (outside / "precious").touch()
    (run / MARKER).touch()
    (run / "link").symlink_to(outside)
    (run / "data" / "link").symlink_to(outside)
    assert remove_run_directory(run)
    assert (outside / "precious").exists()
    assert not run.exists()


def test_the_mark_of_a_run_is_a_variable_that_no_user_would_set() -> None:
    assert RUN_VARIABLE not in os.environ
