"""The steps of a drill, as values.

A schedule yields them and the drill alone performs them, so a plan can be listed without doing anything.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from harness.faults.base import Fault
from harness.metric import Condition
from harness.probes.base import Probe


@dataclass(frozen=True, slots=True, kw_only=True)
class Inject:
    """Apply a fault, and collect evidence that it bit. `main` marks the failure itself."""

    fault: Fault
    main: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class HealFault:
    """Undo one fault of this drill now, rather than at the end of the recovery."""

    fault: Fault


@dataclass(frozen=True, slots=True, kw_only=True)
class WaitFor:
    """Go on when every condition holds over the last `over_s`; when they do not within the limit, the drill says so.

    With `fresh` nothing counts that was seen before the waiting began.
    """

    what: str
    conditions: tuple[Condition, ...]
    within_s: float
    over_s: float = 1.0
    fresh: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class SeeSymptoms:
    """Wait for the scenario's symptoms."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Operate:
    """A command as the person on call would type it: of the system's operator console, or in a clone of the project.

    `expects` is the exit code that it has to end with: a command may have to say that something is wrong.
    """

    words: tuple[str, ...]
    why: str
    where: Literal["console", "worktree"] = "console"
    expects: int = 0
    claims: tuple[str, ...] = ()
    limit_s: float = 60.0

    def typed(self, console: Sequence[str]) -> tuple[str, ...]:
        """The whole command; `console` is how the operator console is called."""
        return (*console, *self.words) if self.where == "console" else self.words


@dataclass(frozen=True, slots=True, kw_only=True)
class Observe:
    """Let a probe look once, now."""

    probe: Probe


Step = Inject | HealFault | WaitFor | SeeSymptoms | Operate | Observe
