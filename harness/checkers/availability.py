"""Clients were served all along: through the failure, the recovery, and until all was well again."""

from collections import Counter
from dataclasses import dataclass

from harness.checkers.base import Claim
from harness.checkers.reading import fault_event, some
from harness.history import COMPLETIONS, Event, History, Kind
from harness.verdict import Verdict


@dataclass(frozen=True, slots=True, kw_only=True)
class StaysAvailable(Claim):
    """Of the operations that clients began in the incident, at least `ratio` ended ok.

    The incident lasts from the fault until steady state was reached again; where that never was, to the end of the
    history. An operation that never ended was not served. Under `operations_at_least` nothing can be said.
    """

    action: str
    ratio: float = 0.99
    actor: str | None = None
    operations_at_least: int = 20

    def check(self, history: History) -> Verdict:
        fault = fault_event(history)
        if fault is None:
            return self._unknown("no fault was injected")
        steady = [event for event in history.where(kind=Kind.STEP, action="steady_again") if event.value.get("held")]
        until = steady[-1].number if steady else len(history)
        begun: dict[str, Event] = {}
        ended: dict[str, Event] = {}
        for event in history.where(action=self.action):
            if event.operation_id is None or (self.actor is not None and not event.actor.startswith(self.actor)):
                continue
            if event.kind is Kind.INVOKE and fault.number < event.number < until:
                begun[event.operation_id] = event
            elif event.kind in COMPLETIONS and event.operation_id in begun:
                ended[event.operation_id] = event
        if len(begun) < self.operations_at_least:
            return self._unknown(f"{len(begun)} operations in the incident, {self.operations_at_least} wanted", [fault])
        served = sum(event.kind is Kind.OK for event in ended.values())
        failed = [ended.get(one, event) for one, event in begun.items() if one not in ended or not _ok(ended[one])]
        summary = f"{served} of {len(begun)} served ({served / len(begun):.1%})"
        if served < self.ratio * len(begun):
            return self._fail(f"{summary}, {self.ratio:.1%} wanted; the others: {_ways(failed)}", [fault, *failed])
        return self._pass(summary + (f"; the others: {_ways(failed)}" if failed else ""), [fault, *failed])


def _ok(event: Event) -> bool:
    return event.kind is Kind.OK


def _ways(failed: list[Event]) -> str:
    """How they failed, the most frequent way first."""
    ways = Counter(
        "never ended" if event.kind is Kind.INVOKE else str(event.value.get("status") or event.value.get("error"))
        for event in failed
    )
    return some((f"{count} times {way}" for way, count in ways.most_common()), 3)
