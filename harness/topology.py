"""What runs, how it starts and what may be cut: plain data.

A topology names services and the links between them. A link is the only way one service reaches another, and every link
goes through the fault proxy. Nothing is started here; an environment does that.

Values of `environ` and of `options` may hold references, filled in by the environment when a service starts:

* `${ingest->database}`: host and port of that link, as `127.0.0.1:10321`
* `${redis}`, `${managed-database.endpoint}`: host and port of a service's own main or named port, past the fault proxy
* `${redis.directory}`, `${database-primary.pid_file}`: a fact that the service's kind states about itself
* `${self.port}`: the same for the service at hand; `${run.directory}`, `${run.seed}`, `${run.id}`: of the run, and
  `${run.one_machine}`: `true` where services see each other's processes, `false` where each has a place of its own
"""

from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Literal

MAIN_PORT = "main"


class TopologyError(ValueError):
    """A topology that cannot be started, found when it is declared."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Service:
    """One process or container.

    `kind` names the file of `harness/services/` that knows how to start it; `options` are that kind's parameters.
    `ready` is a path that answers 200 once the service can work (HTTP services only). `after` names services that must
    be ready first.
    """

    name: str
    kind: str
    options: Mapping[str, Any] = field(default_factory=dict)
    environ: Mapping[str, str] = field(default_factory=dict)
    ports: tuple[str, ...] = (MAIN_PORT,)
    ready: str | None = None
    after: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """A way from `source` to a port of `target`, through the fault proxy. `source` may be outside, as `partners`.

    `speaks` says how a connection is made to answer, for whoever times the link: `http`, `redis`, or `server_first`
    where the server greets, as MariaDB does.
    """

    name: str
    source: str
    target: str
    port: str = MAIN_PORT
    speaks: Literal["http", "redis", "server_first"] = "http"


@dataclass(frozen=True, slots=True, kw_only=True)
class Topology:
    """Services and links. `preload` lists modules that Python services share, imported once and forked from."""

    name: str
    services: tuple[Service, ...]
    links: tuple[Link, ...] = ()
    preload: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        for what, names in (("service", [s.name for s in self.services]), ("link", [link.name for link in self.links])):
            for name, count in Counter(names).items():
                if count > 1:
                    raise TopologyError(f"topology {self.name}: {what} {name!r} is declared {count} times")
        known = {service.name: service for service in self.services}
        for service in self.services:
            for other in service.after:
                if other not in known:
                    raise TopologyError(f"service {service.name!r} starts after {other!r}, which is not a service")
        for link in self.links:
            if link.target not in known:
                raise TopologyError(f"link {link.name!r} leads to {link.target!r}, which is not a service")
            if link.port not in known[link.target].ports:
                raise TopologyError(
                    f"link {link.name!r} leads to port {link.port!r}; {link.target!r} has {known[link.target].ports}"
                )
        self.start_order()

    def service(self, name: str) -> Service:
        """The service called `name`; raises TopologyError when there is none."""
        for service in self.services:
            if service.name == name:
                return service
        raise TopologyError(f"no service {name!r}; there are {', '.join(s.name for s in self.services)}")

    def link(self, name: str) -> Link:
        """The link called `name`; raises TopologyError when there is none."""
        for link in self.links:
            if link.name == name:
                return link
        raise TopologyError(f"no link {name!r}; there are {', '.join(link.name for link in self.links)}")

    def only(self, services: Collection[str]) -> "Topology":
        """These services alone, and the links between them and from outside to them; TopologyError for a stranger."""
        named = {self.service(name).name for name in services}
        known = {service.name for service in self.services}
        return replace(
            self,
            services=tuple(service for service in self.services if service.name in named),
            links=tuple(link for link in self.links if link.target in named and link.source not in known - named),
        )

    def start_order(self) -> tuple[tuple[Service, ...], ...]:
        """Groups of services: all of a group can start at once, when the groups before it are ready."""
        groups: list[tuple[Service, ...]] = []
        started: set[str] = set()
        waiting = list(self.services)
        while waiting:
            group = tuple(service for service in waiting if started.issuperset(service.after))
            if not group:
                raise TopologyError(f"services wait for each other: {', '.join(s.name for s in waiting)}")
            groups.append(group)
            started.update(service.name for service in group)
            waiting = [service for service in waiting if service.name not in started]
        return tuple(groups)
