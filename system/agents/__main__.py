"""`python -m system.agents`: the agents' parent process, with a supervisor and the workers as its children."""

import asyncio
from collections.abc import Mapping
from functools import partial

from prometheus_client import CollectorRegistry
from starlette.applications import Starlette

from system import logs
from system.agents.board import Board, Executions
from system.agents.family import Family
from system.agents.motion import Motion
from system.agents.process import Named, WorkerProcess
from system.agents.stacks import Stacks
from system.agents.supervisor import Supervisor
from system.agents.worker import work
from system.clock import RandomIds, SystemClock
from system.exchanges import outside_client
from system.recovery.agent_timeout import AgentTimeoutRecovery
from system.serving import health_routes, serve
from system.settings import Settings
from system.storage import DatabaseUnavailable, Storage
from system.storage.blocking import in_thread


def supervise(settings: Settings, board: Board, stacks: Stacks) -> int:
    """In the supervisor's process: watches the workers, and speaks HTTP for all of them; the exit code."""
    clock, registry = SystemClock(), CollectorRegistry()
    registry.register(Executions(board))
    own = settings.model_copy(update={"database_pool_size": 2})
    storage = Storage.connect(own, clock=clock, ids=RandomIds())

    async def ready() -> Mapping[str, object]:
        try:
            await in_thread(storage.ping)
        except DatabaseUnavailable as error:
            return {"database": str(error)}
        return {"database": None}

    def ask_stack(process: WorkerProcess) -> str | None:
        line = board.line_of(process)
        return None if line is None else stacks.ask(line, process)

    async def watch() -> None:
        if settings.unsafe_no_supervisor:
            await asyncio.Event().wait()
        async with outside_client(settings, clock) as client:
            by = str(Named.own("supervisor"))
            recovery = AgentTimeoutRecovery(storage, Motion(client, settings), settings, clock, by=by)
            await Supervisor(storage, recovery, settings, clock, ask_stack=ask_stack).run()

    routes = health_routes("agents", registry=registry, ready=ready, unsafe=settings.unsafe)
    return serve(Starlette(routes=routes), background=[watch])


def main() -> int:
    """Executes until it is told to stop; the exit code."""
    logs.configure("agents")
    settings = Settings.load()
    workers = settings.agents_concurrency
    board, stacks = Board(workers), Stacks(workers)
    # Together they ask the database for work as often as one would.
    poll_interval_s = settings.poll_interval_s * workers
    of_worker = settings.model_copy(update={"database_pool_size": 2, "poll_interval_s": poll_interval_s})
    children = {f"worker {line + 1}": partial(work, line, of_worker, board, stacks) for line in range(workers)}
    return Family({"supervisor": partial(supervise, settings, board, stacks), **children}, SystemClock()).run()


if __name__ == "__main__":
    raise SystemExit(main())
