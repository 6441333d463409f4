"""The agents' processes and their parent: it forks them, replaces those that die, and ends them when it is told to.

The parent does nothing else: it has one thread, no connections and no event loop, so a fork of it is a clean start, and
nothing that goes wrong in a child can hang it. Which child ought to die is the supervisor's business, which is itself a
child. A child that ends by itself, rather than by a signal, ends the family: half a service is worse than none. When
the parent dies the kernel kills its children.
"""

import contextlib
import gc
import logging
import math
import os
import signal
import sys
from collections.abc import Callable
from dataclasses import dataclass

from system.agents.process import die_with_parent
from system.clock import Clock

Child = Callable[[], int]
"""What a child does; returns its exit code."""

STOP_WITHIN_S = 1.8
RESTART_PAUSE_S = 0.05
RESTART_PAUSE_MAX_S = 5.0
LIVED_WELL_S = 10.0
IDLE_S = 60.0
_HANDLED = frozenset({signal.SIGCHLD, signal.SIGTERM, signal.SIGINT})

_log = logging.getLogger(__name__)


@dataclass(slots=True, kw_only=True)
class _Running:
    name: str
    child: Child
    pid: int
    since_s: float
    deaths: int = 0


class Family:
    """Runs `children`, by their names, until SIGTERM or SIGINT."""

    def __init__(self, children: dict[str, Child], clock: Clock) -> None:
        self._children, self._clock = children, clock
        self._running: dict[int, _Running] = {}
        self._due: list[tuple[float, str, int]] = []
        self._mask: set[signal.Signals] = set()

    def run(self) -> int:
        """The exit code: 0 when it was told to stop, else that of the child which ended by itself."""
        self._mask = {signal.Signals(number) for number in signal.pthread_sigmask(signal.SIG_BLOCK, _HANDLED)}
        gc.collect()
        gc.freeze()  # else the first collection in each child copies every page
        for name in self._children:
            self._start(name)
        code: int | None = None
        while code is None:
            got = signal.sigtimedwait(_HANDLED, min(IDLE_S, self._until_next_s()))
            if got is not None and got.si_signo in (signal.SIGTERM, signal.SIGINT):
                code = 0
            else:
                code = self._bury()
                self._start_due()
        self._stop()
        return code

    def _start(self, name: str, deaths: int = 0) -> None:
        parent = os.getpid()
        sys.stdout.flush()
        sys.stderr.flush()
        pid = os.fork()
        if pid == 0:
            self._become(name, parent)
        self._running[pid] = _Running(
            name=name, child=self._children[name], pid=pid, since_s=self._clock.monotonic_s(), deaths=deaths
        )

    def _become(self, name: str, parent: int) -> None:
        """In the child: does its work and never returns."""
        code = 1
        try:
            die_with_parent(parent)
            signal.pthread_sigmask(signal.SIG_SETMASK, self._mask)
            code = self._children[name]()
        except SystemExit as ended:
            code = ended.code if isinstance(ended.code, int) else 1
        except BaseException:
            _log.exception("%s ended by itself", name)
        finally:
            with contextlib.suppress(Exception):
                sys.stderr.flush()
            os._exit(code)

    def _bury(self) -> int | None:
        """Takes note of every child that has ended; the exit code when one of them ended by itself."""
        with contextlib.suppress(ChildProcessError):
            while (ended := os.waitpid(-1, os.WNOHANG))[0] != 0:
                pid, status = ended
                one = self._running.pop(pid, None)
                if one is None:
                    continue
                code = os.waitstatus_to_exitcode(status)
                if code >= 0:
                    _log.error("%s ended by itself", one.name, extra={"pid": pid, "exit_code": code})
                    return code or 1
                now_s = self._clock.monotonic_s()
                deaths = 0 if now_s - one.since_s > LIVED_WELL_S else one.deaths + 1
                pause_s = min(RESTART_PAUSE_MAX_S, RESTART_PAUSE_S * 2.0 ** min(deaths, 20))
                self._due.append((now_s + pause_s, one.name, deaths))
                extra = {"pid": pid, "signal": signal.Signals(-code).name, "replaced_after_s": pause_s}
                _log.warning("%s was killed and is replaced", one.name, extra=extra)
        return None

    def _until_next_s(self) -> float:
        """Until the next child is due to be started; infinity when none is."""
        return max(0.0, min((due[0] for due in self._due), default=math.inf) - self._clock.monotonic_s())

    def _start_due(self) -> None:
        now_s = self._clock.monotonic_s()
        due, self._due = [one for one in self._due if one[0] <= now_s], [one for one in self._due if one[0] > now_s]
        for _, name, deaths in due:
            self._start(name, deaths)

    def _stop(self) -> None:
        """Asks every child to stop, and kills those that do not in time."""
        for pid in self._running:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGTERM)
        give_up_s = self._clock.monotonic_s() + STOP_WITHIN_S
        while self._running and (left_s := give_up_s - self._clock.monotonic_s()) > 0:
            signal.sigtimedwait({signal.SIGCHLD}, left_s)
            self._reap()
        for pid in self._running:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        while self._running:
            self._reap(0)

    def _reap(self, options: int = os.WNOHANG) -> None:
        try:
            while self._running and (pid := os.waitpid(-1, options)[0]) != 0:
                self._running.pop(pid, None)
        except ChildProcessError:
            self._running.clear()
