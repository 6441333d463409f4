"""The warm interpreter: imports what Python services share once, then forks one process for each of them.

A program of its own, run by its path (`python -P zygote.py SOCKET LEDGER MODULE...`) in the project's directory. It
connects to the harness's socket, imports the modules, says so, and then serves requests, one JSON object a line:

* `{"do": "fork", "name", "module", "argv", "environ", "cwd", "log", "errors"?}` -> `{"pid", "started_ticks"}`
* without request: `{"warm": seconds of CPU}` once, or `{"failed": module, "error": traceback}`;
  `{"exited": pid, "started_ticks", "status"}` for each end

A forked service is a process as if started by `python -m module`: own session, own environment, own files, default
signals. What it shares is imported code; so nothing that is preloaded may open a socket or start a thread at import.
It is not a sandbox, and it never reads the project's configuration.
"""

import contextlib
import gc
import importlib
import json
import os
import runpy
import select
import signal
import socket
import sys
import threading
import traceback
import warnings
from pathlib import Path
from typing import Any

PR_NAME_MAX = 15


def started_ticks(pid: int | str) -> int:
    """Field 22 of `/proc/PID/stat`; 0 when there is no such process."""
    try:
        text = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return 0
    return int(text[text.rindex(")") + 2 :].split()[19])


class Forked(Exception):
    """Raised in the child alone, to leave everything that belongs to the warm interpreter."""

    def __init__(self, request: dict[str, Any]) -> None:
        super().__init__(request["name"])
        self.request = request


class Zygote:
    """The loop of the warm interpreter."""

    def __init__(self, harness: socket.socket, ledger: str) -> None:
        self.harness = harness
        self.ledger = ledger
        self.buffer = b""
        self.wakeup: tuple[int, int] = (-1, -1)

    def say(self, document: dict[str, Any]) -> None:
        with contextlib.suppress(OSError):
            self.harness.sendall(json.dumps(document).encode() + b"\n")

    def preload(self, modules: list[str]) -> bool:
        """Import all of them; tells which one failed and why."""
        for module in modules:
            try:
                importlib.import_module(module)
                if threading.active_count() > 1:
                    raise RuntimeError("it started a thread at import, which a fork would lose")
            except BaseException:  # whatever an import does, the harness is told
                self.say({"failed": module, "error": traceback.format_exc()})
                return False
        gc.collect()
        gc.freeze()  # else the first collection in each child copies every page
        self.say({"warm": sum(os.times()[:2])})
        return True

    def serve(self) -> None:
        """Answer requests until the harness is gone; raises Forked in each child."""
        reader, writer = self.wakeup = os.pipe()
        os.set_blocking(writer, False)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        signal.set_wakeup_fd(writer, warn_on_full_buffer=False)
        poll = select.poll()
        poll.register(self.harness, select.POLLIN)
        poll.register(reader, select.POLLIN)
        while True:
            for descriptor, _ in poll.poll():
                if descriptor == reader:
                    os.read(reader, 4096)
                elif not self.read():
                    return
            self.reap()

    def read(self) -> bool:
        data = self.harness.recv(65536)
        *lines, self.buffer = (self.buffer + data).split(b"\n")
        for line in lines:
            request = json.loads(line)
            try:
                answer = self.fork(request)
            except OSError as error:
                answer = {"error": str(error)}
            self.say({"id": request["id"], **answer})
        return bool(data)

    def reap(self) -> None:
        with contextlib.suppress(ChildProcessError):
            while (ended := os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT)) is not None:
                ticks = started_ticks(ended.si_pid)
                status = os.waitstatus_to_exitcode(os.waitpid(ended.si_pid, 0)[1])
                self.say({"exited": ended.si_pid, "started_ticks": ticks, "status": status})

    def fork(self, request: dict[str, Any]) -> dict[str, Any]:
        """Fork; the child enters itself into the ledger before it does anything else, and before we answer."""
        entered, tell = os.pipe()
        pid = os.fork()
        if pid == 0:
            try:
                ledger = os.open(self.ledger, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o600)
                os.write(ledger, f"{os.getpid()} {started_ticks('self')} {request['name']}\n".encode())
                os.close(ledger)
                os.setsid()
                signal.set_wakeup_fd(-1)
                signal.signal(signal.SIGCHLD, signal.SIG_DFL)
                for descriptor in (entered, tell, *self.wakeup):
                    os.close(descriptor)
                self.harness.close()
            except BaseException:  # a half-made child must never serve
                os._exit(127)
            raise Forked(request)
        os.close(tell)
        os.read(entered, 1)  # its end: the child is in the ledger, or dead
        os.close(entered)
        return {"pid": pid, "started_ticks": started_ticks(pid)}


def redirect(log: str, errors: str | None) -> None:
    """Standard input from nowhere; output and errors to `log`, or errors to a file of their own."""
    flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT
    for target, path, how in ((0, os.devnull, os.O_RDONLY), (1, log, flags), (2, errors or log, flags)):
        opened = os.open(path, how, 0o600)
        os.dup2(opened, target)
        os.close(opened)


def become(request: dict[str, Any]) -> None:
    """In the child: everything as `python -m module` would have it, then the module. Ends by SystemExit or return."""
    redirect(request["log"], request.get("errors"))
    os.environ.clear()
    os.environ.update(request["environ"])
    os.chdir(request["cwd"])
    signal.signal(signal.SIGINT, signal.default_int_handler)
    with contextlib.suppress(OSError):
        Path("/proc/self/comm").write_text(request["name"][:PR_NAME_MAX], encoding="utf-8")
    sys.argv = [request["module"], *request["argv"]]
    # A module that was preloaded runs a second time, as __main__: meant here, and what runpy would warn of.
    warnings.filterwarnings("ignore", category=RuntimeWarning, module="runpy")
    runpy.run_module(request["module"], run_name="__main__", alter_sys=True)


def main() -> int:
    path, ledger, *modules = sys.argv[1:]
    sys.path.insert(0, str(Path.cwd()))  # as `python -m` has it; our own directory must not be searched
    sys.path.append(str(Path(__file__).resolve().parents[2]))  # the harness's own services are those of this harness
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as harness:
        harness.connect(path)
        zygote = Zygote(harness, ledger)
        if not zygote.preload(modules):
            return 1
        zygote.serve()
    return 0


if __name__ == "__main__":
    try:
        code = main()
    except Forked as forked:
        child = forked.request
    else:
        raise SystemExit(code)
    become(child)
