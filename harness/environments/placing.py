"""Gives every service of a topology its place in a run: ports, directory, log, filled-in options and variables.

Pure: it reads nothing but what it is given. Ports are chosen once for the life of an environment, placements anew at
each reset, because overrides may differ.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from harness.environments.base import EnvironmentFault
from harness.environments.references import Address, References
from harness.services import kind_called
from harness.services.base import Placement
from harness.topology import Service, Topology

PROXY = "proxy"
"""The fault proxy's name among the processes; no service of a topology may be called so."""
TAKING_OVERRIDES = frozenset({"python", "operator"})


@dataclass(frozen=True, slots=True, kw_only=True)
class PortPlan:
    """Which port everything has: services by port name, links, and the fault proxy's control.

    `host` is where they are found, `bind` what services listen on, where that is another.
    """

    host: str
    services: Mapping[str, Mapping[str, int]]
    links: Mapping[str, int]
    proxy: int
    bind: str = ""

    @classmethod
    def choose(cls, topology: Topology, take: Callable[[], int], host: str = "127.0.0.1") -> "PortPlan":
        """Take a port for each port of each service and for each link."""
        if PROXY in {service.name for service in topology.services}:
            raise EnvironmentFault(f"the environment runs the fault proxy as {PROXY!r}: call the service otherwise")
        return cls(
            host=host,
            services={service.name: {port: take() for port in service.ports} for service in topology.services},
            links={link.name: take() for link in topology.links},
            proxy=take(),
        )

    def host_of(self, service: str) -> str:
        """Where the harness finds a service."""
        return self.host

    def link(self, name: str) -> Address:
        """Where the source of a link finds it, and the harness too."""
        return self.host, self.links[name]

    @property
    def control(self) -> Address:
        """Where the harness finds the fault proxy."""
        return self.host, self.proxy

    def service(self, name: str, port: str) -> Address:
        """Where other services find a port of this one."""
        return self.host, self.services[name][port]


@dataclass(frozen=True, slots=True, kw_only=True)
class Overrides:
    """What replaces declared values: variables of all Python services, and options of one (`service.option`)."""

    variables: Mapping[str, str]
    options: Mapping[str, Mapping[str, str]]

    @classmethod
    def of(cls, overrides: Mapping[str, str], topology: Topology) -> "Overrides":
        """Sort them; raises EnvironmentFault for an option of a service that there is not."""
        variables: dict[str, str] = {}
        options: dict[str, dict[str, str]] = {}
        names = {service.name for service in topology.services}
        for key, value in overrides.items():
            service, dot, option = key.partition(".")
            if not dot:
                variables[key] = value
            elif service in names:
                options.setdefault(service, {})[option] = value
            else:
                raise EnvironmentFault(
                    f"override {key!r}: no service {service!r}; there are {', '.join(sorted(names))}"
                )
        return cls(variables=variables, options=options)

    def apply(self, service: Service) -> tuple[dict[str, object], dict[str, str]]:
        """The options and variables of a service, overridden."""
        variables = self.variables if service.kind in TAKING_OVERRIDES else {}
        return {**service.options, **self.options.get(service.name, {})}, {**service.environ, **variables}


def place_all(
    topology: Topology,
    plan: PortPlan,
    overrides: Overrides,
    *,
    run: Path,
    project: Path,
    facts_of_run: Mapping[str, str],
    images: Mapping[str, str] | None = None,
) -> dict[str, Placement]:
    """A placement for every service, by name, with incarnation 1; `images` by service. Raises EnvironmentFault,
    ServiceFault.
    """
    drafts: dict[str, Placement] = {}
    for service in topology.services:
        options, environ = overrides.apply(service)
        drafts[service.name] = Placement(
            name=service.name,
            host=plan.host_of(service.name),
            ports=plan.services[service.name],
            directory=run / "data" / service.name,
            log=run / "logs" / f"{service.name}.log",
            project=project,
            options=options,
            environ=environ,
            ready=service.ready,
            bind=plan.bind,
            image=(images or {}).get(service.name),
        )
    references = References.of(
        services={name: {p: plan.service(name, p) for p in ports} for name, ports in plan.services.items()},
        links={name: plan.link(name) for name in plan.links},
        facts={service.name: _facts(service, drafts[service.name]) for service in topology.services},
        run=facts_of_run,
    )
    return {name: _filled(draft, references) for name, draft in drafts.items()}


def _facts(service: Service, draft: Placement) -> dict[str, str]:
    common = {"directory": str(draft.directory), "log": str(draft.log), "name": draft.name}
    return {**common, **kind_called(service.kind).facts(draft)}


def _filled(draft: Placement, references: References) -> Placement:
    return replace(
        draft,
        options=references.fill(dict(draft.options), service=draft.name),
        environ=references.fill(dict(draft.environ), service=draft.name),
    )
