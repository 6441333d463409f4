"""The links of a topology as proxies of the fault proxy: one listener a link, made before anything connects."""

from collections.abc import Callable, Mapping
from typing import Any

from harness.environments.base import LinkTraffic
from harness.environments.placing import PortPlan
from harness.services.base import PythonModule, own_environ
from harness.topology import Topology

MODULE = "harness.proxy"


def proxy_command(plan: PortPlan) -> PythonModule:
    """How the fault proxy is started."""
    return PythonModule(module=MODULE, argv=("--host", plan.host, "--port", str(plan.proxy)), environ=own_environ({}))


class Links:
    PRELOAD: tuple[str, ...] = ()

    def __init__(self, topology: Topology, plan: PortPlan) -> None:
        pass

    async def make(self, given_up: Callable[[], bool]) -> str | None:
        return None

    async def add_toxic(
        self, link: str, *, name: str, kind: str, stream: str, attributes: Mapping[str, Any], toxicity: float = 1.0
    ) -> None: ...

    async def remove_toxic(self, link: str, *, name: str) -> None: ...

    async def set_enabled(self, link: str, enabled: bool) -> None: ...

    async def cut(self, link: str) -> int:
        return 0

    async def traffic(self, link: str) -> LinkTraffic:
        raise NotImplementedError
