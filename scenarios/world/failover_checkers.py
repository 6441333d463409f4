"""Checkers of a failover: that it went by itself, that the API refused quickly meanwhile, and that commits did wait."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from harness.checkers.base import Claim
from harness.checkers.reading import fault_event
from harness.history import Event, History, Kind
from harness.verdict import Verdict
from scenarios.world.traffic import SEND


@dataclass(frozen=True, slots=True, kw_only=True)
class PromotedByItself(Claim):
    """A replica was promoted and the endpoint moved, before any operator did anything, and the API worked again."""

    def check(self, history: History) -> Verdict:
        fault = fault_event(history)
        if fault is None:
            return self._unknown("no fault was injected")
        promoted = next(iter(history.where(kind=Kind.STEP, action="promoted")), None)
        if promoted is None:
            return self._fail("no replica was promoted", [fault])
        operator = next(iter(history.where(kind=Kind.STEP, action="operator")), None)
        if operator is not None and operator.number < promoted.number:
            return self._fail("an operator acted before the promotion", [operator, promoted])
        worked = next(
            (event for event in history.since(promoted.number) if event.kind is Kind.OK and event.action == SEND), None
        )
        if worked is None:
            return self._fail("nothing was accepted after the promotion", [promoted])
        after_s = float(promoted.value["at_s"]) - fault.at_s
        return self._pass(f"promoted {after_s:.2f} s after the fault", [fault, promoted, worked])


@dataclass(frozen=True, slots=True, kw_only=True)
class QuickRefusals(Claim):
    """While the database was gone every request was answered, each within `limit_s`, and none was left to hang."""

    limit_s: float = 2.0

    def check(self, history: History) -> Verdict:
        refused = history.where(kind=Kind.INFO, action=SEND)
        if not refused:
            return self._unknown("no request was refused or left open")
        slow = [event for event in refused if event.value["status"] is None or _duration_s(event) > self.limit_s]
        if slow:
            said = f"{len(slow)} of {len(refused)} refusals took longer than {self.limit_s:g} s or never came"
            return self._fail(said, slow)
        slowest_s = max(map(_duration_s, refused))
        return self._pass(f"{len(refused)} refusals, the slowest after {slowest_s:.2f} s", refused)


def _duration_s(event: Event) -> float:
    return float(event.value["duration_s"])


@dataclass(frozen=True, slots=True, kw_only=True)
class WasSemiSynchronous(Claim):
    """At the fault the primary waited for its replica with every commit, and had never stopped doing so."""

    def check(self, history: History) -> Verdict:
        fault = fault_event(history)
        looks = [
            event
            for event in history.where(kind=Kind.PROBE, action="semi_sync")
            if fault is not None and event.number < fault.number
        ]
        if len(looks) < 2:
            return self._unknown("the primary was not asked before the fault")
        first, last = _variables(looks[0].value), _variables(looks[-1].value)
        status = last.get("Rpl_semi_sync_master_status")
        before, after = first.get("Rpl_semi_sync_master_no_tx"), last.get("Rpl_semi_sync_master_no_tx")
        said = f"status {status}; commits that did not wait: {before} at the start, {after} at the fault"
        if status == "ON" and after is not None and after == before:
            return self._pass(said, [looks[0], looks[-1]])
        return self._unknown(said, [looks[0], looks[-1]])


def _variables(value: Mapping[str, Any]) -> dict[str, str]:
    return {str(row["Variable_name"]): str(row["Value"]) for row in value.get("rows", ())}
