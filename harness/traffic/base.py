"""What traffic is: clients that use the system while a drill runs, and write down every operation.

Traffic is open-loop: operations start when their time has come, whether or not earlier ones have ended, as real clients
do. A slow answer therefore slows nothing that comes after it, and no wait is hidden.
"""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from random import Random
from typing import Protocol

from harness.clock import Clock, Deadline, monotonic_s
from harness.environments.base import Capability, Environment
from harness.history import History


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """Where traffic plays: the environment, the history it writes into, its own seeded generator, and the sign to
    end.
    """

    environment: Environment
    history: History
    clock: Clock
    random: Random
    ending: asyncio.Event


class Traffic(Protocol):
    """One shape of traffic. `play` begins no new work after `stage.ending` is set, and returns when the last has
    ended.
    """

    @property
    def name(self) -> str: ...

    @property
    def needs(self) -> frozenset[Capability]: ...

    async def play(self, stage: Stage) -> None: ...


async def arrivals(stage: Stage, rate_per_s: float) -> AsyncIterator[int]:
    """Yields 0, 1, 2, ... at seeded random moments, `rate_per_s` of them a second on average, until the stage ends.

    Falling behind does not slow the rate: what is late comes at once.
    """
    due_s = monotonic_s()
    number = 0
    while not stage.ending.is_set():
        due_s += stage.random.uniform(0.5, 1.5) / rate_per_s
        wait_s = due_s - monotonic_s()
        if wait_s > 0 and await ends_within(stage, wait_s):
            return
        yield number
        number += 1


async def ends_within(stage: Stage, seconds: float) -> bool:
    """Wait up to `seconds`; true as soon as the stage is told to end."""
    limit = Deadline(seconds)
    try:
        async with asyncio.timeout(limit.left_s()):
            await stage.ending.wait()
    except TimeoutError:
        return False
    return True
