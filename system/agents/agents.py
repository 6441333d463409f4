"""The work of an agents' process: confirmed intents in, loads in Motion out.

Each worker claims one intent, lets the agent execute it under its guard, and writes how that ended. An execution that
may end otherwise next time is given back and tried again later; only Motion's refusal makes an intent FAILED. It
decides nothing about what a signal means.
"""

import logging
from collections.abc import Callable

from system.agents.agent import Agent
from system.agents.booking import BookingAgent
from system.agents.motion import Motion
from system.agents.unsafe_booking import RowKeyedBookingAgent
from system.agents.unsafe_spin import SpinningAgent
from system.storage import Claim, State, Storage
from system.storage.crew import Crew, Ending, Surroundings, give_back

_log = logging.getLogger(__name__)


class Agents:
    """Executes the intents of `storage` with `agent`; `step` for one at a time, `run` for all until cancelled.

    One after the other, never two at once. `name` is what the worker is called, beginning with `agents`; `ended` is
    told how each execution ended: `executed`, `given_back` or `failed`.
    """

    def __init__(
        self,
        storage: Storage,
        agent: Agent,
        around: Surroundings,
        *,
        name: str = "agents",
        ended: Callable[[str], None] = lambda _: None,
    ) -> None:
        self._claims, self._agent, self._ended = storage.claims, agent, ended
        self._settings, self._clock = around.settings, around.clock
        # A lease is for a whole machine that is gone; a worker that hangs is the supervisor's, which has to come first.
        lease_s = around.settings.stuck_after_s + around.settings.lease_s
        self._crew = Crew(
            name,
            size=1,
            claims=storage.claims,
            take=lambda worker: storage.claims.claim_confirmed(worker, lease_s=lease_s),
            handle=self._handle,
            handled=State.EXECUTING,
            around=around,
        )
        self.step = self._crew.step
        self.run = self._crew.run
        self.expire_leases = self._crew.expire_leases

    async def _handle(self, claim: Claim) -> Ending:
        result = await self._agent.execute(claim.intent)
        error = result.error or "unknown error"
        if result.success:
            self._ended("executed")
            _log.info("executed", extra={"load_id": result.load_id})
            return lambda: self._claims.finish_execution(claim, result.load_id)
        if result.again:
            self._ended("given_back")
            _log.warning("not executed, the intent waits: %s", error)
            return give_back(
                self._claims, claim, error, settings=self._settings, clock=self._clock, after_s=result.after_s
            )
        self._ended("failed")
        _log.error("not executed, failed: %s", error)
        return lambda: self._claims.fail_execution(claim, error)


def booking_agent(storage: Storage, motion: Motion, around: Surroundings) -> Agent:
    """The agent that books, as the settings want it."""
    settings, guard_s, run_blocking = around.settings, around.settings.agent_guard_s, around.run_blocking
    if commodity := settings.unsafe_spin_on_commodity:
        return SpinningAgent(storage, motion, guard_s=guard_s, run_blocking=run_blocking, commodity=commodity)
    kind = RowKeyedBookingAgent if settings.unsafe_booking_key_from_row else BookingAgent
    return kind(storage, motion, guard_s=guard_s, run_blocking=run_blocking)
