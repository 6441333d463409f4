"""What Motion knows: loads, the answers it gave to each Idempotency-Key, and the ledger of every write.

Every write happens at once, between two awaits, so two requests with one key can never both book. It is the truth a
drill is judged by, so it never forgets; it refuses writes beyond a limit instead. A second load for the same reference
is not refused: a real transport management system would not know better either.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from harness.clock import epoch_s
from scenarios.world.serving import BadRequest

WRITES_MAX = 200_000
KEY_LENGTH_MAX = 255
REFERENCE_LENGTH_MAX = 200

Load = dict[str, Any]


class Refused(Exception):
    """A write that Motion does not take, with the HTTP status that says why."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What a write is answered with; `replayed` when its key had been used for the same write before."""

    status: int
    load: Load
    replayed: bool = False


class Loads:
    """All loads of one Motion, by id, with the ledger."""

    def __init__(self) -> None:
        self._loads: dict[str, Load] = {}
        self._answers: dict[str, tuple[str, Answer]] = {}
        self.ledger: list[dict[str, Any]] = []
        self.replay_count = 0

    def book(self, key: str, document: Mapping[str, Any]) -> Answer:
        """Book `{"reference", "content", "rank"?}`. Raises BadRequest, or Refused for a key used for another write."""
        reference, content, rank = document.get("reference"), _content(document), _rank(document)
        if not isinstance(reference, str) or not 0 < len(reference) <= REFERENCE_LENGTH_MAX:
            raise BadRequest(f"reference: expected a text of up to {REFERENCE_LENGTH_MAX} characters")
        before = self._before(key, "book", document)
        if before:
            return before
        load_id = f"L{len(self._loads) + 1:06d}"
        now = _now()
        load = {
            "load_id": load_id,
            "reference": reference,
            "status": "BOOKED",
            "content": content,
            "booking_key": key,
            "rank": rank,
            "created_at": now,
            "updated_at": now,
        }
        self._loads[load_id] = load
        return self._written(key, "book", document, load, status=201)

    def amend(self, key: str, load_id: str, document: Mapping[str, Any]) -> Answer:
        """Replace a load's content, unless its rank is older than what was applied. Raises BadRequest, Refused."""
        content, rank = _content(document), _rank(document)
        load = self.load(load_id)
        before = self._before(key, f"amend {load_id}", document)
        if before:
            return before
        if load["status"] != "BOOKED":
            raise Refused(409, f"load {load_id} is {load['status']}; it can no longer be amended")
        if _older(rank, load["rank"]):
            raise Refused(409, f"rank {rank} is older than {load['rank']}, which load {load_id} already has")
        load.update(content=content, rank=rank, updated_at=_now())
        return self._written(key, f"amend {load_id}", document, load)

    def cancel(self, key: str, load_id: str, document: Mapping[str, Any]) -> Answer:
        """Cancel a load; one that is cancelled already stays so. Raises Refused."""
        load = self.load(load_id)
        before = self._before(key, f"cancel {load_id}", document)
        if before:
            return before
        if load["status"] == "BOOKED":
            load.update(status="CANCELLED", updated_at=_now())
        return self._written(key, f"cancel {load_id}", document, load)

    def load(self, load_id: str) -> Load:
        """The load with that id. Raises Refused (404)."""
        if load_id not in self._loads:
            raise Refused(404, f"no load {load_id!r}")
        return self._loads[load_id]

    def everything(self) -> list[Load]:
        """Every load, the oldest first, cancelled ones too."""
        return list(self._loads.values())

    def search(self, reference: str | None, since: datetime | None, limit: int) -> tuple[list[Load], bool]:
        """Loads of `reference` that were written at or after `since`, oldest first, and whether there are more."""
        found = [
            load
            for load in self._loads.values()
            if (reference is None or load["reference"] == reference)
            and (since is None or datetime.fromisoformat(load["updated_at"]) >= since)
        ]
        return found[:limit], len(found) > limit

    def _before(self, key: str, action: str, document: Mapping[str, Any]) -> Answer | None:
        """The answer that this write got before under the same key. Raises Refused (422) for another write."""
        known = self._answers.get(key)
        if known is None:
            if len(self.ledger) >= WRITES_MAX:
                raise Refused(503, f"this Motion keeps {WRITES_MAX} writes and has them")
            return None
        digest, answer = known
        if digest != _digest(action, document):
            raise Refused(422, f"the Idempotency-Key {key!r} was used for another request")
        self.replay_count += 1
        return Answer(status=answer.status, load=answer.load, replayed=True)

    def _written(self, key: str, action: str, document: Mapping[str, Any], load: Load, status: int = 200) -> Answer:
        now_s = epoch_s()
        self.ledger.append(
            {
                "number": len(self.ledger) + 1,
                "action": action.partition(" ")[0],
                "booking_key": key,
                "reference": load["reference"],
                "load_id": load["load_id"],
                "rank": load["rank"],
                "content": load["content"] if not action.startswith("cancel") else None,
                "at": load["updated_at"],
                "at_epoch_s": now_s,
            }
        )
        answer = Answer(status=status, load=dict(load))
        self._answers[key] = (_digest(action, document), answer)
        return answer


def _now() -> str:
    return datetime.fromtimestamp(epoch_s(), UTC).isoformat(timespec="microseconds")


def _digest(action: str, document: Mapping[str, Any]) -> str:
    return hashlib.sha256(json.dumps([action, document], sort_keys=True).encode()).hexdigest()


def _content(document: Mapping[str, Any]) -> dict[str, Any]:
    content = document.get("content")
    if not isinstance(content, dict) or not content:
        raise BadRequest("content: expected an object that says what is to be moved")
    return content


def _rank(document: Mapping[str, Any]) -> list[Any] | None:
    """The rank of a write: null, or a list of numbers and texts that is compared from the left."""
    rank = document.get("rank")
    if rank is None:
        return None
    if isinstance(rank, list) and len(rank) <= 8 and all(type(part) in (int, float, str) for part in rank):
        return rank
    raise BadRequest(f"rank: expected null or a list of up to 8 numbers and texts, seen {rank!r}")


def _older(rank: list[Any] | None, applied: list[Any] | None) -> bool:
    """Whether a write of `rank` comes too late; no rank at all is older than any. Raises BadRequest."""
    if applied is None:
        return False
    if rank is None:
        return True
    try:
        return rank < applied
    except TypeError as error:
        raise BadRequest(f"rank: {rank} cannot be compared with {applied}") from error
