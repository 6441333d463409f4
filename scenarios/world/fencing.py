"""Ends an old primary where it lives: kills it by its PID, and writes `read_only` into its configuration.

A PID alone names nobody: it may have been given out again. So the process is looked at before it is killed, and what is
not that server is left alone.
"""

import os
from pathlib import Path

import psutil

from harness.clock import Deadline, block_s
from scenarios.world.managed_settings import Database

GONE_WITHIN_S = 2.0
FENCE = "[mysqld]\nread_only = ON\nloose_super_read_only = ON\n"
"""MariaDB reads it as MySQL does, and passes over what it does not know; MySQL then refuses administrators too."""
_PROGRAMS = frozenset({"mariadbd", "mysqld"})
_CLOCK_SLACK_S = 2.0


class NotThatServer(RuntimeError):
    """The process that the PID file names is something else; it must not be touched."""


def server_process(database: Database) -> psutil.Process | None:
    """The running process of a database server, or None when it is gone.

    Raises NotThatServer when the PID belongs to another program, to a process that is younger than the PID file, or to
    a server on another port.
    """
    try:
        pid = int(database.pid_file.read_text(encoding="ascii"))
        written_s = database.pid_file.stat().st_mtime
    except (OSError, ValueError):
        return None
    try:
        process = psutil.Process(pid)
        if _is_gone(process):
            return None
        command = process.cmdline()
        if not command or Path(command[0]).name not in _PROGRAMS:
            raise NotThatServer(f"PID {pid} runs {command[:1]}, not {' or '.join(sorted(_PROGRAMS))}")
        if process.create_time() > written_s + _CLOCK_SLACK_S:
            raise NotThatServer(f"PID {pid} began after {database.pid_file} was written: it was given out again")
        ports = {found.laddr.port for found in process.net_connections("tcp") if found.status == psutil.CONN_LISTEN}
        if database.port not in ports:
            raise NotThatServer(f"PID {pid} listens on {sorted(ports)}, not on {database.port}")
    except psutil.NoSuchProcess:
        return None
    except psutil.AccessDenied as error:
        raise NotThatServer(f"PID {pid} cannot be looked at: {error}") from error
    return process


def kill_server(database: Database) -> int | None:
    """SIGKILL the server and wait until it is gone; returns its PID, or None when there was nothing to kill.

    Raises NotThatServer when the process is another, or does not go.
    """
    process = server_process(database)
    if process is None:
        return None
    try:
        process.kill()
    except psutil.NoSuchProcess:
        return None
    except psutil.AccessDenied as error:
        raise NotThatServer(f"PID {process.pid} cannot be killed: {error}") from error
    deadline = Deadline(GONE_WITHIN_S)
    while not _is_gone(process):
        if deadline.passed:
            raise NotThatServer(f"PID {process.pid} is still there {GONE_WITHIN_S} s after SIGKILL")
        block_s(0.002)
    return process.pid


def write_fence(database: Database) -> None:
    """Make the server come up read-only if anybody starts it again. Raises OSError."""
    draft = database.fence_file.with_name(database.fence_file.name + ".new")
    with draft.open("w", encoding="ascii") as file:
        file.write(FENCE)
        file.flush()
        os.fsync(file.fileno())
    draft.replace(database.fence_file)


def _is_gone(process: psutil.Process) -> bool:
    """A zombie holds no socket and runs nothing: whoever started it has yet to take note, that is all."""
    try:
        return not process.is_running() or process.status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True
