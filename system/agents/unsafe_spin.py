"""A bug, kept to show what catches it: on signals with a certain commodity the agent loops for ever and never awaits.

The guard cannot stop it, because the loop that would run the guard's timer is the one that is busy. All other signals
are left to the real agent. Runs only under `UNSAFE_SPIN_ON_COMMODITY`, which names the commodity.
"""

from system.agents.agent import Agent, ExecutionResult
from system.storage import Intent


class SpinningAgent(Agent):
    """Executes with `agent`, but for the intents on which it spins."""

    def __init__(self, agent: Agent, *, commodity: str, guard_s: float) -> None:
        super().__init__(guard_s=guard_s)
        self._agent, self._commodity = agent, commodity

    async def _execute(self, intent: Intent) -> ExecutionResult:
        if (intent.payload or {}).get("commodity") == self._commodity:
            _wait_for_what_never_comes()
        return await self._agent.execute(intent)


def _wait_for_what_never_comes() -> None:
    come = False
    while not come:
        pass
