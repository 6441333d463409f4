"""What a drill may ask of the place it runs in.

An environment is a running topology plus capabilities: small protocols that a fault or a probe names in its `needs`. An
environment that lacks one says so, and what needs it is skipped with that reason. Nothing is started or judged here.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

from harness.topology import MAIN_PORT, Topology


class Capability(StrEnum):
    """What an environment can do to the services in it."""

    PROCESSES = "processes"
    WORKERS = "workers"
    LOGS = "logs"
    NETWORK = "network"
    STORE = "store"
    CACHE = "cache"
    OUTSIDE_PARTY = "outside_party"
    OPERATOR = "operator"
    WORKTREE = "worktree"


class EnvironmentFault(RuntimeError):
    """The environment could not do what was asked: what was tried, what came of it, what to do next."""


class CommandRefused(EnvironmentFault):
    """The server answered a command with an error; its own words stand in the text."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ProcessIdentity:
    """One process for certain: a PID alone may have been given to another program since.

    `started_ticks` is field 22 of `/proc/PID/stat`, clock ticks since boot.
    """

    pid: int
    started_ticks: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Worker:
    """One process of a service besides its main one, at one look.

    `own_pid` is the PID by which it knows itself, another one where the service has PIDs of its own. `state` is the
    kernel's letter (R runs, S sleeps, T is stopped). `cpu_s` is the processor time it has used; `waits` counts how
    often its main thread has given the processor up to wait for something.
    """

    identity: ProcessIdentity
    own_pid: int
    state: str
    cpu_s: float
    waits: int


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkTraffic:
    """What the fault proxy has seen on a link since it was made, in bytes and connections.

    `upstream` is from the client to the server, `downstream` the way back. Withheld bytes were read and not passed on.
    The proxy itself ended the connections that are counted as cut, by a toxic or otherwise; the refused were accepted
    and then reset because the server could not be reached.
    """

    connections_open: int
    connections_accepted: int
    connections_cut: int
    connections_refused: int
    upstream_passed: int
    downstream_passed: int
    upstream_withheld: int
    downstream_withheld: int


@dataclass(frozen=True, slots=True, kw_only=True)
class OperatorAnswer:
    """What one command answered that a person types. `document` is its `--json` output, if it was JSON."""

    command: tuple[str, ...]
    exit_code: int
    output: str
    errors: str
    document: Any = None


@runtime_checkable
class Processes(Protocol):
    """Services as processes that can be killed, stopped, continued and started again."""

    def process(self, service: str) -> ProcessIdentity:
        """The main process of a service as it was last started; raises EnvironmentFault when it never was."""
        ...

    def alive(self, identity: ProcessIdentity) -> bool:
        """Whether that very process exists and is not a zombie."""
        ...

    def stopped(self, identity: ProcessIdentity) -> bool:
        """Whether that very process is stopped (state T)."""
        ...

    async def kill(self, service: str) -> ProcessIdentity:
        """SIGKILL, at once; returns the process that was killed."""
        ...

    async def pause(self, service: str) -> ProcessIdentity:
        """SIGSTOP."""
        ...

    async def resume(self, service: str) -> ProcessIdentity:
        """SIGCONT."""
        ...

    async def start(self, service: str) -> ProcessIdentity:
        """Start a service that has ended, on the same ports and data; does not wait until it is ready."""
        ...


@runtime_checkable
class Workers(Protocol):
    """The single processes of a service that has several: looked at, stopped and continued one by one."""

    async def workers(self, service: str) -> Sequence[Worker]:
        """Every process below the main one that has not ended, at every depth."""
        ...

    async def pause_worker(self, service: str, identity: ProcessIdentity) -> None:
        """SIGSTOP; raises EnvironmentFault when it has ended, or is none of the service."""
        ...

    async def resume_worker(self, service: str, identity: ProcessIdentity) -> None:
        """SIGCONT; see above."""
        ...


