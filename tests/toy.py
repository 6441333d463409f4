"""A toy environment in memory, for tests of the engine: one service, one link, and everything is remembered."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from harness.environments.base import (
    Capability,
    EnvironmentFault,
    LinkTraffic,
    OperatorAnswer,
    ProcessIdentity,
    Worker,
)
from harness.topology import Link, Service, Topology

TOPOLOGY = Topology(
    name="toy",
    services=(Service(name="shop", kind="python"), Service(name="inbox", kind="inbox")),
    links=(Link(name="clients->shop", source="clients", target="shop"),),
)
_NOTHING = LinkTraffic(
    connections_open=0,
    connections_accepted=0,
    connections_cut=0,
    connections_refused=0,
    upstream_passed=0,
    downstream_passed=0,
    upstream_withheld=0,
    downstream_withheld=0,
)


@dataclass
class ToyEnvironment:
    """Implements every capability but the cache; `log` holds what was done to it, in order."""

    topology: Topology = TOPOLOGY
    directory: Path = Path("/nonexistent")
    addresses: dict[str, tuple[str, int]] = field(default_factory=dict)
    rows: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    answers: dict[str, Any] = field(default_factory=dict)
    log: list[str] = field(default_factory=list)
    state: str = "running"
    ticks: int = 1
    toxics: dict[str, dict[str, Any]] = field(default_factory=dict)
    link_traffic: LinkTraffic = _NOTHING
    crew: list[Worker] = field(default_factory=list)
    logged: list[str] = field(default_factory=list)

    name = "toy"
    capabilities = frozenset(Capability) - {Capability.CACHE, Capability.WORKTREE}

    def versions(self) -> Mapping[str, str]:
        return {"toy": "1"}

    def address(self, service: str, port: str = "main") -> tuple[str, int]:
        return self.addresses.get(service, ("127.0.0.1", 9))

    def link_address(self, link: str) -> tuple[str, int]:
        return self.addresses.get(link, ("127.0.0.1", 9))

    async def up(self) -> None:
        self.log.append("up")

    async def down(self) -> None:
        self.log.append("down")

    async def reset(self, *, overrides: Mapping[str, str] | None = None) -> None:
        self.log.append(f"reset {dict(overrides or {})}")

    def process(self, service: str) -> ProcessIdentity:
        return ProcessIdentity(pid=4242, started_ticks=self.ticks)

    def alive(self, identity: ProcessIdentity) -> bool:
        return identity.started_ticks == self.ticks and self.state != "dead"

    def stopped(self, identity: ProcessIdentity) -> bool:
        return self.alive(identity) and self.state == "stopped"

    async def kill(self, service: str) -> ProcessIdentity:
        self.log.append(f"kill {service}")
        self.state = "dead"
        return self.process(service)

    async def pause(self, service: str) -> ProcessIdentity:
        self.log.append(f"pause {service}")
        self.state = "stopped"
        return self.process(service)

    async def resume(self, service: str) -> ProcessIdentity:
        self.log.append(f"resume {service}")
        self.state = "running"
        return self.process(service)

    async def start(self, service: str) -> ProcessIdentity:
        self.log.append(f"start {service}")
        self.state = "running"
        self.ticks += 1
        return self.process(service)

    async def workers(self, service: str) -> Sequence[Worker]:
        return list(self.crew)

    async def pause_worker(self, service: str, identity: ProcessIdentity) -> None:
        self._become(service, identity, "pause", "T")

    async def resume_worker(self, service: str, identity: ProcessIdentity) -> None:
        self._become(service, identity, "resume", "S")

    def _become(self, service: str, identity: ProcessIdentity, verb: str, state: str) -> None:
        for number, one in enumerate(self.crew):
            if one.identity == identity:
                self.crew[number] = replace(one, state=state)
                self.log.append(f"{verb} worker {identity.pid} of {service}")
                return
        raise EnvironmentFault(f"process {identity.pid} is no worker of {service}")

    async def log_lines(self, service: str, after: int = 0) -> Sequence[str]:
        return self.logged[after:]

    async def add_toxic(
        self, link: str, *, name: str, kind: str, stream: str, attributes: Mapping[str, Any], toxicity: float = 1.0
    ) -> None:
        self.log.append(f"add {kind} to {link}")
        self.toxics[name] = {"kind": kind, "stream": stream, **attributes}

    async def remove_toxic(self, link: str, *, name: str) -> None:
        self.log.append(f"remove {self.toxics.pop(name)['kind']} from {link}")

    async def set_enabled(self, link: str, enabled: bool) -> None:
        self.log.append(f"{'enable' if enabled else 'disable'} {link}")

    async def cut(self, link: str) -> int:
        self.log.append(f"cut {link}")
        return 0

    async def traffic(self, link: str) -> LinkTraffic:
        return self.link_traffic

    async def query(self, service: str, sql: str, parameters: Sequence[Any] = ()) -> list[dict[str, Any]]:
        if sql not in self.rows:
            raise EnvironmentFault(f"{service} does not answer {sql}")
        return self.rows[sql]

    async def request(self, service: str, method: str, path: str, body: Any = None) -> Any:
        return self.answers[path]

    async def operate(self, words: Sequence[str], limit_s: float = 60.0) -> OperatorAnswer:
        self.log.append(" ".join(words))
        return OperatorAnswer(command=tuple(words), exit_code=0, output="{}", errors="", document={})


def worker(pid: int, *, state: str = "S", cpu_s: float = 0.0, waits: int = 0) -> Worker:
    """A worker of the toy; its start time is ten times its PID."""
    identity = ProcessIdentity(pid=pid, started_ticks=10 * pid)
    return Worker(identity=identity, own_pid=pid, state=state, cpu_s=cpu_s, waits=waits)
