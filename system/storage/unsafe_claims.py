"""Claims without a fence, kept to show the harm: an agent writes the end of its claim by the intent's id alone.

While no worker is ever taken for dead it behaves like the real one. Once one is, and wakes up, it writes over what its
successor wrote. Runs only under `UNSAFE_NO_ATTEMPT_FENCE`.
"""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection, select, update

from system.storage import schema
from system.storage.claims import Claims
from system.storage.states import State
from system.storage.transitions import Step
from system.storage.values import Claim

_intents = schema.intents


class UnfencedClaims(Claims):
    """Whoever comes last is right."""

    def _end(self, claim: Claim, after: State, values: Mapping[str, Any], reason: str | None) -> None:
        intent = claim.intent
        if intent.state is not State.EXECUTING:
            super()._end(claim, after, values, reason)
            return
        one = _intents.c.id == intent.id

        def work(connection: Connection) -> None:
            number = connection.execute(select(_intents.c.changes).where(one).with_for_update()).scalar_one() + 1
            now = self._clock.now()
            change = {
                "worker": None,
                "lease_until": None,
                **values,
                "state": after,
                "changes": number,
                "updated_at": now,
            }
            connection.execute(update(_intents).where(one).values(change))
            self._release(connection, intent)
            step = Step(
                intent_id=intent.id,
                number=number,
                before=intent.state,
                after=after,
                actor=intent.worker or "unknown",
                attempt=intent.attempt,
                epoch=intent.epoch,
                reason=reason,
            )
            self._transitions.record(connection, [step])

        self._database.transact(work)
