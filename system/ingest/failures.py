"""A partner's failures inside the sliding window, counted for all ingest processes together.

They stand in Redis, one short list a partner; each process also keeps its own, which alone counts while Redis is gone.
A failure carries the places that were wrong, so that whoever opens the breaker can say what to mend. The lists stay
short, because past the threshold nothing is counted any more.
"""

import json
import threading
from collections import Counter, defaultdict, deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from system.clock import Clock, Ids
from system.ingest.optional_redis import OptionalRedis
from system.storage import Place
from system.x12 import Defects

Kind = Literal["malformed", "duplicate"]

_PLACES_MAX = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """One request that failed: how many of its signals (a malformed interchange is one), and where."""

    kind: Kind
    count: int
    places: Sequence[Place]


@dataclass(frozen=True, slots=True, kw_only=True)
class Counted:
    """What the window holds; `places` are summed over all failures, the most frequent first."""

    malformed: int = 0
    duplicates: int = 0
    places: tuple[Place, ...] = ()

    @property
    def total(self) -> int:
        """Failures of both kinds."""
        return self.malformed + self.duplicates


def malformed(defects: Defects) -> Failure:
    """The failure that a rejected body is, with the places that are wrong most often in it."""
    places = [Place(segment=one.segment, element=one.element, message=one.message) for one in defects.found]
    first = {(place.segment, place.element): place for place in reversed(places)}
    times = Counter((place.segment, place.element) for place in places)
    return Failure(kind="malformed", count=1, places=[first[where] for where, _ in times.most_common(_PLACES_MAX)])


def duplicated(identities: Sequence[str]) -> Failure:
    """The failure that repeats of answered signals are: a shipment's number stands in B2, element 4."""
    message = f"sent again after it was answered: {identities[0]}"
    place = Place(segment="B2", element=4, message=message, count=len(identities))
    return Failure(kind="duplicate", count=len(identities), places=(place,))


@dataclass(frozen=True, slots=True, kw_only=True)
class Noted:
    """One failure as the lists hold it: `text` differs from that of every other."""

    partner_id: str
    at_s: float
    text: str


class FailureWindow:
    """Notes and counts; safe to use from several threads, never raises for what Redis does."""

    def __init__(self, redis: OptionalRedis, clock: Clock, ids: Ids, *, window_s: float, threshold: int) -> None:
        self._redis, self._clock, self._ids, self._window_s = redis, clock, ids, window_s
        self._kept_max = 2 * threshold + 100
        self._own: dict[str, deque[tuple[float, str]]] = defaultdict(lambda: deque(maxlen=self._kept_max))
        self._lock = threading.Lock()

    def note(self, partner_id: str, failure: Failure) -> Noted:
        """Adds a failure that happened now to this process's own; costs no I/O."""
        noted = Noted(partner_id=partner_id, at_s=self._clock.now().timestamp(), text=self._text(failure))
        with self._lock:
            own = self._own[partner_id]
            own.append((noted.at_s, noted.text))
            while own and own[0][0] < noted.at_s - self._window_s:
                own.popleft()
        return noted

    def own(self, noted: Noted, *, since: datetime | None = None) -> Counted:
        """What this process alone has in the window, after `since` (when the breaker was last closed)."""
        return self._count({}, noted, since)

    def shared(self, noted: Noted, *, since: datetime | None = None) -> Counted:
        """Tells the other processes of it; what all have in the window together. Blocking."""
        from_s = noted.at_s - self._window_s
        key = f"breaker:failures:{noted.partner_id}"
        answers = self._redis.execute(
            [
                ("ZADD", key, repr(noted.at_s), noted.text),
                ("ZREMRANGEBYSCORE", key, "-inf", f"({from_s!r}"),
                ("ZREMRANGEBYRANK", key, 0, -self._kept_max - 1),
                ("ZRANGE", key, 0, -1, "WITHSCORES"),
                ("EXPIRE", key, int(self._window_s) + 60),
            ]
        )
        return self._count({_decoded(text): float(at_s) for text, at_s in _pairs(answers[3])}, noted, since)

    def _count(self, others: dict[str, float], noted: Noted, since: datetime | None) -> Counted:
        with self._lock:
            found = others | {text: at_s for at_s, text in self._own[noted.partner_id]}
        from_s = noted.at_s - self._window_s
        after_s = float("-inf") if since is None else since.timestamp()
        return _counted(text for text, at_s in found.items() if at_s >= from_s and at_s > after_s)

    def _text(self, failure: Failure) -> str:
        places = [[place.segment, place.element, place.message, place.count] for place in failure.places]
        document = {"id": self._ids.new("failure"), "kind": failure.kind, "count": failure.count, "places": places}
        return json.dumps(document, separators=(",", ":"))


def _counted(texts: Iterable[str]) -> Counted:
    counts: Counter[str] = Counter()
    places: Counter[tuple[str, int | None]] = Counter()
    messages: dict[tuple[str, int | None], str] = {}
    for text in texts:
        try:
            document = json.loads(text)
            counts[document["kind"]] += int(document["count"])
            for segment, element, message, count in document["places"]:
                places[str(segment), element] += count
                messages.setdefault((str(segment), element), str(message))
        except (ValueError, KeyError, TypeError):
            continue  # not ours
    return Counted(
        malformed=counts["malformed"],
        duplicates=counts["duplicate"],
        places=tuple(
            Place(segment=place[0], element=place[1], message=messages[place], count=count)
            for place, count in places.most_common(_PLACES_MAX)
        ),
    )


def _pairs(answer: Any) -> list[tuple[Any, Any]]:
    """Members with their scores, whether the client has paired them already or not."""
    if not isinstance(answer, list) or not answer:
        return []
    if isinstance(answer[0], tuple | list):
        return [(one[0], one[1]) for one in answer]
    return list(zip(answer[::2], answer[1::2], strict=True))


def _decoded(text: Any) -> str:
    return text.decode("utf-8", "replace") if isinstance(text, bytes) else str(text)
