"""One worker process for certain, and what may be done to it: looked at, asked where it is, killed.

A PID alone may have been given to another program since, so a process is its PID and its start time, at a *place*: one
boot of one machine, one PID namespace. Elsewhere the same numbers mean somebody else, who is out of reach. A worker's
name in the database holds all three, so that whoever finds an intent in its hands knows which process to end. Linux
alone: it reads `/proc` and signals through a pidfd.
"""

import contextlib
import ctypes
import hashlib
import os
import re
import select
import signal
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Self

STACK_SIGNAL = signal.SIGUSR1
"""A worker answers it by writing where it is."""
_PR_SET_PDEATHSIG = 1
_NAME = re.compile(r"(?P<kind>[a-z]+)-(?P<place>[0-9a-f]{8})-(?P<pid>[0-9]{1,10})\.(?P<ticks>[0-9]{1,20})(?:-|$)")


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkerProcess:
    """`started_ticks` is field 22 of `/proc/PID/stat`."""

    pid: int
    started_ticks: int

    @classmethod
    def own(cls) -> Self:
        """The process that asks."""
        row = _stat(os.getpid())
        if row is None:
            raise RuntimeError("/proc has no entry for this process; the agents' processes need Linux with /proc")
        return cls(pid=os.getpid(), started_ticks=row[1])

    @property
    def state(self) -> str | None:
        """The kernel's letter for it (R runs, S sleeps, T is stopped); None when it has ended."""
        row = _stat(self.pid)
        return None if row is None or row[1] != self.started_ticks or row[0] in "ZX" else row[0]

    @property
    def alive(self) -> bool:
        """Whether that very process has not ended."""
        return self.state is not None

    @property
    def stopped(self) -> bool:
        """Whether it is stopped, and so can answer nothing."""
        return self.state in ("T", "t")

    def ask_for_its_stack(self) -> bool:
        """Sends STACK_SIGNAL; False when it has ended."""
        return self._signal(STACK_SIGNAL)

    def kill(self, *, within_s: float) -> bool:
        """SIGKILL, and waits; whether it has ended. PermissionError when it may not be signalled."""
        try:
            descriptor = os.pidfd_open(self.pid)
        except ProcessLookupError:
            return True
        try:
            if not self.alive:
                return True
            with contextlib.suppress(ProcessLookupError):
                signal.pidfd_send_signal(descriptor, signal.SIGKILL)
            select.select([descriptor], [], [], within_s)
            return not self.alive
        finally:
            os.close(descriptor)

    def _signal(self, number: signal.Signals) -> bool:
        try:
            descriptor = os.pidfd_open(self.pid)
        except ProcessLookupError:
            return False
        try:
            if not self.alive:
                return False
            signal.pidfd_send_signal(descriptor, number)
        except ProcessLookupError:
            return False
        finally:
            os.close(descriptor)
        return True


@dataclass(frozen=True, slots=True, kw_only=True)
class Named:
    """What a worker's name says: what `kind` of process holds the claim, where, and which."""

    kind: str
    place: str
    process: WorkerProcess

    @classmethod
    def own(cls, kind: str) -> Self:
        """The name of the process that asks."""
        return cls(kind=kind, place=own_place(), process=WorkerProcess.own())

    @classmethod
    def read(cls, name: str | None) -> Self | None:
        """The process that a worker's name tells of; None when it tells of none."""
        found = _NAME.match(name or "")
        if found is None:
            return None
        process = WorkerProcess(pid=int(found["pid"]), started_ticks=int(found["ticks"]))
        return cls(kind=found["kind"], place=found["place"], process=process)

    @property
    def here(self) -> bool:
        """Whether its numbers mean a process that can be reached from here."""
        return self.place == own_place()

    def __str__(self) -> str:
        return f"{self.kind}-{self.place}-{self.process.pid}.{self.process.started_ticks}"


@cache
def own_place() -> str:
    """Eight hex digits for this boot of this machine and this PID namespace."""
    parts = [
        Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii"),
        str(Path("/proc/self/ns/pid").readlink()),
    ]
    return hashlib.sha256("|".join(parts).encode()).hexdigest()[:8]


def die_with_parent(parent: int) -> None:
    """Asks the kernel to kill this process when its parent ends; raises SystemExit when that has ended already."""
    ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, int(signal.SIGKILL), 0, 0, 0)
    if os.getppid() != parent:
        raise SystemExit(1)


def _stat(pid: int) -> tuple[str, int] | None:
    """State and start time of a process; None when there is none."""
    try:
        text = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return None
    # The name stands in parentheses and may hold spaces and parentheses itself.
    fields = text[text.rindex(")") + 2 :].split()
    return fields[0], int(fields[19])
