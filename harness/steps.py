"""The steps of a drill, as values.

A schedule yields them and the drill alone performs them, so a plan can be listed without doing anything.
"""

from dataclasses import dataclass

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
    """A command of the system's operator console, as the person on call would type it."""

    words: tuple[str, ...]
    why: str
    claims: tuple[str, ...] = ()
    limit_s: float = 60.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Observe:
    """Let a probe look once, now."""

    probe: Probe


Step = Inject | HealFault | WaitFor | SeeSymptoms | Operate | Observe
