"""The states of an intent and the legal transitions between them, as one table.

Every repository asks this table before it writes a state, in the same transaction as the audit row. The freight
world states the same table a second time for its checker, on purpose; a test compares the two.
"""

from enum import StrEnum

from system.storage.errors import IllegalTransition


class State(StrEnum):
    """Where an intent stands; the value is what the database and the API say."""

    RECEIVED = "RECEIVED"
    RESOLVING = "RESOLVING"
    CONFIRMED = "CONFIRMED"
    PARTIAL = "PARTIAL"
    NEEDS_REVIEW = "NEEDS_REVIEW"
    EXECUTING = "EXECUTING"
    EXECUTED = "EXECUTED"
    FAILED = "FAILED"


LEGAL: frozenset[tuple[State | None, State]] = frozenset(
    {
        (None, State.RECEIVED),  # accepted from a partner
        (State.RECEIVED, State.RESOLVING),  # claimed by the resolver
        (State.RESOLVING, State.CONFIRMED),
        (State.RESOLVING, State.PARTIAL),  # required fields are missing from the signal
        (State.RESOLVING, State.NEEDS_REVIEW),
        (State.RESOLVING, State.FAILED),  # the answer is impossible
        (State.RESOLVING, State.RECEIVED),  # given back, or the claim's lease ran out
        (State.CONFIRMED, State.EXECUTING),  # claimed by an agent
        (State.EXECUTING, State.EXECUTED),
        (State.EXECUTING, State.FAILED),
        (State.EXECUTING, State.CONFIRMED),  # given back, or the claim's lease ran out
        (State.PARTIAL, State.CONFIRMED),  # a person
        (State.PARTIAL, State.FAILED),  # a person
        (State.NEEDS_REVIEW, State.CONFIRMED),  # a person
        (State.NEEDS_REVIEW, State.FAILED),  # a person
    }
)

FINAL = frozenset({State.EXECUTED, State.FAILED})
"""Nothing leaves these."""

BINDING = frozenset({State.CONFIRMED, State.EXECUTING, State.EXECUTED})
"""What an intent in one of these says about its shipment counts for the load."""


def check_transition(before: State | None, after: State) -> None:
    """Raises IllegalTransition unless `before` -> `after` stands in the table."""
    if (before, after) not in LEGAL:
        allowed = sorted(to for origin, to in LEGAL if origin == before)
        possible = ", ".join(allowed) or "nowhere"
        raise IllegalTransition(f"an intent cannot go from {before or 'nothing'} to {after}; from there: {possible}")
