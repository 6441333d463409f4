"""What happened in one run, in order, and nothing else.

A history only grows, by append, until it is closed. On disk it is JSON lines, written as the events come, so that a run
that dies leaves all that it saw. It draws no conclusions: checkers do.
"""

import json
import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import IO, Any, Self

from harness.clock import Clock


class Kind(StrEnum):
    """What sort of event this is.

    A client's operation is an `invoke` and then one of `ok` (it happened), `fail` (it did not) or `info` (it may have).
    """

    INVOKE = "invoke"
    OK = "ok"
    FAIL = "fail"
    INFO = "info"
    FAULT = "fault"
    HEAL = "heal"
    PROBE = "probe"
    ALERT = "alert"
    STEP = "step"


COMPLETIONS = frozenset({Kind.OK, Kind.FAIL, Kind.INFO})


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """One thing that happened, `at_s` seconds after the run began.

    `value` is a JSON object whose keys belong to the `action`. `operation_id` joins an invoke to its completion.
    """

    number: int
    at_s: float
    actor: str
    kind: Kind
    action: str
    value: Mapping[str, Any]
    operation_id: str | None = None

    def says(self, words: str) -> bool:
        """Whether these are its words; each `*` in them stands for what nobody could know before."""
        if "*" not in words:
            return self.action == words
        return re.fullmatch(".+".join(map(re.escape, words.split("*"))), self.action, re.DOTALL) is not None

    def to_json(self) -> str:
        """This event as one line of JSON, without the line's end."""
        document = {
            "number": self.number,
            "at_s": self.at_s,
            "actor": self.actor,
            "kind": self.kind.value,
            "action": self.action,
            "value": self.value,
        }
        if self.operation_id is not None:
            document["operation_id"] = self.operation_id
        return json.dumps(document, separators=(",", ":"), ensure_ascii=False)

    @classmethod
    def from_json(cls, line: str) -> Self:
        """Read one line that `to_json` wrote; raises ValueError for anything else."""
        try:
            document = json.loads(line)
            return cls(
                number=int(document["number"]),
                at_s=float(document["at_s"]),
                actor=str(document["actor"]),
                kind=Kind(document["kind"]),
                action=str(document["action"]),
                value=dict(document["value"]),
                operation_id=document.get("operation_id"),
            )
        except (KeyError, TypeError, ValueError) as error:
            raise ValueError(f"not an event of a history: {line[:120]!r}: {error}") from error


def _at_s(event: Event) -> float:
    return event.at_s


def _matches(event: Event, kind: Kind | None, action: str | None, actor: str | None) -> bool:
    return (
        (kind is None or event.kind is kind)
        and (action is None or event.action == action)
        and (actor is None or event.actor == actor)
    )


class HistoryClosed(RuntimeError):
    """Something tried to write into a history whose run has ended."""


class History:
    """An append-only list of events, kept in memory and, if `path` is given, on disk as it grows.

    It is indexed by kind, action and actor: probes and waiting ask it many times a second while it grows.
    """

    __slots__ = ("_clock", "_closed", "_events", "_file", "_index")

    def __init__(self, events: Iterable[Event] = (), *, clock: Clock | None = None, path: Path | None = None) -> None:
        self._events: list[Event] = []
        self._index: dict[tuple[str, str], list[Event]] = {}
        for event in events:
            self._add(event)
        self._clock = clock or Clock()
        self._closed = False
        # Line by line: also a run that is killed leaves what it saw.
        self._file: IO[str] | None = path.open("a", encoding="utf-8", buffering=1) if path else None

    def append(
        self,
        *,
        actor: str,
        kind: Kind,
        action: str,
        value: Mapping[str, Any] | None = None,
        operation_id: str | None = None,
    ) -> Event:
        """Add an event, stamped now: events stand in the order of their time."""
        if self._closed:
            raise HistoryClosed(f"{actor} said {kind} {action} after the history was closed")
        event = Event(
            number=len(self._events),
            # As it will stand on disk, so that a saved run is judged on the very times that the running one was.
            at_s=round(self._clock.now_s(), 6),
            actor=actor,
            kind=kind,
            action=action,
            value=dict(value or {}),
            operation_id=operation_id,
        )
        if self._file:
            self._file.write(event.to_json() + "\n")
        self._add(event)
        return event

    def _add(self, event: Event) -> None:
        self._events.append(event)
        for key in (("kind", event.kind), ("action", event.action), ("actor", event.actor)):
            self._index.setdefault(key, []).append(event)

    def close(self) -> None:
        """End the history: what is on disk is whole, and nothing can be added."""
        self._closed = True
        if self._file:
            self._file.close()
            self._file = None

    def __len__(self) -> int:
        return len(self._events)

    def __iter__(self) -> Iterator[Event]:
        return iter(self._events)

    def __getitem__(self, number: int) -> Event:
        return self._events[number]

    def since(self, number: int) -> list[Event]:
        """The events from `number` on: for whoever follows a history as it grows."""
        return self._events[number:]

    def between(self, from_s: float, to_s: float) -> list[Event]:
        """The events from `from_s` to `to_s`, both included."""
        first = bisect_left(self._events, from_s, key=_at_s)
        return self._events[first : bisect_right(self._events, to_s, lo=first, key=_at_s)]

    def backwards(self, from_s: float) -> Iterator[Event]:
        """The events up to `from_s`, the newest first, as they are asked for: to find what was last, without a copy."""
        for number in range(bisect_right(self._events, from_s, key=_at_s) - 1, -1, -1):
            yield self._events[number]

    def where(self, *, kind: Kind | None = None, action: str | None = None, actor: str | None = None) -> list[Event]:
        """The events that match everything given, in order."""
        return [event for event in self._near(kind, action, actor) if _matches(event, kind, action, actor)]

    def last(self, *, kind: Kind | None = None, action: str | None = None, actor: str | None = None) -> Event | None:
        """The newest event that matches everything given."""
        near = reversed(self._near(kind, action, actor))
        return next((event for event in near if _matches(event, kind, action, actor)), None)

    def _near(self, kind: Kind | None, action: str | None, actor: str | None) -> list[Event]:
        """The shortest list that holds all events that match."""
        wanted = (("kind", kind), ("action", action), ("actor", actor))
        lists = (self._index.get((name, value), []) for name, value in wanted if value is not None)
        return min(lists, key=len, default=self._events)

    @classmethod
    def load(cls, path: Path) -> Self:
        """Read a saved history; it comes closed. Raises ValueError, naming the line that is not an event."""
        events: list[Event] = []
        with path.open(encoding="utf-8") as lines:
            for number, line in enumerate(lines, start=1):
                try:
                    events.append(Event.from_json(line))
                except ValueError as error:
                    raise ValueError(f"{path}, line {number}: {error}") from error
        history = cls(events)
        history.close()
        return history