@runtime_checkable
class Logs(Protocol):
    """What services write into their logs."""

    async def log_lines(self, service: str, after: int = 0) -> Sequence[str]:
        """The whole lines that a service has written so far, the first `after` left out; none when it has no log."""
        ...


@runtime_checkable
class Network(Protocol):
    """Links that can be slowed, withheld and cut. Toxics are named by the caller, one name a link."""

    async def add_toxic(
        self, link: str, *, name: str, kind: str, stream: str, attributes: Mapping[str, Any], toxicity: float = 1.0
    ) -> None: ...

    async def remove_toxic(self, link: str, *, name: str) -> None: ...

    async def set_enabled(self, link: str, enabled: bool) -> None:
        """Disabled: new connections are refused and open ones are cut."""
        ...

    async def cut(self, link: str) -> int:
        """Reset all open connections of the link; returns how many."""
        ...

    async def traffic(self, link: str) -> LinkTraffic: ...


@runtime_checkable
class Store(Protocol):
    """SQL past every proxy and endpoint, to observe a database service itself."""

    async def query(self, service: str, sql: str, parameters: Sequence[Any] = ()) -> list[dict[str, Any]]:
        """Rows of a read, with a time limit of a second; raises EnvironmentFault when the server does not answer."""
        ...


@runtime_checkable
class Cache(Protocol):
    """Commands to a Redis service, past every proxy."""

    async def command(self, service: str, *words: str | bytes | int) -> Any:
        """The reply; raises CommandRefused when it is an error, EnvironmentFault when there is none."""
        ...


@runtime_checkable
class OutsideParty(Protocol):
    """HTTP to a service itself, past every proxy: to steer and to read the parties that stand for the outside world."""

    async def request(self, service: str, method: str, path: str, body: Any = None) -> Any:
        """The JSON answer, or the text of one of a `text/` type; raises EnvironmentFault for anything but 2xx."""
        ...


@runtime_checkable
class Operator(Protocol):
    """The system's operator console, run inside the environment."""

    async def operate(self, words: Sequence[str], limit_s: float = 60.0) -> OperatorAnswer: ...


@runtime_checkable
class Worktree(Protocol):
    """A clone of the project of the environment's own, to be changed, committed to and thrown away.

    It begins with the project as it stands, all in one commit, and nobody else's repository is touched by it.
    """

    async def worktree(self) -> Path:
        """Where it is; made when it is first asked for."""
        ...

    async def head(self) -> str:
        """The id of the commit that is checked out there; cheap, for whoever waits for the next."""
        ...

    async def work(
        self, words: Sequence[str], limit_s: float = 60.0, *, environ: Mapping[str, str] | None = None
    ) -> OperatorAnswer:
        """A command as a developer types it there; `harness` is the one that stands in the clone, `python` ours."""
        ...


class Environment(Protocol):
    """A running topology."""

    @property
    def name(self) -> str:
        """`processes` or `containers`."""
        ...

    @property
    def topology(self) -> Topology: ...

    @property
    def directory(self) -> Path:
        """Where the environment keeps its logs and data while it runs."""
        ...

    @property
    def capabilities(self) -> frozenset[Capability]: ...

    def versions(self) -> Mapping[str, str]:
        """The versions of the servers and of Python, for the record of the run."""
        ...

    def address(self, service: str, port: str = MAIN_PORT) -> tuple[str, int]:
        """Host and port of a service itself."""
        ...

    def link_address(self, link: str) -> tuple[str, int]:
        """Host and port where the fault proxy listens for that link."""
        ...

    async def up(self) -> None:
        """Start everything and return when every service is ready; on failure everything is ended again."""
        ...

    async def down(self) -> None:
        """End everything this environment started. Can be called at any time, and again."""
        ...

    async def reset(self, *, overrides: Mapping[str, str] | None = None) -> None:
        """Back to the state right after `up`, with fresh data. `overrides` replaces variables of the services."""
        ...
