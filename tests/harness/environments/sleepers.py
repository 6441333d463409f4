"""Small programs that tests start, and what they ask about processes."""

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from harness.clock import Deadline, block_s
from harness.environments.base import ProcessIdentity
from harness.environments.guardian import process_row
from harness.environments.running import exists

SLEEP = [sys.executable, "-I", "-S", "-c", "import signal\nwhile True: signal.pause()"]


@contextmanager
def stranger() -> Iterator[ProcessIdentity]:
    """A process that no harness started; it must be alive at the end."""
    process = subprocess.Popen(SLEEP, start_new_session=True)
    try:
        identity = identity_of(process.pid)
        yield identity
        assert process.poll() is None, "an unrelated process was ended"
    finally:
        process.kill()
        process.wait()


def identity_of(pid: int) -> ProcessIdentity:
    """The identity of a process that runs now."""
    row = process_row(pid)
    assert row is not None
    return ProcessIdentity(pid=pid, started_ticks=row.started_ticks)


def all_gone(identities: list[ProcessIdentity], within_s: float = 10.0) -> bool:
    """Whether all of them end in time."""
    return eventually(lambda: not any(exists(identity) for identity in identities), within_s)


def eventually(condition: Callable[[], bool], within_s: float = 10.0) -> bool:
    """Whether something comes true in time; for what nobody announces, such as the end of a stranger's child."""
    deadline = Deadline(within_s)
    while not condition():
        if deadline.passed:
            return False
        block_s(0.005)
    return True


def own_environ() -> dict[str, str]:
    """A small environment for children of tests."""
    return {"PATH": os.environ["PATH"]}
