"""One trace's answer: the output that a replay gave, against the baseline.

Three outcomes. A call that nobody recorded, a recorded answer that nobody asked for, and an output that differs are all
*different*: the behaviour changed. A replay that could not be run is *unknown*, and never a difference. Nothing is run
here.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from harness.traces import Trace, canonical_json, differences
from harness.traces.diff import Keys


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplayResult:
    """What one replay of one trace gave. `unmatched` and `unused` are JSON objects that hold a `request`."""

    trace: str
    output: Any = None
    unmatched: tuple[Mapping[str, Any], ...] = ()
    unused: tuple[Mapping[str, Any], ...] = ()
    error: str | None = None

    @property
    def clean(self) -> bool:
        """Whether the output stands for the system's behaviour under exactly the recorded answers."""
        return self.error is None and not self.unmatched and not self.unused


@dataclass(frozen=True, slots=True, kw_only=True)
class TraceComparison:
    """Whether a trace gives what it gave. `equal` is None where nobody can tell; `error` then says why.

    `unmatched` and `unused` are told in words, as `differences` are.
    """

    trace: str
    equal: bool | None
    differences: tuple[str, ...] = ()
    unmatched: tuple[str, ...] = ()
    unused: tuple[str, ...] = ()
    error: str | None = None

    def to_json(self) -> dict[str, Any]:
        """As the event of a drill and the listings have it."""
        return {
            "trace": self.trace,
            "equal": self.equal,
            "differences": list(self.differences),
            "unmatched": list(self.unmatched),
            "unused": list(self.unused),
            "error": self.error,
        }


def compare(trace: Trace, result: ReplayResult, *, baseline: Any, keys: Keys | None = None) -> TraceComparison:
    """`result` against `baseline`, which is the trace's own or a projection of it; None: there is none yet."""
    error = result.error
    if error is None and baseline is None:
        error = "there is no baseline yet; make one with `python -m harness.replaying.record`"
    if error is not None:
        return TraceComparison(trace=trace.id, equal=None, error=error)
    found = differences(baseline, result.output, keys=keys)
    unmatched = tuple(_unmatched(call) for call in result.unmatched)
    unused = tuple(asked_for(call) for call in result.unused)
    return TraceComparison(
        trace=trace.id,
        equal=not (found or unmatched or unused),
        differences=found,
        unmatched=unmatched,
        unused=unused,
    )


def asked_for(call: Mapping[str, Any]) -> str:
    """A call's method and address in a few words."""
    request = call.get("request")
    if not isinstance(request, dict):
        return canonical_json(call)[:300]
    return f"{request.get('method')} {request.get('uri')}"


def _unmatched(call: Mapping[str, Any]) -> str:
    nearest = call.get("nearest")
    lines = nearest.get("differences", []) if isinstance(nearest, dict) else []
    if not lines:
        return f"{asked_for(call)}: nothing like it was recorded"
    return f"{asked_for(call)}: the nearest that was recorded differs: {'; '.join(str(line) for line in lines)}"
