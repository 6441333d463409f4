"""What can be measured on a history, and what is wanted of it.

A *metric* reads one number from a window of a history; a *condition* compares that number with a limit, or with the
baseline that the same run measured before the fault: absolute speed is never judged. Both are plain values, so a
scenario can be printed without running it.
"""

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Literal, Protocol

from harness.history import COMPLETIONS, Event, History, Kind


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """A stretch of a run, both ends included, in seconds since it began."""

    from_s: float
    to_s: float


class Metric(Protocol):
    """One number read from a window; None when the window holds nothing to read it from."""

    @property
    def name(self) -> str: ...

    def read(self, history: History, window: Window) -> float | None: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """What a condition saw. `held` is None when there was nothing to see."""

    condition: str
    held: bool | None
    seen: float | None
    wanted: str

    def __str__(self) -> str:
        seen = "nothing" if self.seen is None else f"{self.seen:.4g}"
        return f"{self.condition}: wanted {self.wanted}, saw {seen}"


_BASELINE_ACTION = "baseline"


class _Baseline:
    """The value that the same metric had in steady state, before the fault, in the same run."""

    def __repr__(self) -> str:
        return "BASELINE"


BASELINE = _Baseline()


def record_baseline(history: History, metrics: Iterable[Metric], window: Window) -> Mapping[str, float]:
    """Read each metric over `window` and write the values down, so that a saved run can be judged again."""
    values = {metric.name: value for metric in metrics if (value := metric.read(history, window)) is not None}
    history.append(actor="drill", kind=Kind.STEP, action=_BASELINE_ACTION, value=values)
    return values


def recorded_baseline(history: History) -> Mapping[str, float]:
    """The values that `record_baseline` wrote; empty if it never did."""
    event = history.last(kind=Kind.STEP, action=_BASELINE_ACTION)
    return {str(name): float(value) for name, value in event.value.items()} if event else {}


@dataclass(frozen=True, slots=True, kw_only=True)
class Condition:
    """`metric` compared with `limit`, or with `limit` times its baseline. `for_s` says how long it must be so."""

    metric: Metric
    comparison: Literal["at_least", "at_most"]
    limit: float
    of_baseline: bool = False
    for_s: float = 0.0

    def __str__(self) -> str:
        how_long = f" for {self.for_s:g} s" if self.for_s else ""
        return f"{self.metric.name} {self.wanted}{how_long}"

    @property
    def wanted(self) -> str:
        """The comparison in words, such as `at least 0.99`."""
        times = " x baseline" if self.of_baseline else ""
        return f"{self.comparison.replace('_', ' ')} {self.limit:g}{times}"

    def read(self, history: History, window: Window) -> Reading:
        """Whether the condition held over `window`."""
        seen = self.metric.read(history, window)
        limit: float | None = self.limit
        if self.of_baseline:
            baseline = recorded_baseline(history).get(self.metric.name)
            limit = None if baseline is None else baseline * self.limit
        held = None
        if seen is not None and limit is not None:
            held = seen >= limit if self.comparison == "at_least" else seen <= limit
        return Reading(condition=self.metric.name, held=held, seen=seen, wanted=self.wanted)


def holds(conditions: Iterable[Condition], history: History, window: Window) -> bool:
    """Whether every condition held; one that saw nothing did not."""
    return all(condition.read(history, window).held is True for condition in conditions)


