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


def fault_event(history: History) -> Event | None:
    """The first main fault of the drill."""
    return next((event for event in history.where(kind=Kind.FAULT) if event.value.get("main")), None)


def moment_s(event: Event) -> float:
    """When it was: as an event about an earlier moment says itself (`at_s` in its value), else when it was written."""
    return float(event.value.get("at_s", event.at_s))


def acknowledgements(history: History, write: str, key: str) -> Iterable[Told]:
    """Everything that clients were told is safe, in order.

    An answer that speaks of several things lists them under `results`; one that speaks of a single thing is its own
    result.
    """
    for event in history:
        if event.kind is Kind.OK and event.action == write:
            for result in event.value.get("results", (event.value,)):
                yield Told(key=str(result[key]), event=event, result=result)


def first_told(history: History, write: str, key: str, *, before: int | None = None) -> dict[str, Told]:
    """For each key the first acknowledgement of it; `before` is the number of an event to stop at."""
    found: dict[str, Told] = {}
    for told in acknowledgements(history, write, key):
        if before is not None and told.event.number >= before:
            break
        found.setdefault(told.key, told)
    return found


def attempted(history: History, write: str, key: str) -> dict[str, list[Event]]:
    """For each key the completions of every operation that tried to write it, whatever came of them."""
    invoked: dict[str, list[str]] = {}
    found: dict[str, list[Event]] = {}
    for event in history:
        if event.action != write or event.operation_id is None:
            continue
        if event.kind is Kind.INVOKE:
            several = event.value.get(_plural(key))
            invoked[event.operation_id] = [str(one) for one in several] if several else [str(event.value[key])]
        elif event.kind in COMPLETIONS:
            for one in invoked.get(event.operation_id, ()):
                found.setdefault(one, []).append(event)
    return found


def _plural(key: str) -> str:
    return f"{key[:-1]}ies" if key.endswith("y") else f"{key}s"


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
