"""A Python program of the project: `python -m module`, forked from the warm interpreter.

Options: `module`, `argv`. The environment of the process is its `environ` alone, plus `HOST`, `PORT`, and `NAME_PORT`
for each port besides the main one. It is ready when its `ready` path answers 200 or, without one, when it takes
connections.
"""

import platform
from collections.abc import Mapping

from harness.services.answers import accepts, serves
from harness.services.base import Launcher, Placement, PythonModule, own_environ
from harness.topology import MAIN_PORT


def variable(port: str) -> str:
    """The variable that tells a program one of its ports: `PORT`, or `ENDPOINT_PORT` for the port `endpoint`."""
    return "PORT" if port == MAIN_PORT else f"{port.upper().replace('-', '_')}_PORT"


def program_environ(placement: Placement) -> dict[str, str]:
    """All variables of a Python service."""
    ports = {variable(name): str(port) for name, port in placement.ports.items()}
    return own_environ({"PYTHONUNBUFFERED": "1", "HOST": placement.listens_on, **ports, **placement.environ})


async def answer_problem(placement: Placement) -> str | None:
    """One look at a program that listens on its main port."""
    if placement.ready:
        return await serves(placement.host, placement.port, placement.ready)
    return await accepts(placement.host, placement.port)


class PythonProgram:
    """See the module."""

    name = "python"

    def facts(self, placement: Placement) -> Mapping[str, str]:
        return {}

    async def prepare(self, placement: Placement, launcher: Launcher) -> None:
        """Nothing: such a program keeps no data of its own."""

    def command(self, placement: Placement) -> PythonModule:
        return PythonModule(
            module=str(placement.options["module"]),
            argv=tuple(str(word) for word in placement.options.get("argv", ())),
            environ=program_environ(placement),
        )

    async def problem(self, placement: Placement) -> str | None:
        return await answer_problem(placement)

    def version(self) -> tuple[str, str] | None:
        return "python", platform.python_version()
