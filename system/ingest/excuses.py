"""Which repeats are not the partner's fault: those of what we refused, never answered, or asked for ourselves.

A partner that was told to come back (429, 5xx), or told nothing, has to send again; one that was asked for a window of
time sends all of it. So three things are remembered, in this process and in Redis for the others: signals that we had
read and did not answer with yes, bodies that we refused unread (by a digest, which a new envelope does not change), and
which of the signals we asked for have come. Each is good for one repeat: the next one, once answered, counts. What
cannot be found out is excused. Whether a repeat that is not excused opens anything is decided elsewhere.
"""

import hashlib
import threading
from collections import OrderedDict
from collections.abc import Collection, Sequence
from datetime import timedelta
from typing import Any

from system.clock import Clock
from system.ingest.optional_redis import OptionalRedis
from system.settings import Settings
from system.storage import DatabaseUnavailable, Identity, Storage

SIGNALS_MAX = 20_000
BODIES_MAX = 2_000
"""Of one partner; a partner that was refused more than that inside the time is not one that retries."""
_FLUSHED_MAX = 1_000


class Excuses:
    """`refused`, `refused_unread` and `answered` cost no I/O; the other methods block. Safe to use from threads."""

    def __init__(self, storage: Storage, redis: OptionalRedis, settings: Settings, clock: Clock) -> None:
        self._storage, self._redis, self._clock = storage, redis, clock
        self._kept_s = settings.breaker_excuse_s
        self._counts_refused = settings.unsafe_breaker_counts_our_refusals
        self._counts_resends = settings.unsafe_breaker_counts_resends
        self._signals: OrderedDict[str, float] = OrderedDict()
        self._bodies: dict[str, OrderedDict[str, float]] = {}
        self._resent: OrderedDict[str, float] = OrderedDict()
        self._unsaid: list[tuple[Any, ...]] = []
        self._lock = threading.Lock()

    @property
    def lenient(self) -> bool:
        """Whether what cannot be found out is excused; not so where an unsafe switch counts what should not be."""
        return not (self._counts_refused or self._counts_resends)

    def refused(self, identities: Sequence[Identity]) -> None:
        """These were read, and answered with 5xx or with nothing."""
        with self._lock:
            for identity in identities:
                self._remember(self._signals, str(identity), SIGNALS_MAX)
                self._say("SET", _signal_key(identity), "1", "EX", int(self._kept_s) + 1)

    def refused_unread(self, partner_id: str, body: bytes) -> None:
        """This body was answered with 429 or 5xx and not read."""
        digest = digest_of(body)
        with self._lock:
            self._remember(self._bodies.setdefault(partner_id, OrderedDict()), digest, BODIES_MAX)
            key = _bodies_key(partner_id)
            self._say("ZADD", key, repr(self._clock.now().timestamp()), digest)
            self._say("EXPIRE", key, int(self._kept_s) + 1)

    def answered(self, partner_id: str, identities: Collection[Identity], body: bytes) -> None:
        """These were excused and have had their answer: the next repeat has no excuse."""
        if not identities:
            return
        digest = digest_of(body)
        with self._lock:
            self._bodies.get(partner_id, OrderedDict()).pop(digest, None)
            self._say("ZREM", _bodies_key(partner_id), digest)
            for identity in identities:
                self._signals.pop(str(identity), None)
                self._say("DEL", _signal_key(identity))

    def flush(self) -> None:
        """Tells Redis what has come up since; what Redis does not take stays this process's own."""
        with self._lock:
            commands, self._unsaid = self._unsaid, []
        now_s = self._clock.now().timestamp()
        for key in {command[1] for command in commands if command[0] == "ZADD"}:
            commands.append(("ZREMRANGEBYSCORE", key, "-inf", f"({now_s - self._kept_s!r}"))
            commands.append(("ZREMRANGEBYRANK", key, 0, -BODIES_MAX - 1))
        self._redis.execute(commands)

    def excused(self, partner_id: str, identities: Sequence[Identity], body: bytes) -> set[Identity]:
        """Those of `identities`, all repeats of stored signals in `body`, that have an excuse."""
        found: set[Identity] = set() if self._counts_refused else self._refused_before(partner_id, identities, body)
        rest = [one for one in identities if one not in found]
        return found if self._counts_resends or not rest else found | self._asked_for(partner_id, rest)

    def _refused_before(self, partner_id: str, identities: Sequence[Identity], body: bytes) -> set[Identity]:
        now_s = self._clock.monotonic_s()
        digest = digest_of(body)
        with self._lock:
            if self._bodies.get(partner_id, OrderedDict()).get(digest, now_s) > now_s:
                return set(identities)
            found = {one for one in identities if self._signals.get(str(one), now_s) > now_s}
        rest = [one for one in identities if one not in found]
        return found | self._known_to_redis(partner_id, rest, digest) if rest else found

    def _known_to_redis(self, partner_id: str, identities: Sequence[Identity], digest: str) -> set[Identity]:
        commands: list[tuple[Any, ...]] = [("ZSCORE", _bodies_key(partner_id), digest)]
        commands += [("EXISTS", _signal_key(one)) for one in identities]
        body_known, *signals_known = self._redis.execute(commands)
        if body_known is not None:
            return set(identities)
        return {one for one, known in zip(identities, signals_known, strict=True) if known}

    def _asked_for(self, partner_id: str, identities: Sequence[Identity]) -> set[Identity]:
        """Those that we asked for and that had not come since; they have now."""
        since = self._clock.now() - timedelta(seconds=self._kept_s)
        try:
            asked = self._storage.lost_signals.asked_for(partner_id, identities, since=since)
        except DatabaseUnavailable:
            return set(identities) if self.lenient else set()
        names = {identity: f"breaker:resent:{incident_id}:{identity}" for identity, incident_id in asked.items()}
        commands: list[tuple[Any, ...]] = []
        for name in names.values():
            commands += [("SET", name, "1", "NX", "EX", int(self._kept_s) + 1), ("EXISTS", name)]
        answers = self._redis.execute(commands)
        fresh: set[Identity] = set()
        with self._lock:
            for (identity, name), was_set, exists in zip(names.items(), answers[::2], answers[1::2], strict=True):
                came_before = name in self._resent or (exists and not was_set)
                self._remember(self._resent, name, SIGNALS_MAX)
                if not came_before:
                    fresh.add(identity)
        return fresh

    def _remember(self, among: OrderedDict[str, float], name: str, limit: int) -> None:
        among.pop(name, None)
        among[name] = self._clock.monotonic_s() + self._kept_s
        while len(among) > limit:
            among.popitem(last=False)

    def _say(self, *command: Any) -> None:
        if len(self._unsaid) < _FLUSHED_MAX:
            self._unsaid.append(command)


def digest_of(body: bytes) -> str:
    """What a body says, without an envelope's numbers: its transaction sets, or all of it where there are none."""
    start, end = 0, len(body)
    if body.startswith(b"ISA") and len(body) > 106:
        separator = body[3:4]
        start = max(0, body.find(b"ST" + separator, 105))
        end = body.rfind(b"GE" + separator, start) if start else end
        end = end if end > start else len(body)
    return hashlib.blake2b(body[start:end], digest_size=12).hexdigest()


def _signal_key(identity: Identity) -> str:
    return f"breaker:excused:{identity}"


def _bodies_key(partner_id: str) -> str:
    return f"breaker:unread:{partner_id}"
