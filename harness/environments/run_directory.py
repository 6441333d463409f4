"""The directory of one run: who holds it, and how it is undone when nobody does.

All runs of a user lie below one private directory. A run is live while its lease file is locked; the harness and its
guardian share that lock. What is not locked was left by a harness *and* a guardian that were both killed, and `sweep`
undoes it by its ledger. Nothing is ever killed by name, and nothing removed that does not hold our marker.
"""

import contextlib
import fcntl
import os
import signal
import stat
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Self

from harness.clock import block_s
from harness.environments.base import EnvironmentFault
from harness.environments.guardian import (
    KEPT,
    LEASE,
    MARKER,
    RUN_VARIABLE,
    ProcessRow,
    descendants,
    ledger_lines,
    process_row,
    process_table,
    remove_containers,
    remove_run_directory,
    send_signal,
)

ROOT_LOCK = ".lock"
ROUNDS_MAX = 1000


def default_root() -> Path:
    """Where this user's runs lie: `${TMPDIR:-/tmp}/drill-UID`."""
    return Path(tempfile.gettempdir()) / f"drill-{os.getuid()}"


def private_directory(path: Path) -> Path:
    """Make `path`, readable to this user alone; raises EnvironmentFault when it is somebody else's."""
    path.mkdir(mode=0o700, parents=True, exist_ok=True)
    status = path.lstat()
    if not stat.S_ISDIR(status.st_mode) or status.st_uid != os.getuid():
        raise EnvironmentFault(f"{path} is not a directory of user {os.getuid()}: remove it, or set TMPDIR elsewhere")
    if status.st_mode & 0o077:
        path.chmod(0o700)
    return path


@contextlib.contextmanager
def locked(path: Path) -> Iterator[None]:
    """Hold an exclusive lock on the file `path` (made when missing), waiting for it."""
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


@dataclass(slots=True, kw_only=True)
class RunDirectory:
    """One run's directory and the lease on it; `lease` is the descriptor of the locked file."""

    path: Path
    run_id: str
    lease: int

    @classmethod
    def create(cls, root: Path, run_id: str | None = None) -> Self:
        """Make the directory and take its lease. Without `run_id` it is called after this process and a number."""
        private_directory(root)
        names = iter([run_id]) if run_id else (f"{os.getpid()}-{number}" for number in count(1))
        with locked(root / ROOT_LOCK):  # no sweep between the making and the locking
            for name in names:
                path = root / name
                with contextlib.suppress(FileExistsError):
                    path.mkdir(mode=0o700)
                    (path / MARKER).touch(mode=0o600)
                    lease = os.open(path / LEASE, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
                    fcntl.flock(lease, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    return cls(path=path, run_id=name, lease=lease)
        raise EnvironmentFault(f"{root / str(run_id)} exists already: a run's id must be new")

    def release(self) -> None:
        """Let go of the lease; the guardian may still hold it."""
        if self.lease >= 0:
            os.close(self.lease)
            self.lease = -1


@dataclass(frozen=True, slots=True, kw_only=True)
class Leftover:
    """A run that nobody holds: `processes` still ran, and the directory is `kept` on purpose or not."""

    directory: Path
    processes: int
    kept: bool


def left_runs(root: Path) -> list[Path]:
    """Directories of runs that nobody holds."""
    return [path for path in _runs(root) if not _held(path)]


def sweep(root: Path) -> list[Leftover]:
    """Undo every run below `root` whose lease nobody holds; kept directories lose their processes and stay."""
    if not root.is_dir():
        return []
    with locked(root / ROOT_LOCK):
        return [undo_by_ledger(path) for path in left_runs(root) if not _is_idle(path)]


def undo_by_ledger(directory: Path) -> Leftover:
    """End what a run without guardian left, and remove its directory unless it is kept."""
    ended: set[int] = set()
    for _ in range(ROUNDS_MAX):
        left = live_processes(directory)
        if not left:
            break
        ended |= {row.pid for row in left if send_signal(row.pid, row.started_ticks, signal.SIGKILL)}
        block_s(0.003)
    remove_containers(directory)
    kept = (directory / KEPT).exists()
    if not kept:
        remove_run_directory(directory)
    return Leftover(directory=directory, processes=len(ended), kept=kept)


def live_processes(directory: Path) -> list[ProcessRow]:
    """What still runs of a run: its ledger's very processes, what descends from them, and what bears its mark."""
    table = process_table()
    ours = {pid for pid, ticks in ledger_lines(directory) if pid in table and table[pid].started_ticks == ticks}
    ours |= {pid for pid in table if pid not in ours and _bears_mark(pid, directory)}
    ours -= _self_and_ancestors(table)
    found = {row.pid: row for row in descendants(table, ours)}
    found.update({pid: table[pid] for pid in ours if not table[pid].ended})
    return list(found.values())


def _runs(root: Path) -> list[Path]:
    if not root.is_dir():
        return []
    return sorted(path for path in root.iterdir() if path.is_dir() and (path / MARKER).is_file())


def _is_idle(path: Path) -> bool:
    """Kept on purpose, and nothing runs: not worth another look."""
    return (path / KEPT).exists() and not live_processes(path)


def _held(path: Path) -> bool:
    try:
        descriptor = os.open(path / LEASE, os.O_RDWR | os.O_CLOEXEC)
    except OSError:
        return False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return True
    finally:
        os.close(descriptor)
    return False


def _bears_mark(pid: int, directory: Path) -> bool:
    with contextlib.suppress(OSError):
        return f"{RUN_VARIABLE}={directory}".encode() in Path(f"/proc/{pid}/environ").read_bytes().split(b"\0")
    return False


def _self_and_ancestors(table: dict[int, ProcessRow]) -> set[int]:
    pids: set[int] = set()
    pid = os.getpid()
    while pid > 0 and pid not in pids:
        pids.add(pid)
        row = table.get(pid) or process_row(pid)
        pid = row.parent if row else 0
    return pids
