"""The life of an intent, stated a second time, on purpose.

The system has its own table. A checker that borrowed it could never find a wrong line in it, so this one is written
from the description of the system, and a test compares the two. It judges nothing itself and knows no storage.
"""

from collections.abc import Sequence

CREATED_AS = "RECEIVED"
"""The state an intent is born in; its creation counts as a transition from None."""

FINAL = frozenset({"EXECUTED", "FAILED"})
"""States that nothing leaves."""

LEGAL_TRANSITIONS: frozenset[tuple[str | None, str]] = frozenset(
    {
        (None, "RECEIVED"),
        ("RECEIVED", "RESOLVING"),
        ("RESOLVING", "CONFIRMED"),
        ("RESOLVING", "PARTIAL"),
        ("RESOLVING", "NEEDS_REVIEW"),
        ("RESOLVING", "FAILED"),
        ("RESOLVING", "RECEIVED"),  # the lease of the resolver's claim ran out
        ("CONFIRMED", "EXECUTING"),
        ("EXECUTING", "EXECUTED"),
        ("EXECUTING", "FAILED"),
        ("EXECUTING", "CONFIRMED"),  # given back, or the lease of the agent's claim ran out
        ("PARTIAL", "CONFIRMED"),  # a person completed it
        ("PARTIAL", "FAILED"),
        ("NEEDS_REVIEW", "CONFIRMED"),  # a person let it pass
        ("NEEDS_REVIEW", "FAILED"),
    }
)

STATES = frozenset(to_state for _, to_state in LEGAL_TRANSITIONS)


def is_legal(from_state: str | None, to_state: str) -> bool:
    """Whether an intent may go from `from_state` (None: it does not exist yet) to `to_state`."""
    return (from_state, to_state) in LEGAL_TRANSITIONS


def first_illegal_step(states: Sequence[str]) -> tuple[str | None, str] | None:
    """The first step of the life `states`, oldest first, that is not legal, or None when all are.

    The birth counts: a life that does not begin with `CREATED_AS` is illegal at its first step.
    """
    before: str | None = None
    for state in states:
        if not is_legal(before, state):
            return before, state
        before = state
    return None
