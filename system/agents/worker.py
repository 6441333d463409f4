"""What a worker process of the agents does: it executes one intent after another, and can be killed at any moment.

It opens its own connections, after the fork. Told to stop (SIGTERM) it gives back what it holds; it answers the signal
that asks where it is. It serves nothing over HTTP and restarts nothing.
"""

import asyncio
import contextlib
import logging
import signal

from system.agents.agents import Agents, booking_agent
from system.agents.board import Board
from system.agents.motion import Motion
from system.agents.process import Named
from system.agents.stacks import Stacks
from system.clock import RandomIds, SystemClock
from system.exchanges import outside_client
from system.serving import force_stop_later
from system.settings import Settings
from system.storage import Storage
from system.storage.crew import Surroundings

_log = logging.getLogger(__name__)


def work(line: int, settings: Settings, board: Board, stacks: Stacks) -> int:
    """Works at `line` until it is told to stop; the exit code."""
    named = Named.own("agents")
    board.take(line, named.process)
    with stacks.answer_at(line):
        return asyncio.run(_work(line, settings, board, named))


async def _work(line: int, settings: Settings, board: Board, named: Named) -> int:
    clock, ids = SystemClock(), RandomIds()
    storage = Storage.connect(settings, clock=clock, ids=ids)
    around = Surroundings(settings=settings, clock=clock, ids=ids)
    async with outside_client(settings, clock) as client:
        agent = booking_agent(storage, Motion(client, settings), around)
        agents = Agents(storage, agent, around, name=str(named), ended=lambda outcome: board.count(line, outcome))
        working = asyncio.ensure_future(agents.run())
        loop = asyncio.get_running_loop()

        def stop() -> None:
            force_stop_later(0)
            working.cancel()

        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, stop)
        _log.info("working", extra={"worker": str(named)})
        with contextlib.suppress(asyncio.CancelledError):
            await working
    return 0
