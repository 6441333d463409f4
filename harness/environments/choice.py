"""Which environment a name means. Each is imported when it is asked for: containers bring a library of their own."""

from pathlib import Path
from typing import Any

from harness.environments.base import EnvironmentFault
from harness.environments.local import LocalEnvironment as AnyLocalEnvironment
from harness.environments.processes import ProcessesEnvironment
from harness.services import kind_called
from harness.services.database import Database
from harness.topology import Topology

LocalEnvironment = AnyLocalEnvironment[Any]
NAMES = ("processes", "containers")


def cannot_run(name: str, topology: Topology, project: Path) -> str | None:
    """Why this machine cannot run drills in the environment called `name`; None when it can, as far as can be told."""
    if name != "containers":
        databases = (kind for service in topology.services if isinstance(kind := kind_called(service.kind), Database))
        return next((missing for database in databases if (missing := database.missing())), None)
    from harness.environments.engine import LocalImages, engine_problem
    from harness.environments.images import images_for

    if problem := engine_problem():
        return problem
    try:
        images_for(topology, LocalImages(), project)
    except EnvironmentFault as error:
        return str(error)
    return None


def environment_called(name: str) -> type[LocalEnvironment]:
    """The class of the environment called `name`; raises EnvironmentFault naming those there are."""
    if name == "processes":
        return ProcessesEnvironment
    if name == "containers":
        from harness.environments.containers import ContainersEnvironment

        return ContainersEnvironment
    raise EnvironmentFault(f"no environment is called {name!r}; there are {', '.join(NAMES)}")
