"""How the database went from one server to the other: by itself, with quick refusals meanwhile, and as configured.

These judge the course of a failover; whether anything was lost in it is the business of the engine's own checkers.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from harness.checkers.base import Claim
from harness.checkers.reading import fault_event, moment_s, some
from harness.history import COMPLETIONS, Event, History, Kind
from harness.verdict import Verdict
from scenarios.world.traffic import SEND

_MASTER, _SOURCE = "Rpl_semi_sync_master_", "Rpl_semi_sync_source_"
_STATUS = "Rpl_semi_sync_master_status"
_WAITED = "Rpl_semi_sync_master_yes_tx"
_DID_NOT_WAIT = "Rpl_semi_sync_master_no_tx"


@dataclass(frozen=True, slots=True, kw_only=True)
class PromotedByItself(Claim):
    """After the fault the replica is promoted, the endpoint moves to it and work is accepted there, all before any
    person did anything.

    `promoted` and `moved` are entries of the managed database's diary, which stands in the history as steps.
    """

    promoted: str = "promoted"
    moved: str = "endpoint moved"
    write: str = SEND

    def check(self, history: History) -> Verdict:
        fault = fault_event(history)
        if fault is None:
            return self._unknown("no fault was injected")
        diary: dict[str, Event] = {}
        for event in history.since(fault.number):
            if event.kind is Kind.STEP and event.action in (self.promoted, self.moved):
                diary.setdefault(event.action, event)
        missing = [what for what in (self.promoted, self.moved) if what not in diary]
        if missing:
            return self._fail(f"the managed database never wrote: {', '.join(missing)}", [fault, *diary.values()])
        promoted, moved = diary[self.promoted], diary[self.moved]
        if moment_s(moved) < moment_s(promoted):
            return self._fail("the endpoint moved before the replica was promoted", [promoted, moved])
        operated = [
            event for event in history.where(kind=Kind.STEP, action="operator") if event.at_s < moment_s(promoted)
        ]
        if operated:
            return self._fail(f"`{' '.join(operated[0].value['command'])}` came before it", [*operated, promoted])
        taken = [e for e in history.where(kind=Kind.OK, action=self.write) if e.at_s >= moment_s(moved)]
        if not taken:
            return self._fail("nothing was accepted after the endpoint had moved", [promoted, moved])
        after_s = moment_s(moved) - fault.at_s
        evidence = [fault, promoted, moved, taken[0]]
        return self._pass(f"promoted, and the endpoint moved {after_s:.2f} s after the fault", evidence)


@dataclass(frozen=True, slots=True, kw_only=True)
class QuickRefusals(Claim):
    """While the database was away clients got their 5xx within `within_s`, and none was left hanging.

    An operation that ended without any answer counts with the time after which its client gave it up.
    """

    write: str = SEND
    within_s: float = 2.0

    def check(self, history: History) -> Verdict:
        fault = fault_event(history)
        if fault is None:
            return self._unknown("no fault was injected")
        refused = [
            event
            for event in history.since(fault.number)
            if event.kind in COMPLETIONS
            and event.action == self.write
            and (event.value.get("status") is None or event.value["status"] >= 500)
        ]
        if not any(event.value.get("status") is not None for event in refused):
            return self._unknown("nobody was answered 5xx after the fault", refused)
        slow = [event for event in refused if _took_s(event) > self.within_s]
        if slow:
            listed = [f"{event.actor} after {_took_s(event):.2f} s: {_answer(event)}" for event in slow]
            return self._fail(f"{len(slow)} of {len(refused)} took over {self.within_s:g} s: {some(listed, 3)}", slow)
        slowest_s = max(map(_took_s, refused))
        return self._pass(f"{len(refused)} refused, the slowest after {slowest_s:.2f} s", refused)


def _took_s(event: Event) -> float:
    return float(event.value["duration_s"])


def _answer(event: Event) -> str:
    status = event.value.get("status")
    return f"no answer ({event.value.get('error', 'no reason')})" if status is None else str(status)


@dataclass(frozen=True, slots=True, kw_only=True)
class WasSemiSynchronous(Claim):
    """At the fault every commit waited for the replica, and none had stopped waiting since the drill began.

    The snapshot `probe` holds what the server says of itself, in MariaDB's words or in MySQL's. Its last look before
    the fault must not be older than `fresh_s`: what was so long ago is no evidence of what was so at the kill.
    """

    probe: str = "semi_sync"
    fresh_s: float = 2.0

    def check(self, history: History) -> Verdict:
        fault = fault_event(history)
        if fault is None:
            return self._unknown("no fault was injected")
        looks = [event for event in history.where(kind=Kind.PROBE, action=self.probe) if event.number < fault.number]
        if not looks or fault.at_s - looks[-1].at_s > self.fresh_s:
            return self._unknown(f"no look {self.probe} in the {self.fresh_s:g} s before the fault", looks[-1:])
        first, last = (_variables(look) for look in (looks[0], looks[-1]))
        evidence = [looks[0], looks[-1], fault]
        if last.get(_STATUS) != "ON":
            return self._fail(f"{_STATUS} was {last.get(_STATUS, 'not there')} at the fault", evidence)
        alone = _grown(first, last, _DID_NOT_WAIT)
        if alone:
            return self._fail(f"{alone} commits did not wait for the replica", evidence)
        waited = int(last.get(_WAITED, 0))
        if not waited:
            return self._unknown("no commit had waited for the replica before the fault", evidence)
        return self._pass(f"on at the fault; {waited} commits had waited, and none had not", evidence)


def _variables(look: Event) -> dict[str, str]:
    rows: Iterable[dict[str, object]] = look.value["rows"]
    return {str(row["Variable_name"]).replace(_SOURCE, _MASTER): str(row["Value"]) for row in rows}


def _grown(first: dict[str, str], last: dict[str, str], name: str) -> int:
    return int(last[name]) - int(first[name])
