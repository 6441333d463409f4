"""Undoes what a run left, whatever became of the harness.

A tiny program of its own (standard library, one thread) that starts every process of a run, so that everything descends
from it. It holds the run's lease: a pipe from the harness, and a lock on the run's lease file. When the pipe ends,
because the harness closed it or died by any signal, it kills all its descendants and removes the run's directory.

Arguments: the run's directory, the descriptors of the leases to hold (the lease file's first), the harness's PID.

Why not parent-death signals: they fire when the *thread* that spawned ends, and are lost with setuid. As a child
subreaper the guardian also inherits what its descendants orphan.

Protocol, one JSON object a line. Requests carry an `id`, answers repeat it:

* `{"do": "start", "argv", "environ", "cwd", "log", "errors"?}` -> `{"pid", "started_ticks"}` or `{"error"}`
* `{"do": "end", "keep": [pid, ...]}` kills all descendants but these -> `{"ended": n}` when they are gone
* without request: `{"exited": pid, "started_ticks", "status": n}`; a negative status is a signal

It is not a supervisor: it restarts nothing. It is run by its path, with `python -I -S`, to start in milliseconds; so it
imports nothing of this project.
"""

import contextlib
import ctypes
import fcntl
import json
import os
import select
import shutil
import signal
import stat
import sys
from collections.abc import Callable, Collection, Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

MARKER = ".drill-run"
"""A run's directory is only ever removed when it holds a file of this name."""
LEDGER = "ledger"
"""One line a process, `PID TICKS NAME`, written by the process itself before it becomes the program."""
LEASE = "lease"
"""Locked for as long as the harness or the guardian lives."""
KEPT = "kept"
"""When a file of this name is there, the directory stays after the run."""
RUN_VARIABLE = "DRILL_RUN_DIRECTORY"
"""In the environment of every process of a run; its descendants inherit it."""
ENGINE = "engine"
"""Where a run has containers too: a file that holds the path of the engine's socket."""
ENGINE_LABEL = "drill-harness.run"
"""On every container and network of a run, with the run's directory as its value."""

PR_SET_CHILD_SUBREAPER = 36
IGNORED = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT, signal.SIGPIPE)
ROUND_MS = 3
ROUNDS_MAX = 5000
ENGINE_ROUND_MS = 100
ENGINE_ROUNDS_MAX = 100
ENGINE_ANSWERS_WITHIN_S = 20.0


class ProcessRow(NamedTuple):
    """One process as `/proc/PID/stat` shows it; `started_ticks` are clock ticks since boot."""

    pid: int
    state: str
    parent: int
    session: int
    threads: int
    started_ticks: int

    @property
    def ended(self) -> bool:
        """A zombie; but one whose other threads still run may still hold its sockets."""
        return self.state in "ZX" and self.threads <= 1


def process_row(pid: int) -> ProcessRow | None:
    """What `/proc` says about a process; None when there is none."""
    try:
        text = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return None
    # The name stands in parentheses and may hold spaces and parentheses itself.
    fields = text[text.rindex(")") + 2 :].split()
    return ProcessRow(pid, fields[0], int(fields[1]), int(fields[3]), int(fields[17]), int(fields[19]))


def process_table() -> dict[int, ProcessRow]:
    """All processes this user can see."""
    rows = (process_row(int(name)) for name in os.listdir("/proc") if name.isdigit())  # noqa: PTH208 - names alone, and often
    return {row.pid: row for row in rows if row is not None}


def descendants(table: Mapping[int, ProcessRow], roots: Collection[int]) -> list[ProcessRow]:
    """Everything below `roots` (the roots themselves are left out) that still runs: zombies have ended."""
    children: dict[int, list[ProcessRow]] = {}
    for row in table.values():
        children.setdefault(row.parent, []).append(row)
    found: list[ProcessRow] = []
    waiting = list(roots)
    while waiting:
        for row in children.get(waiting.pop(), ()):
            waiting.append(row.pid)
            if not row.ended:
                found.append(row)
    return found


def send_signal(pid: int, started_ticks: int, number: int) -> bool:
    """Signal that very process; False when it is gone, also when another program has its PID by now."""
    try:
        descriptor = os.pidfd_open(pid)
    except OSError:
        return False
    try:
        row = process_row(pid)
        if row is None or row.started_ticks != started_ticks:
            return False
        signal.pidfd_send_signal(descriptor, number)
    except ProcessLookupError:
        return False
    finally:
        os.close(descriptor)
    return True


