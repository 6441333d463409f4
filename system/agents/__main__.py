"""`python -m system.agents`: the agents as a process of its own."""

from collections.abc import Mapping

import httpx
from prometheus_client import CollectorRegistry
from starlette.applications import Starlette

from system import logs
from system.agents.agents import Agents, booking_agent
from system.agents.motion import Motion
from system.clock import RandomIds, SystemClock
from system.serving import health_routes, serve
from system.settings import Settings
from system.storage import DatabaseUnavailable, Storage
from system.storage.blocking import in_thread
from system.storage.crew import Surroundings


def main() -> int:
    """Executes until it is told to stop; the exit code."""
    logs.configure("agents")
    settings = Settings.load()
    clock, ids, registry = SystemClock(), RandomIds(), CollectorRegistry()
    storage = Storage.connect(settings, clock=clock, ids=ids)

    async def ready() -> Mapping[str, object]:
        try:
            await in_thread(storage.ping)
        except DatabaseUnavailable as error:
            return {"database": str(error)}
        return {"database": None}

    async def work() -> None:
        async with httpx.AsyncClient(trust_env=False) as client:
            around = Surroundings(settings=settings, clock=clock, ids=ids)
            agent = booking_agent(storage, Motion(client, settings), around)
            await Agents(storage, agent, around, registry=registry).run()

    routes = health_routes("agents", registry=registry, ready=ready, unsafe=settings.unsafe)
    return serve(Starlette(routes=routes), background=[work])


if __name__ == "__main__":
    raise SystemExit(main())
