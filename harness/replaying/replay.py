"""Holds a corpus against its baselines, at one revision."""

from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import replace

from harness.replaying.comparison import ReplayResult, TraceOutcome, TraceVerdict, judge
from harness.replaying.revisions import Revision, Revisions
from harness.replaying.unsafe import Unsafe, switched
from harness.traces import Comparison, Trace

_IN_DOUBT = frozenset({TraceOutcome.CHANGED, TraceOutcome.BROKEN})


def replay(
    session: Revisions, revision: Revision, traces: Iterable[Trace], rules: Comparison
) -> Iterator[TraceVerdict]:
    """The verdict of each trace, in order, as it comes. What does not pass is replayed twice, so that noise is seen."""
    blind = switched(Unsafe.IGNORE_DIFFERENCES)
    looked: deque[tuple[ReplayResult, TraceVerdict]] = deque()

    def in_doubt() -> Iterator[tuple[Trace, bool]]:
        for trace, result in session.replay(revision, traces):
            verdict = judge(trace, result, rules)
            looked.append((result, verdict))
            yield trace, verdict.outcome in _IN_DOUBT

    for trace, again in session.again(revision, in_doubt()):
        result, verdict = looked.popleft()
        told = verdict if again is None else judge(trace, result, rules, again=again)
        yield replace(told, outcome=TraceOutcome.PASS) if blind and told.outcome in _IN_DOUBT else told
