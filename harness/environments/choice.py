"""Which environment a name means. Each is imported when it is asked for: containers bring a library of their own."""

from typing import Any

from harness.environments.base import EnvironmentFault
from harness.environments.local import LocalEnvironment as AnyLocalEnvironment
from harness.environments.processes import ProcessesEnvironment

LocalEnvironment = AnyLocalEnvironment[Any]
NAMES = ("processes", "containers")


def environment_called(name: str) -> type[LocalEnvironment]:
    """The class of the environment called `name`; raises EnvironmentFault naming those there are."""
    if name == "processes":
        return ProcessesEnvironment
    if name == "containers":
        from harness.environments.containers import ContainersEnvironment

        return ContainersEnvironment
    raise EnvironmentFault(f"no environment is called {name!r}; there are {', '.join(NAMES)}")
