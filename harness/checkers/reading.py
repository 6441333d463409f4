"""How checkers read a history: what clients were told, what stood in the end, and when the fault was."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from harness.history import COMPLETIONS, Event, History, Kind


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What one completed operation said about one thing: its key, and the answer about it."""

    key: str
    event: Event
    result: Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """One operation on one thing. `completion` is None when it never ended."""

    invoke: Event
    completion: Event | None

    def unknown_between(self, from_number: int, to_number: int) -> bool:
        """Whether nobody knew its outcome: it may have happened, or was under way at some time between two events.

        What was begun after them says nothing about them, whatever came of it.
        """
        if self.invoke.number >= to_number:
            return False
        ended = self.completion
        return ended is None or ended.kind is Kind.INFO or ended.number > from_number


def fault_event(history: History) -> Event | None:
    """The first main fault of the drill."""
    return next((event for event in history.where(kind=Kind.FAULT) if event.value.get("main")), None)


def healed_number(history: History, fault: Event) -> int:
    """The number of the event that ended a fault; past the last when nothing did."""
    heals = (event for event in history.where(kind=Kind.HEAL, action=fault.action) if event.number > fault.number)
    return next((event.number for event in heals), len(history))


def first_step(history: History, action: str) -> Event | None:
    """The first step of that name."""
    return next(iter(history.where(kind=Kind.STEP, action=action)), None)


def moment_s(event: Event) -> float:
    """When it was: as an event about an earlier moment says itself (`at_s` in its value), else when it was written."""
    return float(event.value.get("at_s", event.at_s))


def acknowledgements(history: History, write: str, key: str) -> Iterable[Told]:
    """Everything that clients were told is safe, in order.

    An answer that speaks of several things lists them under `results`; one that speaks of a single thing is its own
    result.
    """
    for event in history.where(kind=Kind.OK, action=write):
        for result in event.value.get("results", (event.value,)):
            yield Told(key=str(result[key]), event=event, result=result)


def first_told(
    history: History, write: str, key: str, *, from_s: float = 0.0, until_s: float = float("inf")
) -> dict[str, Told]:
    """For each key the first acknowledgement of it at `from_s` or later and before `until_s`."""
    found: dict[str, Told] = {}
    for told in acknowledgements(history, write, key):
        if told.event.at_s >= until_s:
            break
        if told.event.at_s >= from_s:
            found.setdefault(told.key, told)
    return found


def attempts(history: History, write: str, key: str) -> dict[str, list[Attempt]]:
    """For each key every operation that tried to write it, whatever came of it.

    An invoke names several things under the plural of `key`, or a single one under `key` itself.
    """
    begun: dict[str, tuple[Event, list[str]]] = {}
    found: dict[str, list[Attempt]] = {}
    plural = f"{key[:-1]}ies" if key.endswith("y") else f"{key}s"

    def add(keys: Iterable[str], attempt: Attempt) -> None:
        for one in keys:
            found.setdefault(one, []).append(attempt)

    for event in history:
        if event.action != write or event.operation_id is None:
            continue
        if event.kind is Kind.INVOKE:
            several = event.value.get(plural)
            begun[event.operation_id] = event, list(map(str, several)) if several else [str(event.value[key])]
        elif event.kind in COMPLETIONS and event.operation_id in begun:
            invoke, keys = begun.pop(event.operation_id)
            add(keys, Attempt(invoke=invoke, completion=event))
    for invoke, keys in begun.values():
        add(keys, Attempt(invoke=invoke, completion=None))
    return found


def snapshot(history: History, name: str) -> Event | None:
    """The newest snapshot that a probe called `name` took."""
    return history.last(kind=Kind.PROBE, action=name)


def rows_of(event: Event, field: str = "rows") -> list[Mapping[str, Any]]:
    """The rows of a snapshot."""
    rows: list[Mapping[str, Any]] = event.value[field]
    return rows


def some(things: Iterable[str], limit: int = 5) -> str:
    """A few of `things`, and how many more there are."""
    listed = list(things)
    more = f" and {len(listed) - limit} more" if len(listed) > limit else ""
    return ", ".join(listed[:limit]) + more
