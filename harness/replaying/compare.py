"""Old against new: the same traces at two revisions, and where what they give differs.

Both revisions run the same inputs under the same recorded answers, and nothing is held against a baseline. A trace that
differs is replayed once more at both, so that what is left to chance is called noisy and not a change.
"""

from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from itertools import tee

from harness.replaying.comparison import ReplayResult, TraceOutcome, TraceVerdict, judge, unknown
from harness.replaying.revisions import Revision, Revisions
from harness.traces import Comparison, Difference, Trace, same

_DIFFERS = frozenset({TraceOutcome.CHANGED, TraceOutcome.BROKEN})


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """Two revisions, the older one as `before` where one comes from the other."""

    before: Revision
    after: Revision

    @classmethod
    def of(cls, session: Revisions, one: str, other: str) -> "Pair":
        """The two that these names mean; RevisionError when one of them means none."""
        first, second = session.named(one), session.named(other)
        if _is_newer(session, first, second):
            first, second = second, first
        return cls(before=first, after=second)


def _is_newer(session: Revisions, first: Revision, second: Revision) -> bool:
    if first.in_place or second.in_place:
        return first.in_place and not second.in_place
    assert first.commit is not None
    assert second.commit is not None
    return first.commit.id != second.commit.id and session.repository.is_ancestor(second.commit, first.commit)


def compare(session: Revisions, pair: Pair, traces: Iterable[Trace], rules: Comparison) -> Iterator[TraceVerdict]:
    """How the two revisions differ in each trace, in order, as it comes."""
    ones, others = tee(traces)
    looked: deque[tuple[ReplayResult, ReplayResult, TraceVerdict]] = deque()

    def differing() -> Iterator[tuple[Trace, bool]]:
        before, after = session.replay(pair.before, ones), session.replay(pair.after, others)
        for (trace, old), (_, new) in zip(before, after, strict=True):
            verdict = between(trace, old, new, rules)
            looked.append((old, new, verdict))
            yield trace, verdict.outcome in _DIFFERS

    twice = tee(differing())
    again = (session.again(revision, traces) for revision, traces in zip((pair.before, pair.after), twice, strict=True))
    for (trace, old_again), (_, new_again) in zip(*again, strict=True):
        old, new, verdict = looked.popleft()
        for one, other in ((old, old_again), (new, new_again)):
            if other is not None and verdict.outcome in _DIFFERS:
                noise = judge(trace, one, rules, again=other)
                verdict = noise if noise.outcome is TraceOutcome.NOISY else verdict
        yield verdict


def between(trace: Trace, before: ReplayResult, after: ReplayResult, rules: Comparison) -> TraceVerdict:
    """How `after` differs from `before`, two results of one trace; calls that fit in neither are no difference."""
    for result in (before, after):
        if result.error is not None and not result.raised:
            return unknown(trace.id, result.error)
    if before.raised or after.raised:
        if before.error == after.error:
            return TraceVerdict(trace=trace.id, outcome=TraceOutcome.PASS)
        said = f"before: {before.error or 'did not raise'}; after: {after.error or 'does not raise'}"
        return TraceVerdict(trace=trace.id, outcome=TraceOutcome.BROKEN, error=said)
    alike = same(_calls(before), _calls(after))
    if alike:
        after = replace(after, unmatched=(), unused=())
    verdict = judge(trace.with_baseline(before.output), after, rules)
    if verdict.outcome is TraceOutcome.PASS and not alike:
        gone = Difference(path="calls", pattern="calls", kind="changed", before=_calls(before), after=_calls(after))
        return TraceVerdict(trace=trace.id, outcome=TraceOutcome.CHANGED, differences=(gone,))
    return verdict


def _calls(result: ReplayResult) -> list[list[object]]:
    return [[call.get("request") for call in calls] for calls in (result.unmatched, result.unused)]
