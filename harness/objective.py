"""Timed targets, measured from a history: recovery time, recovery point, time to alert.

A time is measured from the main fault. What could not be measured is *unknown*, never zero. An objective's limit is
shortened by the same factor as the settings that dominate it: a drill with a tenth of the time-outs has a tenth of the
limit, and the measurement tells both.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from harness.history import Event, History, Kind
from harness.metric import Condition, Window, holds
from harness.verdict import Outcome

_LOOKS_A_WINDOW = 20
_INTERVALS_PAST_THE_LAST = 3.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Measurement:
    """One objective's answer. `value_s` is None when it could not be measured; `lost` lists what an RPO rests on.

    `limit_s` is the limit it was judged by, `nominal_limit_s` the one before any shortening.
    """

    name: str
    text: str
    value_s: float | None
    limit_s: float
    nominal_limit_s: float
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


def measure(objective: Objective, history: History) -> Measurement:
    """Ask an objective; one that raises has not measured, and its answer is unknown."""
    try:
        return objective.measure(history)
    except Exception as error:
        return Measurement(
            name=objective.name,
            text=objective.name,
            value_s=None,
            limit_s=objective.limit_s,
            nominal_limit_s=objective.limit_s,
            outcome=Outcome.UNKNOWN,
            summary=f"the objective itself failed: {type(error).__name__}: {error}",
            claims=objective.claims,
        )


def fault_event(history: History) -> Event | None:
    """The first main fault of the drill."""
    return next((event for event in history.where(kind=Kind.FAULT) if event.value.get("main")), None)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Target:
    """`nominal_limit_s` is the limit as the playbook has it, `scale` (over 0, up to 1) what it is shortened by."""

    nominal_limit_s: float
    scale: float = 1.0
    claims: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if not 0.0 < self.scale <= 1.0:
            raise ValueError(f"an objective's scale shortens its limit: over 0, up to 1, not {self.scale:g}")
        if not 0.0 < self.nominal_limit_s < float("inf"):
            raise ValueError(f"an objective's limit is a time in seconds, not {self.nominal_limit_s:g}")

    @property
    def limit_s(self) -> float:
        """The limit that is judged by."""
        return self.nominal_limit_s * self.scale

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
            nominal_limit_s=self.nominal_limit_s,
            outcome=outcome,
            summary=summary,
            evidence=tuple(event.number for event in evidence),
            lost=tuple(lost),
            claims=self.claims,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class RecoveryTime(_Target):
    """From the fault to the first moment of a sustained steady state.

    The moment is that of a successful operation; in the `sustain_s` after it `steady` holds, and at least
    `traffic_ratio` of the operations succeed that did in as long a time before the fault. Without the latter, one late
    answer followed by silence would look steady.
    """

    steady: tuple[Condition, ...]
    sustain_s: float = 1.0
    traffic_ratio: float = 0.5

    @property
    def name(self) -> str:
        return "rto"

    def measure(self, history: History) -> Measurement:
        text = "recovery time"
        fault = fault_event(history)
        if fault is None:
            return self._answer(self.name, text, None, "no fault was injected")
        event = self._steady_from(history, fault)
        if event is None:
            summary = f"steady state never held again for {self.sustain_s:g} s"
            return self._answer(self.name, text, None, summary, evidence=(fault,), missed=True)
        value_s = event.at_s - fault.at_s
        summary = f"steady again {value_s:.2f} s after the fault"
        return self._answer(self.name, text, value_s, summary, evidence=(fault, event))

    def _steady_from(self, history: History, fault: Event) -> Event | None:
        done = history.where(kind=Kind.OK)
        times = [event.at_s for event in done]
        first = bisect_left(done, fault.number, key=_number)
        rate_per_s = _rate_per_s(times[:first], fault.at_s)
        # Traffic that came every tenth of a second has not ended a tenth after its last operation: without this, a
        # drill that waits exactly as long as is wanted here would have its last window cut short by chance.
        past_s = _INTERVALS_PAST_THE_LAST / rate_per_s if rate_per_s else 0.0
        last = bisect_right(times, times[-1] + min(past_s, self.sustain_s / 2) - self.sustain_s) if times else 0
        least = self.traffic_ratio * self.sustain_s * rate_per_s

        def is_steady(index: int) -> bool:
            window = Window(from_s=times[index], to_s=times[index] + self.sustain_s)
            count = bisect_right(times, window.to_s) - bisect_left(times, window.from_s)
            return count >= least and holds(self.steady, history, window)

        # A long outage has many candidates and each costs a window: look coarsely first, then between the last two.
        failed, index = first - 1, first
        while index < last and not is_steady(index):
            failed, index = index, bisect_left(times, times[index] + self.sustain_s / _LOOKS_A_WINDOW, lo=index + 1)
        found = next((one for one in range(failed + 1, min(index + 1, last)) if is_steady(one)), None)
        return None if found is None else done[found]


def _number(event: Event) -> int:
    return event.number


def _rate_per_s(times: Sequence[float], until_s: float) -> float:
    """How many a second there were, from the first of `times` on."""
    return len(times) / (until_s - times[0]) if times and until_s > times[0] else 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class RecoveryPoint(_Target):
    """From the acknowledgement of the oldest lost write to the fault; 0 when none was lost.

    Lost is what a client was told is safe before the step `until` and what the `snapshot`, taken before anybody sent
    again, has not got. `write` is the action of the clients; results and rows are joined by `key`.
    """

    write: str
    snapshot: str
    key: str = "identity"
    until: str = "promoted"

    @property
    def name(self) -> str:
        return "rpo"

    def measure(self, history: History) -> Measurement:
        text = "recovery point"
        fault, rows = fault_event(history), history.last(kind=Kind.PROBE, action=self.snapshot)
        moved = next(iter(history.where(kind=Kind.STEP, action=self.until)), None)
        if fault is None:
            return self._answer(self.name, text, None, "no fault was injected")
        if rows is None or moved is None:
            missing = f"no snapshot {self.snapshot} was taken" if rows is None else f"nothing was {self.until}"
            return self._answer(self.name, text, None, missing, evidence=(fault,))
        told = self._first_told(history, float(moved.value.get("at_s", moved.at_s)))
        if not told:
            return self._answer(self.name, text, None, f"no {self.write} was acknowledged", evidence=(fault, rows))
        standing = {str(row[self.key]) for row in rows.value["rows"]}
        lost = {key: event for key, event in told.items() if key not in standing}
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

    def _first_told(self, history: History, until_s: float) -> dict[str, Event]:
        """For each key the first acknowledgement of it before `until_s`. The same as the checkers' truth of a loss."""
        found: dict[str, Event] = {}
        for event in history.where(kind=Kind.OK, action=self.write):
            if event.at_s >= until_s:
                break
            for result in event.value.get("results", (event.value,)):
                found.setdefault(str(result[self.key]), event)
        return found


