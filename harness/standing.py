"""Keep the system up for a person: `harness up`."""

import asyncio
from collections.abc import Callable, Mapping
from typing import Any

from harness.catalogue import Catalogue
from harness.config import Config
from harness.drill import Progress
from harness.environments.base import Environment
from harness.environments.choice import environment_called
from harness.services import on_database


def addresses(environment: Environment) -> dict[str, Any]:
    """Where everything listens: services themselves, and links as their clients see them."""
    topology = environment.topology
    return {
        "directory": str(environment.directory),
        "services": {
            f"{service.name}{'' if port == 'main' else '.' + port}": "{}:{}".format(
                *environment.address(service.name, port)
            )
            for service in topology.services
            if service.kind != "operator"
            for port in service.ports
        },
        "links": {link.name: "{}:{}".format(*environment.link_address(link.name)) for link in topology.links},
    }


async def stand(
    config: Config,
    *,
    environment: str = "processes",
    database: str | None = None,
    seed: int,
    overrides: Mapping[str, str] | None = None,
    show: Callable[[Mapping[str, Any]], None],
    progress: Progress,
) -> None:
    """Start the topology, on a `database` of that kind, show where it listens, and keep it until cancelled.

    `overrides` as environments take them.
    """
    standing = environment_called(environment)(
        on_database(Catalogue.of(config).topology, database),
        seed=seed,
        operator=config.operator,
        overrides=overrides,
        project=config.project,
    )
    progress("starting the system")
    try:
        await standing.up()
        show(addresses(standing))
        progress("up; Ctrl-C ends it")
        await asyncio.Event().wait()
    finally:
        await asyncio.shield(standing.down())
