"""What every agent is: one guarded method.

An agent executes one intent and says how that ended. The guard around it cannot be left out: `execute` is final, and a
subclass that replaces it, or that can be asked for anything else, is refused when it is defined. The guard stops what
awaits; a loop that never awaits is stopped from outside, by whoever watches the process.
"""

import asyncio
import logging
from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Any, final

from system.storage import Intent

TIMEOUT = "Timeout"
_GUARDED = ("execute", "__init_subclass__")

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class ExecutionResult:
    """How an execution ended.

    `again` says that it may end otherwise next time, `after_s` how long to wait at least; without it a failure stands.
    """

    success: bool
    load_id: str | None = None
    error: str | None = None
    again: bool = False
    after_s: float = 0.0


class Agent(ABC):
    """Executes intents, each within `guard_s` seconds."""

    def __init__(self, *, guard_s: float) -> None:
        self._guard_s = guard_s

    def __init_subclass__(cls, **arguments: Any) -> None:
        super().__init_subclass__(**arguments)
        public = [name for name, member in vars(cls).items() if name[0] != "_" and _can_be_asked(member)]
        unguarded = sorted({*public, *(name for name in _GUARDED if name in vars(cls))})
        if unguarded:
            raise TypeError(
                f"{cls.__name__}.{unguarded[0]} would run without the guard; write `async def _execute(self, intent)` "
                "and keep what it needs private"
            )

    @final
    async def execute(self, intent: Intent) -> ExecutionResult:
        """Executes `intent`; when the guard's time is up, what ran is cancelled and the result's error is `Timeout`."""
        try:
            return await asyncio.wait_for(self._execute(intent), self._guard_s)
        except TimeoutError as error:
            # The chained exception holds the stack of where it hung.
            _log.error("execution cut off after %gs", self._guard_s, exc_info=error, extra={"intent_id": intent.id})
            return ExecutionResult(success=False, error=TIMEOUT, again=True)

    @abstractmethod
    async def _execute(self, intent: Intent) -> ExecutionResult: ...


def _can_be_asked(member: object) -> bool:
    """Whether a member of a class does something when it is used: a method of any kind, or a property."""
    return callable(member) or isinstance(member, property | staticmethod | classmethod)
