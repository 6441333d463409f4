"""What the verdicts of a corpus come to: how many of each outcome, one line a cause, and the first that did not pass.

It is fed one verdict at a time, and its memory goes by the number of causes. It replays and prints nothing.
"""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from harness.replaying.comparison import TraceOutcome, TraceVerdict
from harness.run import ExitCode
from harness.traces import Clusters, Difference

LISTED_MAX = 500
"""Traces that did not pass and are listed by themselves; the others are counted, and gathered by cause."""

REASONS_MAX = 50

_WORST_FIRST = (
    TraceOutcome.BROKEN,
    TraceOutcome.CHANGED,
    TraceOutcome.NOISY,
    TraceOutcome.UNKNOWN,
    TraceOutcome.PASS,
)


@dataclass(slots=True, kw_only=True)
class Findings:
    """All that is worth telling about a corpus. `reasons` counts why traces are unknown; `met`: masks that named
    a value.
    """

    counts: Counter[TraceOutcome] = field(default_factory=Counter)
    causes: Clusters = field(default_factory=Clusters)
    listed: list[TraceVerdict] = field(default_factory=list)
    reasons: Counter[str] = field(default_factory=Counter)
    met: set[str] = field(default_factory=set)

    @classmethod
    def of(cls, verdicts: Iterable[TraceVerdict]) -> "Findings":
        """What `verdicts` come to."""
        found = cls()
        for verdict in verdicts:
            found.add(verdict)
        return found

    def add(self, verdict: TraceVerdict) -> None:
        """Take in one verdict."""
        self.counts[verdict.outcome] += 1
        self.met |= verdict.met
        if verdict.outcome is TraceOutcome.PASS:
            return
        if len(self.listed) < LISTED_MAX:
            self.listed.append(verdict)
        if verdict.outcome is TraceOutcome.UNKNOWN:
            reason = str(verdict.error)
            if reason in self.reasons or len(self.reasons) < REASONS_MAX:
                self.reasons[reason] += 1
        elif verdict.outcome is not TraceOutcome.NOISY:
            self.causes.add(verdict.trace, causes_of(verdict))

    @property
    def total(self) -> int:
        """How many traces there were."""
        return self.counts.total()

    @property
    def outcome(self) -> TraceOutcome:
        """The worst outcome of any trace; of none at all: unknown."""
        return next((one for one in _WORST_FIRST if self.counts[one]), TraceOutcome.UNKNOWN)

    @property
    def exit_code(self) -> ExitCode:
        """How a program ends that found this: only a pass is one."""
        if self.outcome is TraceOutcome.PASS:
            return ExitCode.PASS
        return ExitCode.UNKNOWN if self.outcome is TraceOutcome.UNKNOWN else ExitCode.INVARIANT

    def document(self) -> dict[str, Any]:
        """As commands print it with `--json`."""
        return {
            "outcome": self.outcome.value,
            "total": self.total,
            "counts": {one.value: self.counts[one] for one in reversed(_WORST_FIRST)},
            "causes": [cause.to_json() for cause in self.causes.listed()],
            "reasons": [{"reason": reason, "count": count} for reason, count in self.reasons.most_common()],
            "traces": [verdict.to_json() for verdict in self.listed],
            "unlisted": self.total - self.counts[TraceOutcome.PASS] - len(self.listed),
        }


def causes_of(verdict: TraceVerdict) -> tuple[Difference, ...]:
    """What to gather a verdict by: what the system raised, else the calls that did not fit, else the differences."""
    if verdict.error is not None and not verdict.causes:
        said = verdict.error.partition("\n")[0][:500]
        return (Difference(path="raised", pattern="raised", kind="new", after=said, effect=True),)
    return verdict.causes
