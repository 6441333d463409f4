"""What one shipment's load shall be, folded from all of its intents that count.

The order in which they arrived does not matter: a cancel ends the shipment, else the change of the highest version
counts, else the original. Pure; it asks nobody.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from system.storage import Intent

_NOT_CONTENT = frozenset({"kind", "confidence"})
_NUMBER_DIGITS_MAX = 9
"""A version of digits alone, up to this many, is a number; twelve hex digits of a content hash may look like one."""
_START = datetime(2000, 1, 1, tzinfo=UTC)

Rank = tuple[int, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Desired:
    """The load as it shall be: its `content`, or None when the shipment is cancelled, and the intent that decides it.

    A higher `rank` is newer, whichever arrives first.
    """

    decided_by: Intent
    content: Mapping[str, Any] | None
    rank: Rank


def fold(intents: Sequence[Intent]) -> Desired:
    """The desired load of one shipment; ValueError without an intent, or with intents of several shipments."""
    shipments = {intent.identity[:2] for intent in intents}
    if len(shipments) != 1:
        raise ValueError(f"expected the intents of one shipment, seen {len(shipments)} shipments")
    decisive = max(intents, key=lambda intent: (rank_of(intent), intent.id))
    cancelled = decisive.identity.purpose == "cancel"
    return Desired(
        decided_by=decisive,
        content=None if cancelled else content_of(decisive),
        rank=rank_of(decisive),
    )


def rank_of(intent: Intent) -> Rank:
    """Where an intent stands among those of its shipment: original, changes by version, cancel.

    Changes whose version is no number come before all numbered ones, in the order in which they were received.
    """
    purpose, version = intent.identity.purpose, intent.identity.version
    if purpose == "original":
        return (0,)
    if purpose == "cancel":
        return (2,)
    if version.isascii() and version.isdigit() and len(version) <= _NUMBER_DIGITS_MAX:
        return (1, 1, int(version))
    return (1, 0, (intent.created_at - _START) // timedelta(microseconds=1))


def content_of(intent: Intent) -> dict[str, Any]:
    """What goes to Motion of an intent's payload: what is to be moved, not how sure anybody was."""
    return {name: value for name, value in (intent.payload or {}).items() if name not in _NOT_CONTENT}


def reference_of(intent: Intent) -> str:
    """The load's reference in Motion; it names the shipment, so that a lost row can be recovered from there."""
    return f"{intent.partner_id}:{intent.shipment_id}"
