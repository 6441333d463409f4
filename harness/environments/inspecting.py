"""Looks at the single processes of a service and at its log, from outside: `/proc` and the file, nothing else.

What a service says of itself is no evidence of how its processes are; what the kernel says of them is. Linux alone.
"""

import contextlib
import os
from collections.abc import Sequence
from pathlib import Path

from harness.environments.base import ProcessIdentity, Worker
from harness.environments.guardian import descendants, process_row, process_table

_TICKS_PER_S = os.sysconf("SC_CLK_TCK")


def workers_of(main: ProcessIdentity) -> tuple[Worker, ...]:
    """Every process below `main` that has not ended; none when `main` itself is gone."""
    row = process_row(main.pid)
    if row is None or row.started_ticks != main.started_ticks:
        return ()
    looked = (worker_of(pid) for pid in _below(main.pid))
    return tuple(worker for worker in looked if worker is not None)


def _below(pid: int) -> list[int]:
    """The PIDs of all descendants, asked of each parent: to look through all processes of the machine takes 10 ms."""
    if not Path(f"/proc/{pid}/task/{pid}/children").exists():  # a kernel without CONFIG_PROC_CHILDREN
        return [row.pid for row in descendants(process_table(), [pid])]
    found: list[int] = []
    waiting = [pid]
    while waiting:
        parent = waiting.pop()
        for task in Path(f"/proc/{parent}/task").glob("*/children"):
            with contextlib.suppress(OSError):
                waiting += (children := [int(word) for word in task.read_text(encoding="ascii").split()])
                found += children
    return found


def worker_of(pid: int) -> Worker | None:
    """One look at a process; None when it has ended."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
        status = Path(f"/proc/{pid}/status").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return None
    # The name stands in parentheses and may hold spaces and parentheses itself.
    fields = stat[stat.rindex(")") + 2 :].split()
    if fields[0] in "ZX":
        return None
    told = dict(line.split(":", 1) for line in status.splitlines() if ":" in line)
    return Worker(
        identity=ProcessIdentity(pid=pid, started_ticks=int(fields[19])),
        own_pid=int(told.get("NSpid", str(pid)).split()[-1]),
        state=fields[0],
        cpu_s=(int(fields[11]) + int(fields[12])) / _TICKS_PER_S,
        waits=int(told.get("voluntary_ctxt_switches", "0")),
    )


def whole_lines(path: Path, after: int = 0) -> Sequence[str]:
    """The lines of a file that end, the first `after` left out; none when there is no file."""
    try:
        text = path.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ()
    return text.split("\n")[:-1][after:]
