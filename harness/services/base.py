"""What a kind of service has to say, so that an environment can place, start and await it.

A kind is one file: it lays out the data, names the command and looks whether the service can work. It starts nothing
itself and knows neither guardian nor proxy: those belong to the environment.
"""

import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from harness.topology import MAIN_PORT

SEARCH_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


class ServiceFault(RuntimeError):
    """A service that cannot be prepared or started: what was tried, what came of it, what to do next."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Placement:
    """One service at its place in a run, with all references filled in.

    `directory` is its own, for data; `project` is where the project's files lie. `incarnation` counts the starts of
    servers in this environment, from 1: a later start always has a larger one. `host` and `ports` are where the harness
    finds it; `bind` is the address that it listens on, where that is another. `image` is the id of the container image
    that its programs come from; without one they are those of this machine.
    """

    name: str
    host: str
    ports: Mapping[str, int]
    directory: Path
    log: Path
    project: Path
    options: Mapping[str, Any] = field(default_factory=dict)
    environ: Mapping[str, str] = field(default_factory=dict)
    ready: str | None = None
    incarnation: int = 1
    bind: str = ""
    image: str | None = None

    @property
    def port(self) -> int:
        """The main port."""
        return self.ports[MAIN_PORT]

    @property
    def listens_on(self) -> str:
        """The address to listen on."""
        return self.bind or self.host


@dataclass(frozen=True, slots=True, kw_only=True)
class Program:
    """Something to execute."""

    argv: Sequence[str]
    environ: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class PythonModule:
    """A module to run as `python -m module argv...`: a warm interpreter may do so without starting Python anew."""

    module: str
    argv: Sequence[str] = ()
    environ: Mapping[str, str]


class Launcher(Protocol):
    """Runs helper programs inside the environment, where they end with it."""

    async def start(self, name: str, program: Program, *, log: Path) -> None:
        """Start a program that goes on running until it is stopped or told to end."""
        ...

    async def run(self, name: str, program: Program, *, log: Path, limit_s: float) -> int:
        """Run to the end; returns the exit code. Raises ServiceFault after `limit_s`."""
        ...

    def has_ended(self, name: str) -> bool:
        """Whether a program that was started has ended."""
        ...

    async def ended(self, name: str, *, limit_s: float) -> int:
        """Wait for a program that was started; returns the exit code. Raises ServiceFault after `limit_s`."""
        ...


class ServiceKind(Protocol):
    """One kind of server. Instances hold no state: all they know stands in the placement."""

    @property
    def name(self) -> str:
        """As `Service.kind` names it."""
        ...

    def facts(self, placement: Placement) -> Mapping[str, str]:
        """What other services may refer to as `${service.fact}`."""
        ...

    async def prepare(self, placement: Placement, launcher: Launcher) -> None:
        """Lay out fresh data in the placement's directory, which exists and is empty."""
        ...

    def command(self, placement: Placement) -> Program | PythonModule | None:
        """How it starts; None for what is only described and never started."""
        ...

    async def problem(self, placement: Placement) -> str | None:
        """One look at a starting service: None when it can work, else what is still missing. May finish its set-up."""
        ...

    def version(self) -> tuple[str, str] | None:
        """What to note in the record of a run, as (program, version)."""
        ...


def own_environ(additions: Mapping[str, str]) -> dict[str, str]:
    """A small environment of our own: what the harness was started with must not leak into services."""
    return {
        "PATH": SEARCH_PATH,
        "HOME": "/nonexistent",
        "LANG": "C.UTF-8",
        "TZ": "UTC",
        **additions,
    }


def find_program(*names: str) -> str | None:
    """The first of these programs that is installed; servers lie where an ordinary user's PATH does not lead."""
    return next((found for name in names if (found := shutil.which(name, path=SEARCH_PATH))), None)


def end_of_log(path: Path, lines: int = 20) -> str:
    """The last lines of a log, for an error's text."""
    try:
        said = path.read_text(encoding="utf-8", errors="replace").splitlines()[-lines:]
    except OSError:
        said = []
    return "\n".join(f"    {line[:400]}" for line in said) or "    (nothing)"
