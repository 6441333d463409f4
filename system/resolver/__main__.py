"""`python -m system.resolver`: the resolver as a process of its own."""

from collections.abc import Mapping

from prometheus_client import CollectorRegistry
from starlette.applications import Starlette

from system import logs
from system.clock import RandomIds, SystemClock
from system.exchanges import outside_client
from system.resolver.model import LanguageModel
from system.resolver.resolver import Resolver
from system.serving import health_routes, serve
from system.settings import Settings
from system.storage import DatabaseUnavailable, Storage
from system.storage.blocking import in_thread
from system.storage.crew import Surroundings


def main() -> int:
    """Resolves until it is told to stop; the exit code."""
    logs.configure("resolver")
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
        async with outside_client(settings, clock) as client:
            around = Surroundings(settings=settings, clock=clock, ids=ids)
            await Resolver(storage, LanguageModel(client, settings), around, registry=registry).run()

    routes = health_routes("resolver", registry=registry, ready=ready, unsafe=settings.unsafe)
    return serve(Starlette(routes=routes), background=[work])


if __name__ == "__main__":
    raise SystemExit(main())
