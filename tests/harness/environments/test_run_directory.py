"""A run is live while its lease is locked; what nobody holds is undone, and nothing else is ever touched."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from harness.environments.base import EnvironmentFault, ProcessIdentity
from harness.environments.guardian import KEPT, LEDGER, MARKER, RUN_VARIABLE
from harness.environments.run_directory import (
    RunDirectory,
    left_runs,
    live_processes,
    private_directory,
    sweep,
    undo_by_ledger,
)
from harness.environments.running import exists
from tests.harness.environments.sleepers import SLEEP, all_gone, identity_of, own_environ, stranger

PARENT = f"import subprocess, sys; subprocess.Popen({SLEEP!r}); print(flush=True); sys.stdin.read()"


def abandoned(root: Path, name: str = "left") -> Path:
    """A run's directory that nobody holds."""
    run = RunDirectory.create(root, name)
    run.release()
    return run.path


def enter(directory: Path, identity: ProcessIdentity) -> None:
    with (directory / LEDGER).open("a") as ledger:
        ledger.write(f"{identity.pid} {identity.started_ticks} sleeper\n")


def test_a_new_directory_is_private_marked_and_held(tmp_path: Path) -> None:
    run = RunDirectory.create(tmp_path / "root")
    assert run.path.stat().st_mode & 0o777 == 0o700
    assert (tmp_path / "root").stat().st_mode & 0o777 == 0o700
    assert (run.path / MARKER).exists()
    assert left_runs(tmp_path / "root") == []
    run.release()
    assert left_runs(tmp_path / "root") == [run.path]


def test_two_runs_of_one_process_have_two_directories_and_a_named_one_must_be_new(tmp_path: Path) -> None:
    first, second = RunDirectory.create(tmp_path), RunDirectory.create(tmp_path)
    assert first.path != second.path
    with pytest.raises(EnvironmentFault, match="must be new"):
        RunDirectory.create(tmp_path, first.run_id)
    first.release()
    second.release()


def test_a_root_of_somebody_else_or_a_link_is_refused(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(tmp_path)
    with pytest.raises(EnvironmentFault, match="set TMPDIR"):
        private_directory(tmp_path / "link")


def test_a_sweep_ends_what_was_left_and_removes_its_directory_and_leaves_the_held_one(tmp_path: Path) -> None:
    held = RunDirectory.create(tmp_path)
    left = abandoned(tmp_path)
    process = subprocess.Popen(SLEEP, start_new_session=True)
    try:
        with stranger() as unrelated:
            enter(left, identity_of(process.pid))
            enter(held.path, unrelated)
            swept = sweep(tmp_path)
    finally:
        process.wait(5)
    assert [(one.directory, one.processes, one.kept) for one in swept] == [(left, 1, False)]
    assert not left.exists()
    assert held.path.exists()
    held.release()


def test_a_process_that_has_a_pid_of_the_ledger_but_began_at_another_time_survives(tmp_path: Path) -> None:
    left = abandoned(tmp_path)
    with stranger() as unrelated:
        enter(left, ProcessIdentity(pid=unrelated.pid, started_ticks=unrelated.started_ticks + 1))
        undo_by_ledger(left)
        assert exists(unrelated)
    assert not left.exists()


def test_we_ourselves_and_who_started_us_are_never_ended_whatever_a_ledger_says(tmp_path: Path) -> None:
    left = abandoned(tmp_path)
    enter(left, identity_of(os.getpid()))
    enter(left, identity_of(os.getppid()))
    with (left / LEDGER).open("a") as ledger:
        ledger.write("1 0 init\nnonsense\n-5 7\n\n")
    assert not {row.pid for row in live_processes(left)} & {os.getpid(), os.getppid(), 1}


def test_descendants_and_what_bears_the_mark_of_the_run_are_found(tmp_path: Path) -> None:
    left = abandoned(tmp_path)
    marked = subprocess.Popen(SLEEP, env={**own_environ(), RUN_VARIABLE: str(left)}, start_new_session=True)
    parent = subprocess.Popen([sys.executable, "-c", PARENT], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert parent.stdout
    assert parent.stdin
    parent.stdout.readline()
    enter(left, identity_of(parent.pid))
    found = [ProcessIdentity(pid=row.pid, started_ticks=row.started_ticks) for row in live_processes(left)]
    assert len(found) == 3
    assert undo_by_ledger(left).processes >= 3
    for process in (marked, parent):
        process.wait(5)
    parent.stdout.close()
    parent.stdin.close()
    assert all_gone(found)


def test_a_kept_directory_loses_its_processes_and_stays(tmp_path: Path) -> None:
    left = abandoned(tmp_path)
    (left / KEPT).touch()
    process = subprocess.Popen(SLEEP, start_new_session=True)
    enter(left, identity_of(process.pid))
    assert [one.kept for one in sweep(tmp_path)] == [True]
    process.wait(5)
    assert left.exists()
    assert sweep(tmp_path) == []


def test_a_directory_without_marker_is_no_run(tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    assert sweep(tmp_path) == []
    assert (tmp_path / "mine").exists()


def test_a_sweep_of_nothing_is_nothing(tmp_path: Path) -> None:
    assert sweep(tmp_path / "never") == []
