"""Of a service's processes: which died, of what, and whether others took their place."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from harness.checkers.base import Claim
from harness.checkers.reading import fault_event, rows_of, snapshot, some
from harness.history import Event, History, Kind
from harness.verdict import Verdict

Which = tuple[int, int]
"""PID, as the process itself knows it, and start time in clock ticks."""


@dataclass(frozen=True, slots=True, kw_only=True)
class KilledAndReplaced(Claim):
    """Each process in `victims` died by `signal`, another took its place, and no other process of `service` died.

    Rows of the snapshot `victims` name processes by `pid` and `started_ticks`. By which signal one died its parent
    alone can know: it is taken from the service's log, a line with `pid` and `signal`.
    """

    service: str
    victims: str
    signal: str = "SIGKILL"

    def check(self, history: History) -> Verdict:
        listed, looks = snapshot(history, self.victims), _looks(history, self.service)
        before = _before_fault(history, looks)
        if listed is None or before is None or looks[-1] is before:
            return self._unknown(f"no snapshot {self.victims}, or the processes were not seen before and after a fault")
        victims = {(int(row["pid"]), int(row["started_ticks"])) for row in rows_of(listed)}
        if not victims:
            return self._unknown("no process was to be killed", [listed])
        after = looks[-1]
        evidence = [listed, before, after]
        seen = {process for look in looks for process in _processes(look)}
        if unseen := victims - seen:
            return self._unknown(f"never seen alive: {_named(unseen)}", evidence)
        wrong = _wrong(victims, before, after)
        if wrong:
            return self._fail("; ".join(wrong), evidence)
        ends = _ends(history, self.service, {pid for pid, _ in victims})
        signals = {pid: str(event.value["signal"]) for pid, event in ends.items()}
        otherwise = {f"PID {pid} by {signal}" for pid, signal in signals.items() if signal != self.signal}
        if otherwise:
            return self._fail(f"died otherwise: {some(sorted(otherwise))}", [*evidence, *ends.values()])
        if untold := {one for one in victims if one[0] not in ends}:
            return self._unknown(f"the log does not say by what they died: {_named(untold)}", evidence)
        others = len(_processes(before) - victims)
        return self._pass(
            f"{len(victims)} died by {self.signal} and were replaced, the other {others} went on",
            [*evidence, *ends.values()],
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkersLiveOn(Claim):
    """Every process that `service` had before the fault is still there in the end."""

    service: str

    def check(self, history: History) -> Verdict:
        looks = _looks(history, self.service)
        before = _before_fault(history, looks)
        if before is None or looks[-1] is before:
            return self._unknown("the processes were not seen before and after a fault")
        had, has = _processes(before), _processes(looks[-1])
        if not had:
            return self._unknown(f"{self.service} has no workers", [before])
        evidence = [before, looks[-1]]
        if gone := had - has:
            return self._fail(f"{len(gone)} of {len(had)} died: {_named(gone)}", evidence)
        return self._pass(f"all {len(had)} lived on", evidence)


def _looks(history: History, service: str) -> list[Event]:
    return [event for event in history.where(kind=Kind.PROBE, action="workers") if event.value["service"] == service]


def _before_fault(history: History, looks: list[Event]) -> Event | None:
    """The last look before the fault."""
    fault = fault_event(history)
    earlier = [] if fault is None else [look for look in looks if look.number < fault.number]
    return earlier[-1] if earlier else None


def _processes(look: Event) -> set[Which]:
    workers: list[Mapping[str, Any]] = look.value["workers"]
    return {(int(one["own_pid"]), int(one["started_ticks"])) for one in workers}


def _wrong(victims: set[Which], before: Event, after: Event) -> list[str]:
    had, has = _processes(before), _processes(after)
    wrong: list[str] = []
    if before.value["main"] != after.value["main"]:
        wrong.append("the service itself was started anew")
    if alive := victims & has:
        wrong.append(f"still alive: {_named(alive)}")
    if beside := had - has - victims:
        wrong.append(f"died beside them: {_named(beside)}")
    if len(has) < len(had):
        wrong.append(f"{len(had)} processes before, {len(has)} in the end")
    return wrong


def _ends(history: History, service: str, pids: set[int]) -> dict[int, Event]:
    """What the log says of the end of each, by PID."""
    lines = [event for event in history.where(kind=Kind.PROBE, action="log") if event.value["service"] == service]
    return {int(one.value["pid"]): one for one in lines if one.value.get("signal") and one.value.get("pid") in pids}


def _named(processes: Iterable[Which]) -> str:
    return some(f"PID {pid} (started at tick {ticks})" for pid, ticks in sorted(processes))