class _Comparable:
    """The words that make a condition of a metric."""

    __slots__ = ()

    def at_least(self: Metric, limit: float, *, for_s: float = 0.0) -> Condition:
        return Condition(metric=self, comparison="at_least", limit=limit, for_s=for_s)

    def at_most(self: Metric, limit: float, *, for_s: float = 0.0) -> Condition:
        return Condition(metric=self, comparison="at_most", limit=limit, for_s=for_s)

    def within(self: Metric, factor: float, *, of: _Baseline) -> Condition:
        """At most `factor` times what the same run measured in steady state; `of` is always BASELINE."""
        return Condition(metric=self, comparison="at_most", limit=factor, of_baseline=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Operations:
    """Which completed client operations a metric looks at; None takes all.

    `actor` and `apart_from` are beginnings of names: of those who count, and of those who do not.
    """

    action: str | None = None
    actor: str | None = None
    apart_from: str | None = None

    def completed(self, history: History, window: Window) -> list[Event]:
        return [
            event
            for event in history.between(window.from_s, window.to_s)
            if event.kind in COMPLETIONS
            and (self.action is None or event.action == self.action)
            and (self.actor is None or event.actor.startswith(self.actor))
            and (self.apart_from is None or not event.actor.startswith(self.apart_from))
        ]

    @property
    def label(self) -> str:
        words = [word for word in (self.action, self.actor) if word]
        others = f" apart from {self.apart_from}" if self.apart_from else ""
        return (f" of {' by '.join(words)}" if words else "") + others


@dataclass(frozen=True, slots=True, kw_only=True)
class SuccessRatio(_Operations, _Comparable):
    """Operations that ended ok, of all that ended: 0 to 1."""

    @property
    def name(self) -> str:
        return f"success ratio{self.label}"

    def read(self, history: History, window: Window) -> float | None:
        done = self.completed(history, window)
        return sum(event.kind is Kind.OK for event in done) / len(done) if done else None


@dataclass(frozen=True, slots=True, kw_only=True)
class LatencyPercentile(_Operations, _Comparable):
    """A percentile of the durations of operations that ended ok, in seconds (nearest rank)."""

    percent: float

    @property
    def name(self) -> str:
        return f"latency p{self.percent:g}{self.label} (s)"

    def read(self, history: History, window: Window) -> float | None:
        durations = sorted(
            float(event.value["duration_s"]) for event in self.completed(history, window) if event.kind is Kind.OK
        )
        return durations[max(0, math.ceil(self.percent / 100 * len(durations)) - 1)] if durations else None


@dataclass(frozen=True, slots=True, kw_only=True)
class StatusCount(_Operations, _Comparable):
    """Operations that were answered with an HTTP status from `low` to `high`."""

    low: int
    high: int

    @property
    def name(self) -> str:
        return f"answers {self.low}-{self.high}{self.label}"

    def read(self, history: History, window: Window) -> float | None:
        return float(
            sum(self.low <= (event.value.get("status") or 0) <= self.high for event in self.completed(history, window))
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Gauge(_Comparable):
    """The newest value of one field that a probe wrote within the window; an older look says nothing of now."""

    probe: str
    field: str

    @property
    def name(self) -> str:
        return f"{self.probe}.{self.field}"

    def read(self, history: History, window: Window) -> float | None:
        for event in history.backwards(window.to_s):
            if event.at_s < window.from_s:
                return None
            if event.kind is Kind.PROBE and event.action == self.probe and event.value.get(self.field) is not None:
                return float(event.value[self.field])
        return None


@dataclass(frozen=True, slots=True, kw_only=True)
class Growth(_Comparable):
    """How much a counter that a probe reads has grown: its newest value in the window, less the last one before it.

    Where nothing was read before the window, the first value within it counts. A counter that began anew, as after a
    restart, has grown by what it shows.
    """

    probe: str
    field: str

    @property
    def name(self) -> str:
        return f"growth of {self.probe}.{self.field}"

    def read(self, history: History, window: Window) -> float | None:
        newest: float | None = None
        oldest = 0.0
        for event in history.backwards(window.to_s):
            if event.kind is not Kind.PROBE or event.action != self.probe or event.value.get(self.field) is None:
                continue
            if newest is None and event.at_s < window.from_s:
                return None
            oldest = float(event.value[self.field])
            newest = oldest if newest is None else newest
            if event.at_s < window.from_s:
                break
        if newest is None:
            return None
        return newest - oldest if newest >= oldest else newest


@dataclass(frozen=True, slots=True, kw_only=True)
class EventCount(_Comparable):
    """Events of a kind and action in the window, whose value has each of `fields` as given.

    In `action` a `*` stands for what nobody could know before, such as an id.
    """

    kind: Kind
    action: str
    fields: tuple[tuple[str, str], ...] = ()

    @property
    def name(self) -> str:
        which = "".join(f" {name}={value}" for name, value in self.fields)
        return f"{self.kind.value} {self.action}{which}"

    def read(self, history: History, window: Window) -> float | None:
        return float(
            sum(
                event.kind is self.kind
                and event.says(self.action)
                and all(str(event.value.get(name)) == value for name, value in self.fields)
                for event in history.between(window.from_s, window.to_s)
            )
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertsStanding(_Comparable):
    """Alerts with these words that were told, and whose end was not, up to the end of the window.

    Alerts are told apart by their words; in `text` a `*` stands for what nobody could know before, such as an id.
    """

    text: str

    @property
    def name(self) -> str:
        return f"standing alerts {self.text}"

    def read(self, history: History, window: Window) -> float | None:
        told = [one for one in history.where(kind=Kind.ALERT) if one.at_s <= window.to_s and one.says(self.text)]
        last = {event.action: event.value.get("status") for event in told}
        return float(sum(status == "firing" for status in last.values()))


class _Latency:
    """`latency.percentile(95)` reads as the playbook would say it."""

    @staticmethod
    def percentile(
        percent: float, *, action: str | None = None, actor: str | None = None, apart_from: str | None = None
    ) -> LatencyPercentile:
        return LatencyPercentile(percent=percent, action=action, actor=actor, apart_from=apart_from)


latency = _Latency()
success_ratio = SuccessRatio()
status_5xx = StatusCount(low=500, high=599)
