"""One trace's verdict: what a replay gave, held against the baseline.

*Pass*: the same output under exactly the recorded answers. *Changed*: the output differs, and every side effect is
there, once. *Broken*: a side effect is lost, repeated or new, a call went out that nobody recorded, a recorded answer
was not asked for, or the system raised. *Noisy*: the same code gave two outputs. *Unknown*: nobody can tell, which is
no difference and never becomes a baseline. Nothing is run here.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Literal

from harness.config import Config, ConfigError
from harness.traces import Comparison, Difference, Trace, canonical_json, difference

LINES_MAX = 200
"""Lines of differences that a listing of one trace holds."""

_VARYING = re.compile(r"(?<![^/])(?!v[0-9]+(?:/|$))[^/]*[0-9%][^/]*")


class TraceOutcome(StrEnum):
    """What became of one trace; only a pass is one."""

    PASS = "pass"  # noqa: S105 -- a word of ours, not a password
    CHANGED = "changed"
    BROKEN = "broken"
    NOISY = "noisy"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplayResult:
    """What one replay of one trace gave.

    `unmatched` and `unused` are JSON objects that hold a `request`. `error` says why there is no output; `raised`: it
    was the system's own code that raised, not what runs it that failed.
    """

    trace: str
    output: Any = None
    unmatched: tuple[Mapping[str, Any], ...] = ()
    unused: tuple[Mapping[str, Any], ...] = ()
    error: str | None = None
    raised: bool = False

    @property
    def clean(self) -> bool:
        """Whether the output stands for the system's behaviour under exactly the recorded answers."""
        return self.error is None and not self.unmatched and not self.unused


@dataclass(frozen=True, slots=True, kw_only=True)
class TraceVerdict:
    """The outcome of one trace, and what it rests on.

    `unmatched` and `unused` are told in words; `calls` are the same as differences, for `causes`. `met`: the paths of
    the masks that named a value. `replays`: both results of a noisy trace, which `differences` are between; else empty.
    """

    trace: str
    outcome: TraceOutcome
    differences: tuple[Difference, ...] = ()
    calls: tuple[Difference, ...] = ()
    unmatched: tuple[str, ...] = ()
    unused: tuple[str, ...] = ()
    error: str | None = None
    met: frozenset[str] = frozenset()
    replays: tuple[ReplayResult, ...] = ()

    @property
    def causes(self) -> tuple[Difference, ...]:
        """What to cluster by: the calls that did not fit, since what differs after them follows from them; else all."""
        return self.calls or self.differences

    @property
    def lines(self) -> tuple[str, ...]:
        """The differences in words, a line each, side effects first; past `LINES_MAX` only how many more."""
        ranked = sorted(self.differences, key=lambda one: not one.effect)
        more = len(ranked) - LINES_MAX
        shown = tuple(str(one) for one in ranked[:LINES_MAX])
        return (*shown, f"... and {more} more") if more > 0 else shown

    def to_json(self) -> dict[str, Any]:
        """As the event of a drill and the listings have it."""
        return {
            "trace": self.trace,
            "outcome": self.outcome.value,
            "differences": list(self.lines),
            "effects": sum(one.effect for one in self.differences),
            "unmatched": list(self.unmatched),
            "unused": list(self.unused),
            "error": self.error,
        }


def judge(
    trace: Trace, result: ReplayResult, comparison: Comparison | None = None, *, again: ReplayResult | None = None
) -> TraceVerdict:
    """`result` against the trace's baseline; `again` is a second replay by the same code, which must give the same."""
    rules = comparison or Comparison()
    try:
        return _judged(trace, result, rules, again)
    except (ValueError, RecursionError) as error:
        return unknown(trace.id, f"the output cannot be compared: {error}")


def unknown(trace: str, error: str) -> TraceVerdict:
    """The verdict of a trace that nobody can judge, and why."""
    return TraceVerdict(trace=trace, outcome=TraceOutcome.UNKNOWN, error=error)