@dataclass(frozen=True, slots=True, kw_only=True)
class TimeToAlert(_Target):
    """From the fault to the alert with these words, at its receipt. One received before the fault is not its alert.

    In `text` a `*` stands for what nobody could know before, such as an id.
    """

    text: str

    @property
    def name(self) -> str:
        return "time_to_alert"

    def measure(self, history: History) -> Measurement:
        text = f"alert: {self.text}"
        fault = fault_event(history)
        if fault is None:
            return self._answer(self.name, text, None, "no fault was injected")
        for event in history.where(kind=Kind.ALERT):
            received_at_s = float(event.value.get("received_at_s", event.at_s))
            if event.says(self.text) and event.value.get("status") == "firing" and received_at_s >= fault.at_s:
                value_s = received_at_s - fault.at_s
                summary = f"received {value_s:.2f} s after the fault"
                return self._answer(self.name, text, value_s, summary, evidence=(fault, event))
        return self._answer(self.name, text, None, "the alert never came", evidence=(fault,), missed=True)


def rto(
    *,
    limit_s: float,
    steady: tuple[Condition, ...],
    sustain_s: float = 1.0,
    scale: float = 1.0,
    claims: tuple[str, ...] = (),
) -> Objective:
    """Recovery time objective: steady state again within `limit_s` times `scale` of the fault."""
    return RecoveryTime(nominal_limit_s=limit_s, scale=scale, steady=steady, sustain_s=sustain_s, claims=claims)


def rpo(
    *,
    limit_s: float,
    write: str,
    snapshot: str,
    key: str = "identity",
    until: str = "promoted",
    scale: float = 1.0,
    claims: tuple[str, ...] = (),
) -> Objective:
    """Recovery point objective: no acknowledged write older than `limit_s` times `scale` before the fault is lost."""
    return RecoveryPoint(
        nominal_limit_s=limit_s, scale=scale, write=write, snapshot=snapshot, key=key, until=until, claims=claims
    )


def time_to_alert(*, text: str, limit_s: float, scale: float = 1.0, claims: tuple[str, ...] = ()) -> Objective:
    """The alert with these words is received within `limit_s` times `scale` of the fault."""
    return TimeToAlert(nominal_limit_s=limit_s, scale=scale, text=text, claims=claims)
