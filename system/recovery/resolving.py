"""Several executions that hang, resolved side by side: each may have to be waited for as long as the guard allows.

One that cannot be resolved keeps no other from it. What each came to is told as it is done, so that it is on record
whatever becomes of the rest.
"""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from system.agents.motion import MotionRefused, MotionUnavailable
from system.recovery.agent_timeout import AgentTimeoutRecovery, NotStuck, Settled

AT_A_TIME = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class Resolved:
    """What was settled; what nobody knows, so that it is not final; and what was left alone. Each with its reason."""

    settled: list[Settled] = field(default_factory=list)
    not_final: list[str] = field(default_factory=list)
    left: list[str] = field(default_factory=list)

    def as_json(self) -> dict[str, Any]:
        return {
            "resolved": [one.as_json() for one in self.settled],
            "not_final": self.not_final,
            "left": self.left,
        }


async def resolve_several(
    recovery: AgentTimeoutRecovery, intent_ids: Sequence[str], *, done: Callable[[Settled], None]
) -> Resolved:
    """Settles these intents or, when none is named, all that is tried in vain; `done` is told of each.

    Raises DatabaseUnavailable.
    """
    resolved, turns = Resolved(), asyncio.Semaphore(AT_A_TIME)

    async def settle(intent_id: str, since: datetime | None) -> None:
        async with turns:
            try:
                if since is None:
                    settled = await recovery.resolve(intent_id)
                else:
                    settled = await recovery.give_up(intent_id, since=since)
            except NotStuck as error:
                resolved.left.append(str(error))
            except (MotionUnavailable, MotionRefused) as error:
                unknown = "Motion does not say whether there is a load, so nothing is final"
                resolved.not_final.append(f"{intent_id}: {unknown}: {error}; run it again later")
            else:
                done(settled)
                resolved.settled.append(settled)

    which = dict.fromkeys(intent_ids) if intent_ids else await recovery.tried_in_vain()
    await asyncio.gather(*(settle(intent_id, since) for intent_id, since in which.items()))
    return resolved
