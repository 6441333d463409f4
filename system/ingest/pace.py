"""How fast one partner may be refused: so often in each stretch of time, and what comes faster waits for the next one.

A sender has to wait for its answer, so one that is answered at a bounded rate comes at no higher one, on however many
connections: refusing takes a bounded share of the processor, and the other partners keep theirs. Nothing is queued but
the answers' turns. It decides nothing about who is refused.
"""

from dataclasses import dataclass

from system.clock import Clock

STRETCH_S = 0.02
"""Long for a timer, short for whoever waits."""
AHEAD_S_MAX = 0.25


@dataclass(slots=True)
class _Stretch:
    """The newest stretch that one partner has turns in, and how many of them are taken."""

    number: int
    taken: int = 0


class Pace:
    """For one event loop; knows partners that exist, so it does not grow."""

    def __init__(self, clock: Clock, *, per_s: int) -> None:
        self._clock = clock
        self._turns = max(1, round(per_s * STRETCH_S))
        self._stretches: dict[str, _Stretch] = {}

    async def turn(self, partner_id: str) -> bool:
        """Waits until this partner may be answered again; False, at once, when its turns are gone for too long."""
        now_s = self._clock.monotonic_s()
        present = int(now_s / STRETCH_S)
        stretch = self._stretches.setdefault(partner_id, _Stretch(present))
        if stretch.number < present:
            stretch.number, stretch.taken = present, 0
        elif stretch.taken >= self._turns:
            if (stretch.number - present) * STRETCH_S >= AHEAD_S_MAX:
                return False
            stretch.number, stretch.taken = stretch.number + 1, 0
        stretch.taken += 1
        wait_s = stretch.number * STRETCH_S - now_s
        if wait_s > 0:
            await self._clock.sleep_s(wait_s)
        return True