def remove_run_directory(directory: Path) -> bool:
    """Remove a run's directory, if it is one: a real directory of this user that holds the marker."""
    try:
        status = directory.lstat()
    except OSError:
        return False
    if not stat.S_ISDIR(status.st_mode) or status.st_uid != os.getuid() or not (directory / MARKER).is_file():
        return False
    for entry in list(directory.iterdir()):
        if entry.name == MARKER:
            continue  # last, so that a removal that was cut short can be taken up again
        if entry.is_dir() and not entry.is_symlink():
            shutil.rmtree(entry, ignore_errors=True)
        else:
            entry.unlink(missing_ok=True)
    shutil.rmtree(directory, ignore_errors=True)
    return not directory.exists()


def write_ledger(ledger: str, name: str) -> None:
    """Enter the calling process into the ledger, in one write."""
    row = process_row(os.getpid())
    assert row is not None
    descriptor = os.open(ledger, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        os.write(descriptor, f"{row.pid} {row.started_ticks} {name}\n".encode())
    finally:
        os.close(descriptor)


class Guardian:
    """The state of the running guardian: its pipe, its children, its run's directory."""

    def __init__(self, directory: Path, harness_pid: int) -> None:
        self.directory = directory
        self.ledger = str(directory / LEDGER)
        self.buffer = b""
        self.harness = self._watch(harness_pid)

    @staticmethod
    def _watch(pid: int) -> int | None:
        """A descriptor that turns readable when the harness dies: a forked copy of it could hold the pipe open."""
        if os.getppid() != pid:
            return None
        with contextlib.suppress(OSError):
            return os.pidfd_open(pid)
        return None

    def run(self) -> None:
        """Serve requests until the lease ends."""
        reader, writer = os.pipe()
        os.set_blocking(writer, False)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        signal.set_wakeup_fd(writer, warn_on_full_buffer=False)
        poll = select.poll()
        for descriptor in (0, reader, self.harness):
            if descriptor is not None:
                poll.register(descriptor, select.POLLIN)
        leased = True
        while leased:
            for descriptor, _ in poll.poll():
                if descriptor == reader:
                    os.read(reader, 4096)
                elif descriptor == 0:
                    leased = self.read() and leased
                else:
                    leased = False
            self.reap()

    def read(self) -> bool:
        """Take what came over the pipe; False at its end."""
        data = os.read(0, 65536)
        *lines, self.buffer = (self.buffer + data).split(b"\n")
        for line in lines:
            request = json.loads(line)
            try:
                answer = self.start(request) if request["do"] == "start" else self.end(request.get("keep", ()))
            except OSError as error:
                answer = {"error": f"{error.strerror or error}: {error.filename or request.get('argv', [''])[0]}"}
            self.say({"id": request["id"], **answer})
        return bool(data)

    @staticmethod
    def say(document: dict[str, Any]) -> None:
        with contextlib.suppress(OSError):
            os.write(1, json.dumps(document).encode() + b"\n")

    def reap(self) -> None:
        """Collect children that ended, and tell."""
        with contextlib.suppress(ChildProcessError):
            while (ended := os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT)) is not None:
                row = process_row(ended.si_pid)
                status = os.waitstatus_to_exitcode(os.waitpid(ended.si_pid, 0)[1])
                ticks = row.started_ticks if row else 0
                self.say({"exited": ended.si_pid, "started_ticks": ticks, "status": status})

    def start(self, request: dict[str, Any]) -> dict[str, Any]:
        """Start a program; answer once it is the program, or cannot be."""
        reader, writer = os.pipe()
        pid = os.fork()
        if pid == 0:
            become(request, self.ledger, writer)
        os.close(writer)
        with os.fdopen(reader, "rb") as failure:
            problem = failure.read()
        row = process_row(pid)
        if problem or row is None:
            return {"error": problem.decode() or "it vanished"}
        return {"pid": pid, "started_ticks": row.started_ticks}

    def end(self, keep: Collection[int]) -> dict[str, int]:
        """Kill all descendants but `keep`, stopped ones and orphans too, until there are none."""
        ended: set[int] = set()
        for _ in range(ROUNDS_MAX):
            left = [row for row in descendants(process_table(), [os.getpid()]) if row.pid not in keep]
            if not left:
                break
            ended |= {row.pid for row in left if send_signal(row.pid, row.started_ticks, signal.SIGKILL)}
            self.reap()
            select.poll().poll(ROUND_MS)
        self.reap()
        return {"ended": len(ended)}


