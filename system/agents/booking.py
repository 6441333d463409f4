"""The agent that brings a shipment's load in Motion to what the shipment's intents say it shall be.

It looks before it writes, every time: what is in Motion is found by the shipment's reference, because the row that
knew of it may be lost, or the answer that told of it. Its keys come from the signal, not from the row, so the same
signal never books twice, whatever the database has forgotten in between. Doing it again is always safe.
"""

import hashlib
import json
import logging
from collections.abc import Mapping
from typing import Any

from system.agents.agent import Agent, ExecutionResult
from system.agents.fold import Desired, fold, reference_of
from system.agents.motion import Load, Motion, MotionRefused, MotionUnavailable
from system.storage import FencedOff, Intent, Storage
from system.storage.blocking import RunBlocking

_LOOKS_MAX = 3
_KEY_USED_OTHERWISE, _TOO_LATE = 422, 409
_log = logging.getLogger(__name__)


class BookingAgent(Agent):
    """Books, amends or cancels; succeeds as well when nothing is left to do."""

    def __init__(self, storage: Storage, motion: Motion, *, guard_s: float, run_blocking: RunBlocking) -> None:
        super().__init__(guard_s=guard_s)
        self._intents, self._motion, self._run_blocking = storage.intents, motion, run_blocking

    async def _execute(self, intent: Intent) -> ExecutionResult:
        desired = await self._desired(intent)
        try:
            return ExecutionResult(success=True, load_id=await self._bring_about(desired, reference_of(intent)))
        except MotionUnavailable as error:
            return ExecutionResult(success=False, error=f"Motion away: {error}", again=True, after_s=error.after_s)
        except MotionRefused as error:
            return ExecutionResult(success=False, error=f"Motion refused: {error}")

    async def _desired(self, intent: Intent) -> Desired:
        binding = await self._run_blocking(lambda: self._intents.binding(intent.partner_id, intent.shipment_id))
        if intent.id not in {one.id for one in binding}:
            raise FencedOff(f"intent {intent.id} no longer counts for its shipment")
        return fold(binding)

    async def _bring_about(self, desired: Desired, reference: str) -> str | None:
        """Looks and writes until Motion has what is desired; the load's id. MotionUnavailable, MotionRefused."""
        for look in range(1, _LOOKS_MAX + 1):
            loads = await self._motion.loads_of(reference)
            try:
                return await self._write(desired, reference, loads)
            except MotionRefused as error:
                # Somebody was quicker, or an earlier life of this row was: look what is there now.
                if error.status not in (_KEY_USED_OTHERWISE, _TOO_LATE) or look == _LOOKS_MAX:
                    raise
        raise AssertionError("unreachable: the last look returns or raises")

    async def _write(self, desired: Desired, reference: str, loads: list[Load]) -> str | None:
        live = [load for load in loads if load.booked]
        if desired.content is None:
            for load in live:
                # The same load has the same key at every look, however many of them have been cancelled meanwhile.
                key = f"cancel:{reference}" if load is loads[0] else f"cancel:{reference}:{load.load_id}"
                await self._motion.cancel(load.load_id, key=key)
            return loads[0].load_id if loads else None
        if live:
            return await self._amend(desired, desired.content, live[0])
        if loads:
            _log.warning("its cancel is lost here, but stands in Motion", extra={"load_id": loads[0].load_id})
            return loads[0].load_id
        return (await self._motion.book(reference, desired.content, desired.rank, key=f"book:{reference}")).load_id

    async def _amend(self, desired: Desired, content: Mapping[str, Any], load: Load) -> str:
        if load.content == content:
            return load.load_id
        if load.rank is not None and load.rank > desired.rank:
            _log.warning("Motion has a newer change than the database; left alone", extra={"load_id": load.load_id})
            return load.load_id
        key = f"change:{desired.decided_by.identity}"
        try:
            await self._motion.amend(load.load_id, content, desired.rank, key=key)
        except MotionRefused as error:
            if error.status != _KEY_USED_OTHERWISE:
                raise
            # The same signal was read differently before; the load is known, so another key cannot book a second one.
            await self._motion.amend(load.load_id, content, desired.rank, key=f"{key}:{_digest(content)}")
        return load.load_id


def _digest(content: Mapping[str, Any]) -> str:
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()[:12]