def configured(config: Config) -> Comparison:
    """The rules that the project names, plain ones where it names none; ConfigError when they are no Comparison."""
    if config.comparison is None:
        return Comparison()
    found = config.load_comparison()
    if not isinstance(found, Comparison):
        raise ConfigError(
            f"[tool.harness] comparison: expected {config.comparison} to be a harness.traces.Comparison, "
            f"saw {type(found).__name__}"
        )
    return found


def asked_for(call: Mapping[str, Any]) -> str:
    """A call's method and address in a few words."""
    request = call.get("request")
    if not isinstance(request, Mapping):
        return canonical_json(call)[:300]
    return f"{request.get('method')} {request.get('uri')}"


def _judged(trace: Trace, result: ReplayResult, rules: Comparison, again: ReplayResult | None) -> TraceVerdict:
    for one in (result, again):
        if one is not None and one.error is not None and not one.raised:
            return unknown(trace.id, one.error)
    if again is not None and (noise := _noise(result, again, rules)) is not None:
        return TraceVerdict(
            trace=trace.id, outcome=TraceOutcome.NOISY, differences=noise, error=result.error, replays=(result, again)
        )
    if result.raised:
        return TraceVerdict(trace=trace.id, outcome=TraceOutcome.BROKEN, error=result.error)
    if trace.baseline is None:
        return unknown(trace.id, "there is no baseline yet; make one with `harness trace record`")
    found = difference(trace.baseline, result.output, rules)
    calls = _calls(result)
    broken = bool(calls) or any(one.effect for one in found)
    changed = TraceOutcome.CHANGED if found else TraceOutcome.PASS
    return TraceVerdict(
        trace=trace.id,
        outcome=TraceOutcome.BROKEN if broken else changed,
        differences=found,
        calls=calls,
        unmatched=tuple(_unmatched(call) for call in result.unmatched),
        unused=tuple(asked_for(call) for call in result.unused),
        met=rules.met(trace.baseline) | rules.met(result.output),
    )


def _noise(result: ReplayResult, again: ReplayResult, rules: Comparison) -> tuple[Difference, ...] | None:
    """Where two replays by the same code differ; None when they do not."""
    if found := difference(result.output, again.output, rules):
        return found
    one, two = (
        {"unmatched": list(each.unmatched), "unused": list(each.unused), "error": each.error}
        for each in (result, again)
    )
    return difference(one, two) or None


def _calls(result: ReplayResult) -> tuple[Difference, ...]:
    """The calls that did not fit the cassette, as differences of a list of calls."""
    return (
        *(_call("new", call) for call in result.unmatched),
        *(_call("gone", call) for call in result.unused),
    )


def _call(kind: Literal["gone", "new"], call: Mapping[str, Any]) -> Difference:
    said = asked_for(call)
    method, _, uri = said.partition(" ")
    scheme, _, rest = uri.partition("://")
    host, slash, path = rest.partition("?")[0].partition("/")
    moved = _moved(call)
    return Difference(
        path=f"calls[{said}]",
        pattern=f"calls[{method} {scheme}://{host}{slash}{_VARYING.sub('*', path)}]{'.' if moved else ''}{moved}",
        kind=kind,
        before=call if kind == "gone" else None,
        after=call if kind == "new" else None,
        effect=True,
    )


def _moved(call: Mapping[str, Any]) -> str:
    moved = call.get("moved")
    return " and ".join(map(str, moved)) if isinstance(moved, list | tuple) else ""


def _unmatched(call: Mapping[str, Any]) -> str:
    nearest = call.get("nearest")
    lines = nearest.get("differences") if isinstance(nearest, Mapping) else None
    moved = f" ({_moved(call)} moved)" if _moved(call) else ""
    if not isinstance(lines, list | tuple) or not lines:
        return f"{asked_for(call)}{moved}: nothing like it was recorded"
    return f"{asked_for(call)}{moved}: the nearest that was recorded differs: {'; '.join(map(str, lines))}"
