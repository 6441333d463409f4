"""What waits for a person, and what a person makes of it: it goes on, completed or corrected if need be, or it ends.

A signal waits that lacks something (PARTIAL), or that may not go by itself (NEEDS_REVIEW): because of doubts, of its
partner's tier, or because its partner is under review. Nobody can let one pass that still lacks what a load needs. Each
decision is a person's, with a reason, and leaves an audit row beside the intent's own.
"""

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from pydantic import ValidationError
from sqlalchemy import Connection

from system.resolver.models import ANSWER, CancelAnswer
from system.storage import Intent, OperatorAction, State, Storage
from system.storage.values import Payload
from system.x12.completeness import REQUIRED, missing_fields
from system.x12.tender import Tender

WAITING = (State.PARTIAL, State.NEEDS_REVIEW)
MAY_BE_SET = frozenset({*REQUIRED, "rate_usd", "reason"})
"""What of an intent a person may complete or correct: what is to be moved, not which shipment it is."""


class CannotDecide(Exception):
    """It is not for a person to decide so, or not yet; says what is wrong and what to do."""


class HumanReview:
    """The queue, as the person `who` sees it; every method raises DatabaseUnavailable."""

    def __init__(self, storage: Storage, *, who: str) -> None:
        self._storage, self._who = storage, who

    def waiting(
        self, partner_id: str | None = None, *, limit: int = 100, since_before: datetime | None = None
    ) -> list[Intent]:
        """What waits, of that partner if given, the longest first; only what waits since before then, if given."""
        return self._storage.intents.in_state(
            *WAITING, limit=limit, untouched_since=since_before, partner_id=partner_id
        )

    def approve(self, intent_id: str, why: str, *, values: Mapping[str, Any] | None = None) -> Intent:
        """Lets it go on, with `values` for what it lacks or says wrong (as JSON has them). CannotDecide."""
        intent = self._waits(intent_id)
        payload = completed(intent, values or {})
        return self._decide(intent, State.CONFIRMED, why, payload=payload, what={"set": dict(values or {})})

    def reject(self, intent_id: str, why: str) -> Intent:
        """Ends it. CannotDecide."""
        return self._decide(self._waits(intent_id), State.FAILED, why)

    def _waits(self, intent_id: str) -> Intent:
        intent = self._storage.intents.get(intent_id)
        if intent is None:
            raise CannotDecide(f"no intent {intent_id!r}; `queue list` shows what waits")
        if intent.state not in WAITING:
            raise CannotDecide(f"intent {intent_id} is {intent.state}: it does not wait for a person")
        return intent

    def _decide(
        self,
        seen: Intent,
        state: State,
        why: str,
        *,
        payload: Payload | None = None,
        what: Mapping[str, Any] | None = None,
    ) -> Intent:
        command = "queue approve" if state is State.CONFIRMED else "queue reject"
        action = OperatorAction(
            who=self._who,
            command=command,
            what={"intent": seen.id, "identity": str(seen.identity), **(what or {})},
            why=why,
        )

        def write(connection: Connection) -> Intent:
            if self._storage.intents.locked(connection, seen.id).changes != seen.changes:
                raise CannotDecide(f"intent {seen.id} has moved on since you looked; look again")
            decided = self._storage.intents.review_in(
                connection, seen.id, state, actor=self._who, reason=why, payload=payload
            )
            self._storage.operator_actions.record_in(connection, action)
            return decided

        return self._storage.transact(write)


def completed(intent: Intent, values: Mapping[str, Any]) -> Payload:
    """The payload of `intent` with `values` in it, held to the types that answers are held to. CannotDecide.

    A pickup or delivery time stands at its stop too, where that has none.
    """
    if strange := sorted(set(values) - MAY_BE_SET):
        raise CannotDecide(f"cannot set {', '.join(strange)}; there are {', '.join(sorted(MAY_BE_SET))}")
    if intent.payload is None:
        raise CannotDecide(f"intent {intent.id} says nothing that could be acted on; reject it")
    document = json.dumps({**intent.payload, **values, "confidence": 1.0})
    try:
        answer = ANSWER.validate_json(document)
    except ValidationError as error:
        raise CannotDecide(f"intent {intent.id} cannot be so: {_first(error)}") from None
    payload = answer.model_dump(mode="json", exclude={"confidence"})
    if isinstance(answer, CancelAnswer):
        return payload
    said = {name: getattr(answer, name) for name in REQUIRED}
    missing = missing_fields(Tender(shipment_id=answer.shipment_id, purpose="original", version="1", **said))
    if missing:
        options = " ".join(f"--set {name}=..." for name in missing)
        raise CannotDecide(f"intent {intent.id} still lacks {', '.join(missing)}; complete it with {options}")
    for name, kind, stops in (
        ("pickup_at", "pickup", payload["stops"]),
        ("delivery_at", "delivery", payload["stops"][::-1]),
    ):
        first = next(stop for stop in stops if stop["type"] == kind)
        first["at"] = first["at"] or payload[name]
    return payload


def _first(error: ValidationError) -> str:
    first = error.errors(include_url=False, include_context=False)[0]
    where = ".".join(str(part) for part in first["loc"] if part not in ("tender", "change", "cancel"))
    return f"{where}: {first['msg']}, seen {str(first['input'])[:80]!r}"
