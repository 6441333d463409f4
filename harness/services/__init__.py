"""The kinds of services, one file each. `KINDS` is the whole list; nothing registers itself."""

from dataclasses import replace

from harness.services.base import ServiceFault, ServiceKind
from harness.services.database import Database
from harness.services.inbox import Inbox
from harness.services.mariadb import MariaDB
from harness.services.mysql import MySQL
from harness.services.operator import OperatorConsole
from harness.services.python import PythonProgram
from harness.services.redis import Redis
from harness.topology import Topology, TopologyError

KINDS: tuple[ServiceKind, ...] = (Inbox(), MariaDB(), MySQL(), OperatorConsole(), PythonProgram(), Redis())
DATABASES: tuple[str, ...] = tuple(kind.name for kind in KINDS if isinstance(kind, Database))
"""The kinds of which one can take the place of another."""


def kind_called(name: str) -> ServiceKind:
    """The kind of that name; raises ServiceFault naming those there are."""
    for kind in KINDS:
        if kind.name == name:
            return kind
    raise ServiceFault(f"no kind of service is called {name!r}; there are {', '.join(kind.name for kind in KINDS)}")


def on_database(topology: Topology, name: str | None) -> Topology:
    """The same topology with its databases of that kind; without a name as it is. Raises TopologyError."""
    if name is None:
        return topology
    if name not in DATABASES:
        raise TopologyError(f"no database is called {name!r}; there are {', '.join(DATABASES)}")
    if not any(service.kind in DATABASES for service in topology.services):
        raise TopologyError(f"topology {topology.name} has no database that could be a {name}")
    return replace(
        topology,
        services=tuple(
            replace(service, kind=name) if service.kind in DATABASES else service for service in topology.services
        ),
    )
