"""The naive way to book, kept to show the harm: the key is the row's id, and only the rows say what was booked.

While the database forgets nothing it behaves like the real one. Once a row is lost after its load was booked, the same
signal, sent again, gets a new row, a new key and a second load; so it does where the database keeps two rows of it,
which this agent takes to be impossible. Runs only under `UNSAFE_BOOKING_KEY_FROM_ROW`.
"""

from system.agents.agent import Agent, ExecutionResult
from system.agents.fold import fold, reference_of
from system.agents.motion import Motion, MotionRefused, MotionUnavailable
from system.storage import Intent, State, Storage
from system.storage.blocking import RunBlocking

_TOO_LATE = 409


class RowKeyedBookingAgent(Agent):
    """Books without looking, by the intent's id."""

    def __init__(self, storage: Storage, motion: Motion, *, guard_s: float, run_blocking: RunBlocking) -> None:
        super().__init__(guard_s=guard_s)
        self._intents, self._motion, self._run_blocking = storage.intents, motion, run_blocking

    async def _execute(self, intent: Intent) -> ExecutionResult:
        binding = await self._run_blocking(lambda: self._intents.binding(intent.partner_id, intent.shipment_id))
        binding = [one for one in binding if one.id == intent.id or one.identity != intent.identity]
        load_id = next((one.load_id for one in binding if one.load_id is not None), None)
        desired = fold([intent, *binding])
        try:
            if desired.content is None:
                if load_id is not None:
                    await self._motion.cancel(load_id, key=intent.id)
            elif load_id is None:
                reference = reference_of(intent)
                load_id = (await self._motion.book(reference, desired.content, desired.rank, key=intent.id)).load_id
            elif desired.decided_by.state is not State.EXECUTED:
                await self._motion.amend(load_id, desired.content, desired.rank, key=intent.id)
        except MotionUnavailable as error:
            return ExecutionResult(success=False, error=f"Motion away: {error}", again=True, after_s=error.after_s)
        except MotionRefused as error:
            if error.status != _TOO_LATE:
                return ExecutionResult(success=False, error=f"Motion refused: {error}")
        return ExecutionResult(success=True, load_id=load_id)
