"""A bug, kept to show what catches it: on signals with a certain commodity the agent loops for ever and never awaits.

The guard cannot stop it, because the loop that would run the guard's timer is the one that is busy. All other signals
are left to the real agent. Runs only under `UNSAFE_SPIN_ON_COMMODITY`, which names the commodity.
"""

from system.agents.agent import ExecutionResult
from system.agents.booking import BookingAgent
from system.agents.motion import Motion
from system.storage import Intent, Storage
from system.storage.blocking import RunBlocking


class SpinningAgent(BookingAgent):
    """Books as the real agent does, but for the intents on which it spins."""

    def __init__(
        self, storage: Storage, motion: Motion, *, guard_s: float, run_blocking: RunBlocking, commodity: str
    ) -> None:
        super().__init__(storage, motion, guard_s=guard_s, run_blocking=run_blocking)
        self._commodity = commodity

    async def _execute(self, intent: Intent) -> ExecutionResult:
        if (intent.payload or {}).get("commodity") == self._commodity:
            _wait_for_what_never_comes()
        return await super()._execute(intent)


def _wait_for_what_never_comes() -> None:
    come = False
    while not come:
        pass
