"""One client's trouble is its own: the others go on as if nothing were the matter."""

import math
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

from harness.checkers.base import Claim
from harness.checkers.reading import fault_event, healed_number, some
from harness.history import COMPLETIONS, Event, History, Kind
from harness.verdict import Verdict


@dataclass(frozen=True, slots=True, kw_only=True)
class OthersUndisturbed(Claim):
    """While the main fault stands, operations of everybody but `apart_from` succeed, and as quickly as without it.

    Each other actor is held to `success_at_least` for itself, so that the many do not hide what one of them suffers.
    The `percent` percentile of how long all of theirs took, those that did not succeed included, is at most `within`
    times that of those that succeeded without the fault: before it and after, so that a machine that has become slow
    meanwhile, and stays so, is not taken for the fault's doing. An operation belongs to the time at which it began, and
    one that never ended did not succeed. With fewer than `operations_at_least` on either side the answer is unknown.
    """

    action: str
    apart_from: str
    success_at_least: float = 0.99
    percent: float = 95.0
    within: float = 4.0
    operations_at_least: int = 20

    def check(self, history: History) -> Verdict:
        fault = fault_event(history)
        if fault is None:
            return self._unknown("no fault was injected")
        during, without = self._of_others(history, range(fault.number, healed_number(history, fault)))
        least = min(len(without), len(during))
        if least < self.operations_at_least:
            return self._unknown(f"{len(without)} operations of others without it, {len(during)} with it", [fault])
        suffering = [
            f"{actor}: {succeeded} of {len(of_one)} ok"
            for actor, of_one in _by_actor(during).items()
            if (succeeded := sum(_ok(ended) for _, ended in of_one)) < self.success_at_least * len(of_one)
        ]
        failed = [ended or begun for begun, ended in during if not _ok(ended)]
        if suffering:
            return self._fail(f"others suffered: {some(suffering)}", [fault, *failed])
        was_s, is_s = (_percentile(self.percent, operations) for operations in (without, during))
        took = f"p{self.percent:g} {is_s * 1000:.0f} ms, {is_s / was_s if was_s else math.inf:.1f} times as without it"
        if is_s > self.within * was_s:
            return self._fail(f"others waited: {took}", [fault])
        return self._pass(f"{len(during)} operations of others, all well; {took}", [fault])

    def _of_others(self, history: History, stood: range) -> tuple["Operations", "Operations"]:
        """The operations that others began while the fault stood, and those that succeeded of the time without it."""
        ended = {
            event.operation_id: event
            for event in history.where(action=self.action)
            if event.kind in COMPLETIONS and not event.actor.startswith(self.apart_from)
        }
        others = [
            (begun, ended.get(begun.operation_id))
            for begun in history.where(kind=Kind.INVOKE, action=self.action)
            if not begun.actor.startswith(self.apart_from)
        ]
        during = [(begun, end) for begun, end in others if begun.number in stood]
        return during, [(begun, end) for begun, end in others if begun.number not in stood and _ok(end)]


@dataclass(frozen=True, slots=True, kw_only=True)
class NobodyShutOut(Claim):
    """No operation of anybody but `apart_from` was answered with `status`, from the first to the last.

    Without `apart_from` it speaks of everybody. 429 says that one is shut out.
    """

    action: str
    apart_from: str | None = None
    status: int = 429

    def check(self, history: History) -> Verdict:
        answered = [
            event
            for event in history.where(action=self.action)
            if event.kind in COMPLETIONS
            and event.value.get("status") is not None
            and not (self.apart_from is not None and event.actor.startswith(self.apart_from))
        ]
        if not answered:
            return self._unknown(f"no {self.action} was answered")
        shut_out = [event for event in answered if event.value["status"] == self.status]
        if shut_out:
            actors = sorted({event.actor for event in shut_out})
            return self._fail(f"{len(shut_out)} answers were {self.status}, to {some(actors)}", shut_out)
        return self._pass(f"none of {len(answered)} answers was {self.status}")


Operations = list[tuple[Event, Event | None]]


def _by_actor(operations: Operations) -> dict[str, Operations]:
    found: dict[str, Operations] = defaultdict(list)
    for begun, ended in operations:
        found[begun.actor].append((begun, ended))
    return found


def _ok(ended: Event | None) -> bool:
    return ended is not None and ended.kind is Kind.OK


def _percentile(percent: float, operations: Iterable[tuple[Event, Event | None]]) -> float:
    """How long that share of the operations took at most, in seconds (nearest rank)."""
    took_s = sorted(float(ended.value["duration_s"]) for _, ended in operations if ended is not None)
    return took_s[max(0, math.ceil(percent / 100 * len(took_s)) - 1)] if took_s else math.inf
