"""The links of a topology, each a proxy of the fault proxy. All of them are there before anything can connect."""

import json
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any

from harness.clock import Deadline, sleep_s
from harness.environments.base import EnvironmentFault, LinkTraffic
from harness.environments.placing import PortPlan
from harness.proxy.client import ProxyControl, ProxyError
from harness.services.answers import serves
from harness.services.base import PythonModule, own_environ
from harness.topology import Topology

MODULE = "harness.proxy"
PRELOAD = ("harness.proxy.__main__", "harness.proxy.serving", "harness.proxy.bodies")
READY_WITHIN_S = 15.0
CONFIG = "links.json"


class Links:
    """Steers the fault proxy of one environment. The proxy itself is a process like the others."""

    def __init__(self, topology: Topology, plan: PortPlan) -> None:
        self._topology = topology
        self._plan = plan

    def command(self, directory: Path, seed: int) -> PythonModule:
        """How the fault proxy is started, with all links made before it answers."""
        host = self._plan.bind or self._plan.host
        links = [
            {
                "name": link.name,
                "listen": _text((host, self._plan.links[link.name])),
                "upstream": _text(self._plan.service(link.target, link.port)),
                "enabled": True,
            }
            for link in self._topology.links
        ]
        config = directory / CONFIG
        config.write_text(json.dumps(links), encoding="utf-8")
        words = {"--host": host, "--port": self._plan.proxy, "--config": config, "--seed": seed}
        argv = tuple(str(word) for pair in words.items() for word in pair)
        return PythonModule(module=MODULE, argv=argv, environ=own_environ({}))

    async def problem(self, given_up: Callable[[], bool]) -> str | None:
        """Wait until the fault proxy serves; says what is wrong when it does not, or when `given_up` says so."""
        deadline = Deadline(READY_WITHIN_S)
        while True:
            problem = await serves(*self._plan.control, "/version")
            if problem is None or deadline.passed or given_up():
                return problem
            await sleep_s(0.005)

    async def add_toxic(
        self, link: str, *, name: str, kind: str, stream: str, attributes: Mapping[str, Any], toxicity: float
    ) -> None:
        async with self._asking(link) as control:
            await control.add_toxic(link, name=name, kind=kind, stream=stream, attributes=attributes, toxicity=toxicity)

    async def remove_toxic(self, link: str, *, name: str) -> None:
        async with self._asking(link) as control:
            await control.remove_toxic(link, name)

    async def set_enabled(self, link: str, enabled: bool) -> None:
        async with self._asking(link) as control:
            await control.set_enabled(link, enabled)

    async def cut(self, link: str) -> int:
        async with self._asking(link) as control:
            return await control.cut(link)

    async def traffic(self, link: str) -> LinkTraffic:
        async with self._asking(link) as control:
            return LinkTraffic(**asdict(await control.connections(link)))

    @asynccontextmanager
    async def _asking(self, link: str) -> AsyncIterator[ProxyControl]:
        self._topology.link(link)
        try:
            # One for each request, a few milliseconds: nothing has to be closed when the environment ends.
            async with ProxyControl(f"http://{_text(self._plan.control)}") as control:
                yield control
        except ProxyError as error:
            raise EnvironmentFault(f"link {link}: {error}") from error


def _text(address: tuple[str, int]) -> str:
    return f"{address[0]}:{address[1]}"