def become(request: dict[str, Any], ledger: str, failure: int) -> None:
    """In the child: own session, default signals, own files, entered into the ledger; then the program."""
    try:
        os.setsid()
        for number in (*IGNORED, signal.SIGCHLD):
            signal.signal(number, signal.SIG_DFL)
        write_ledger(ledger, request["name"])
        redirect(request["log"], request.get("errors"))
        os.chdir(request["cwd"])
        os.execvpe(request["argv"][0], request["argv"], request["environ"])  # noqa: S606 - what the harness asks for
    except BaseException as error:  # the parent is told; a forked copy must never go on
        os.write(failure, f"{type(error).__name__}: {error}".encode())
    finally:
        os._exit(127)


def redirect(log: str, errors: str | None = None) -> None:
    """Standard input from nowhere; output and errors to `log`, or errors to a file of their own."""
    flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT
    for target, path, how in ((0, os.devnull, os.O_RDONLY), (1, log, flags), (2, errors or log, flags)):
        opened = os.open(path, how, 0o600)
        os.dup2(opened, target)
        if opened > 2:
            os.close(opened)


def ledger_lines(directory: Path) -> Iterator[tuple[int, int]]:
    """PID and start ticks of what a run's ledger names; unreadable lines are left out."""
    with contextlib.suppress(OSError):
        for line in (directory / LEDGER).read_text(encoding="utf-8", errors="replace").splitlines():
            words = line.split()
            if len(words) >= 2 and words[0].isdigit() and words[1].isdigit():
                yield int(words[0]), int(words[1])


def remove_containers(directory: Path) -> int:
    """Remove the containers and networks of a run, if it has an engine; returns how many.

    The engine may still be at work on what the harness asked last, so it is asked until it twice has nothing more.
    """
    try:
        path = (directory / ENGINE).read_text(encoding="utf-8")
    except OSError:
        return 0
    label = json.dumps({"label": [f"{ENGINE_LABEL}={directory}"]})
    removed, empty = 0, 0
    for _ in range(ENGINE_ROUNDS_MAX):
        found = engine_look(path, label)
        # All at once: the engine takes its time over each.
        for asked in [begin_to_ask(path, "DELETE", what) for what in found]:
            answer_of(asked)
        removed += len(found)
        empty = 0 if found else empty + 1
        if empty == 2:
            break
        select.poll().poll(ENGINE_ROUND_MS)
    return removed


def engine_look(path: str, label: str) -> list[str]:
    """What bears the label, as the paths by which it is removed: containers, or when there are none, networks."""
    from urllib.parse import quote

    def listed(what: str) -> list[str]:
        return [one["Id"] for one in answer_of(begin_to_ask(path, "GET", f"{what}filters={quote(label)}")) or []]

    containers = listed("/containers/json?all=1&")
    if containers:
        return [f"/containers/{one}?force=1&v=1" for one in containers]
    return [f"/networks/{one}" for one in listed("/networks?")]


def begin_to_ask(path: str, method: str, what: str) -> Any:
    """Send one request to the container engine at the socket `path`; the connection to read its answer from."""
    from http.client import HTTPConnection
    from socket import AF_UNIX, SOCK_STREAM, socket

    connection = HTTPConnection("localhost")
    with contextlib.suppress(OSError):
        connection.sock = socket(AF_UNIX, SOCK_STREAM)
        connection.sock.settimeout(ENGINE_ANSWERS_WITHIN_S)
        connection.sock.connect(path)
        connection.request(method, what)
    return connection


def answer_of(connection: Any) -> Any:
    """The JSON that the engine answered, or None when it did not."""
    from http.client import HTTPException

    try:
        return json.loads(connection.getresponse().read() or b"null")
    except (OSError, HTTPException, ValueError):
        return None
    finally:
        connection.close()


def undo(directory: Path, kill: Callable[[], object]) -> None:
    """What ends a run: `kill` everything, then remove the directory unless it is to be kept."""
    kill()
    remove_containers(directory)
    if not (directory / KEPT).exists():
        remove_run_directory(directory)


def main() -> int:
    directory, harness_pid = Path(sys.argv[1]), int(sys.argv[3])
    leases = [int(word) for word in sys.argv[2].split(",")]
    for number in IGNORED:
        signal.signal(number, signal.SIG_IGN)
    ctypes.CDLL(None, use_errno=True).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    for lease in leases:
        os.set_inheritable(lease, False)  # ours and the harness's, never our children's
    fcntl.flock(leases[0], fcntl.LOCK_EX | fcntl.LOCK_NB)
    guardian = Guardian(directory, harness_pid)
    guardian.say({"ready": os.getpid()})
    guardian.run()
    undo(directory, lambda: guardian.end(()))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
