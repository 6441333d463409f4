"""An incident leaves what its review is written from: without it nobody can say afterwards what happened and why."""

from dataclasses import dataclass

from harness.checkers.base import Claim
from harness.checkers.reading import fault_event
from harness.history import Event, History, Kind
from harness.verdict import Verdict


@dataclass(frozen=True, slots=True, kw_only=True)
class LeavesAReview(Claim):
    """The history holds proof of what was wrong, an alert with a contact to own what follows, what mended it, and its
    end.

    Each stands after the fault with its time, so the four are a timeline. That the words are there too, cause and
    prevention, is the scenario's affair.
    """

    def check(self, history: History) -> Verdict:
        fault = fault_event(history)
        if fault is None:
            return self._unknown("no fault was injected")
        after = history.since(fault.number)
        parts = {
            "proof of what was wrong": [event for event in after if _proves(event)],
            "an alert with a contact": [event for event in after if _calls(event)],
            "what mended it": [event for event in after if _mends(event)],
            "its end": [event for event in after if _ends(event)],
        }
        missing = [part for part, events in parts.items() if not events]
        seen = [fault, *(events[0] for events in parts.values() if events)]
        if missing:
            return self._fail(f"a review would lack {', '.join(missing)}", seen)
        return self._pass("cause, owner, resolution and end are on record, each with its time", seen)


def _proves(event: Event) -> bool:
    return event.kind is Kind.STEP and event.action == "evidence" and event.value.get("proof") is True


def _calls(event: Event) -> bool:
    labels = event.value.get("labels")
    named = isinstance(labels, dict) and bool(labels.get("contact"))
    return event.kind is Kind.ALERT and event.value.get("status") == "firing" and named


def _mends(event: Event) -> bool:
    """What neither the drill nor its own parts wrote was done by the system or by those around it."""
    by_others = event.action == "operator" or event.actor not in {"drill", "inbox", "replay"}
    return event.kind is Kind.STEP and by_others


def _ends(event: Event) -> bool:
    return event.kind is Kind.STEP and event.action == "steady_again" and event.value.get("held") is True
