"""Timed targets, measured from a history: recovery time, recovery point, time to alert.

A time is measured from the main fault. What could not be measured is *unknown*, never zero.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from harness.history import Event, History, Kind
from harness.metric import Condition, Window, holds
from harness.verdict import Outcome


@dataclass(frozen=True, slots=True, kw_only=True)
class Measurement:
    """One objective's answer. `value_s` is None when it could not be measured; `lost` lists what an RPO rests on."""

    name: str
    text: str
    value_s: float | None
    limit_s: float
    outcome: Outcome
    summary: str
    evidence: tuple[int, ...] = ()
    lost: tuple[Mapping[str, Any], ...] = ()
    claims: tuple[str, ...] = ()


class Objective(Protocol):
    """A target with a limit in seconds. `name` is `rto`, `rpo`, `time_to_alert`, ..."""

    @property
    def name(self) -> str: ...

    @property
    def limit_s(self) -> float: ...

    @property
    def claims(self) -> tuple[str, ...]: ...

    def measure(self, history: History) -> Measurement: ...


def fault_event(history: History) -> Event | None:
    """The first main fault of the drill."""
    return next((event for event in history.where(kind=Kind.FAULT) if event.value.get("main")), None)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Target:
    limit_s: float
    claims: tuple[str, ...] = ()

    def _answer(
        self,
        name: str,
        text: str,
        value_s: float | None,
        summary: str,
        *,
        evidence: Sequence[Event] = (),
        lost: Sequence[Mapping[str, Any]] = (),
        missed: bool = False,
    ) -> Measurement:
        outcome = Outcome.FAIL if missed else Outcome.UNKNOWN
        if value_s is not None:
            value_s = round(value_s, 3)
            outcome = Outcome.PASS if value_s <= self.limit_s else Outcome.FAIL
        return Measurement(
            name=name,
            text=text,
            value_s=value_s,
            limit_s=self.limit_s,
            outcome=outcome,
            summary=summary,
            evidence=tuple(event.number for event in evidence),
            lost=tuple(lost),
            claims=self.claims,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class RecoveryTime(_Target):
    """From the fault to the first moment of a sustained steady state.

    The moment is that of a successful operation after which `steady` holds for `sustain_s` without a break.
    """

    steady: tuple[Condition, ...]
    sustain_s: float = 1.5

    @property
    def name(self) -> str:
        return "rto"

    def measure(self, history: History) -> Measurement:
        text = "recovery time"
        fault = fault_event(history)
        if fault is None:
            return self._answer(self.name, text, None, "no fault was injected")
        ended_s = max((event.at_s for event in history if event.kind is Kind.OK), default=0.0)
        for event in history.since(fault.number):
            if event.kind is not Kind.OK or event.at_s + self.sustain_s > ended_s:
                continue
            if holds(self.steady, history, Window(from_s=event.at_s, to_s=event.at_s + self.sustain_s)):
                value_s = event.at_s - fault.at_s
                return self._answer(
                    self.name, text, value_s, f"steady again {value_s:.2f} s after the fault", evidence=(fault, event)
                )
        return self._answer(
            self.name, text, None, "steady state never held again for long enough", evidence=(fault,), missed=True
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class RecoveryPoint(_Target):
    """From the acknowledgement of the oldest lost write to the fault; 0 when none was lost.

    Lost is what a client was told is safe before the promotion and what the `snapshot`, taken before anybody sent
    again, has not got. `write` is the action of the clients; results and rows are joined by `key`.
    """

    write: str
    snapshot: str
    key: str = "identity"

    @property
    def name(self) -> str:
        return "rpo"

    def measure(self, history: History) -> Measurement:
        text = "recovery point"
        fault = fault_event(history)
        rows = history.last(kind=Kind.PROBE, action=self.snapshot)
        if fault is None or rows is None:
            missing = "no fault was injected" if fault is None else f"no snapshot {self.snapshot} was taken"
            return self._answer(self.name, text, None, missing)
        standing = {str(row[self.key]) for row in rows.value["rows"]}
        first_told: dict[str, Event] = {}
        for event in history:
            if event.number >= rows.number:
                break
            if event.kind is Kind.OK and event.action == self.write:
                for result in event.value.get("results", ()):
                    first_told.setdefault(str(result[self.key]), event)
        lost = {key: event for key, event in first_told.items() if key not in standing}
        if not lost:
            return self._answer(self.name, text, 0.0, "nothing was lost", evidence=(fault, rows))
        oldest = min(lost.values(), key=lambda event: event.at_s)
        value_s = max(0.0, fault.at_s - oldest.at_s)
        return self._answer(
            self.name,
            text,
            value_s,
            f"{len(lost)} lost, the oldest acknowledged {value_s:.2f} s before the fault",
            evidence=(oldest, fault, rows),
            lost=[{self.key: key, "acknowledged_at_s": round(event.at_s, 3)} for key, event in lost.items()],
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class TimeToAlert(_Target):
    """From the fault to the alert with these words, at its receipt."""

    text: str

    @property
    def name(self) -> str:
        return "time_to_alert"

    def measure(self, history: History) -> Measurement:
        text = f"alert: {self.text}"
        fault = fault_event(history)
        if fault is None:
            return self._answer(self.name, text, None, "no fault was injected")
        for event in history.since(fault.number):
            if event.kind is Kind.ALERT and event.action == self.text and event.value.get("status") == "firing":
                value_s = max(0.0, float(event.value.get("received_at_s", event.at_s)) - fault.at_s)
                return self._answer(
                    self.name, text, value_s, f"received {value_s:.2f} s after the fault", evidence=(fault, event)
                )
        return self._answer(self.name, text, None, "the alert never came", evidence=(fault,), missed=True)


def rto(
    *, limit_s: float, steady: tuple[Condition, ...], sustain_s: float = 1.5, claims: tuple[str, ...] = ()
) -> Objective:
    """Recovery time objective: steady state again within `limit_s` of the fault."""
    return RecoveryTime(limit_s=limit_s, steady=steady, sustain_s=sustain_s, claims=claims)


def rpo(*, limit_s: float, write: str, snapshot: str, key: str = "identity", claims: tuple[str, ...] = ()) -> Objective:
    """Recovery point objective: no acknowledged write older than `limit_s` before the fault is lost."""
    return RecoveryPoint(limit_s=limit_s, write=write, snapshot=snapshot, key=key, claims=claims)


def time_to_alert(*, text: str, limit_s: float, claims: tuple[str, ...] = ()) -> Objective:
    """The alert with these words is received within `limit_s` of the fault."""
    return TimeToAlert(limit_s=limit_s, text=text, claims=claims)
