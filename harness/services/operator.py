"""The operator console: declared among the services for its variables, run on demand, never started as a server.

Options: none; the command stands in the project's configuration.
"""

from collections.abc import Mapping

from harness.services.base import Launcher, Placement


class OperatorConsole:
    """See the module."""

    name = "operator"

    def facts(self, placement: Placement) -> Mapping[str, str]:
        return {}

    async def prepare(self, placement: Placement, launcher: Launcher) -> None:
        """Nothing."""

    def command(self, placement: Placement) -> None:
        return None

    async def problem(self, placement: Placement) -> str | None:
        return None

    def version(self) -> tuple[str, str] | None:
        return None
