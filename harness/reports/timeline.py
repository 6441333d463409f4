"""What happened in one run that a person who was not there has to know, in order: read from its history.

Each moment is that of the event itself where the event tells it (an alert's receipt, what a server wrote into its own
diary), else that of its record. Operations of clients are told by the first and the last that did not succeed.
"""

import math
import shlex
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from harness.history import COMPLETIONS, Event, History, Kind
from harness.reports.markdown import code, prose

_FACTS_SHOWN = 6
_WORDS_SHOWN = 200
_UNTOLD = frozenset({"phase", "baseline"})
_OF_RECORDS = frozenset({"number", "inbox_number", "at_s", "at_epoch_s", "received_at_s", "what", "readings"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Moment:
    """`at_s` seconds into the run, `what` as Markdown; `times` it was said in a row, until `until_s`."""

    at_s: float
    what: str
    times: int = 1
    until_s: float = 0.0


def moments_of(history: History) -> list[Moment]:
    """The moments of a run, in the order of their times; the same words in a row are one moment."""
    told = [*_told(history), *_failed_operations(history)]
    merged: list[Moment] = []
    for moment in sorted(told, key=lambda one: one.at_s):
        if merged and merged[-1].what == moment.what:
            merged[-1] = replace(merged[-1], times=merged[-1].times + 1, until_s=moment.at_s)
        else:
            merged.append(moment)
    return merged


def moment_s(event: Event) -> float:
    """When it happened, in seconds of the run."""
    for name in ("received_at_s", "at_s"):
        at_s = event.value.get(name)
        if isinstance(at_s, int | float) and math.isfinite(at_s):
            return float(at_s)
    return event.at_s


def facts_of(facts: Mapping[str, Any]) -> str:
    """A few plain facts as Markdown; what is long or nested stays in the history."""
    plain = [f"{name}={fact}" for name, fact in facts.items() if name not in _OF_RECORDS and _is_plain(fact)]
    more = ", ..." if len(plain) > _FACTS_SHOWN else ""
    return ", ".join(map(code, plain[:_FACTS_SHOWN])) + more


def _is_plain(fact: object) -> bool:
    return isinstance(fact, str | int | float | bool) and len(str(fact)) <= _WORDS_SHOWN


def _told(history: History) -> Iterator[Moment]:
    for event in history:
        if event.kind in {Kind.FAULT, Kind.HEAL, Kind.ALERT}:
            yield Moment(at_s=moment_s(event), what=_MARKS[event.kind](event))
        elif event.kind is Kind.STEP and event.action not in _UNTOLD:
            say = _STEPS.get(event.action) if event.actor in {"drill", "operator", "replay"} else None
            yield Moment(at_s=moment_s(event), what=(say or _said_by)(event))


def _failed_operations(history: History) -> Iterator[Moment]:
    fault = next((event for event in history.where(kind=Kind.FAULT) if event.value.get("main")), None)
    if fault is None:
        return
    failed = [event for event in history.since(fault.number) if event.kind in COMPLETIONS and event.kind is not Kind.OK]
    ends = (
        zip(("first", "last"), (failed[0], failed[-1]), strict=True)
        if len(failed) > 1
        else (("only", one) for one in failed)
    )
    for which, event in ends:
        status = f", status {event.value['status']}" if isinstance(event.value.get("status"), int) else ""
        yield Moment(at_s=event.at_s, what=f"the {which} operation that did not succeed: {code(event.action)}{status}")


def _of(event: Event) -> str:
    return f"{code(event.value.get('of', event.action))} of {code(event.value.get('target', '?'))}"


def _fault(event: Event) -> str:
    return f"**fault**: {_of(event)}" if event.value.get("main") else f"held beforehand: {_of(event)}"


def _alert(event: Event) -> str:
    status, contact = event.value.get("status"), contact_of(event)
    began = "alert" if status == "firing" else f"alert {prose(status)}"
    return f"{began}: {code(event.action)}{f', for {prose(contact)}' if contact else ''}"


def contact_of(event: Event) -> str | None:
    """Who an alert was for: its label, where there is one."""
    labels = event.value.get("labels")
    contact = labels.get("contact") if isinstance(labels, dict) else None
    return str(contact) if contact else None


def _evidence(event: Event) -> str:
    proved = "was seen to bite" if event.value.get("proof") is True else "was NOT seen to bite"
    facts = event.value.get("facts")
    said = facts_of(facts) if isinstance(facts, dict) else ""
    return f"{_of(event)} {proved}{f': {said}' if said else ''}"


def command_of(event: Event) -> tuple[str, ...]:
    """The words of an operator's command."""
    words = event.value.get("command")
    return tuple(map(str, words)) if isinstance(words, list) else (str(words),)


def _operator(event: Event) -> str:
    return f"operator: {code(shlex.join(command_of(event)))} ended with {prose(event.value.get('exit_code'))}"


def _held(came: str, did_not: str) -> Callable[[Event], str]:
    return lambda event: came if event.value.get("held") is True else f"{did_not}{_readings(event)}"


def _readings(event: Event) -> str:
    readings = event.value.get("readings")
    return f": {'; '.join(map(prose, readings))}" if isinstance(readings, list) and readings else ""


def _waited(event: Event) -> str:
    what = prose(event.value.get("what", "what was waited for"))
    return f"seen: {what}" if event.value.get("held") is True else f"waited in vain: {what}{_readings(event)}"


def _symptom(event: Event) -> str:
    return f"{'users saw' if event.value.get('seen') is True else 'nobody saw'}: {prose(event.value.get('text'))}"


def _replayed(event: Event) -> str:
    outcome = event.value.get("outcome")
    said = {"pass": "as before", "unknown": "and nobody can tell"}.get(str(outcome), f"and is {prose(outcome)}")
    return f"a trace was replayed, {said}"


def _said_by(event: Event) -> str:
    facts = facts_of(event.value)
    return f"{prose(event.actor)}: {prose(event.action)}{f' ({facts})' if facts else ''}"


_MARKS: Mapping[Kind, Callable[[Event], str]] = {
    Kind.FAULT: _fault,
    Kind.HEAL: lambda event: f"undone: {_of(event)}",
    Kind.ALERT: _alert,
}
_STEPS: Mapping[str, Callable[[Event], str]] = {
    "gate": _held("steady state held", "steady state did not hold"),
    "evidence": _evidence,
    "symptom": _symptom,
    "operator": _operator,
    "wait": _waited,
    "recovered": _held("recovered while the fault stood", "not recovered while the fault stood"),
    "steady_again": _held("steady state again", "no steady state within the limit"),
    "settled": _held("all work was finished", "work was left unfinished"),
    "replay": _replayed,
    "stopped": lambda event: f"the drill was given up: {prose(event.value.get('reason'))}",
    "heal failed": lambda event: f"{_of(event)} could NOT be undone: {prose(event.value.get('error'))}",
}
