"""Replays traces in processes of the system's own interpreter, and holds the outputs against the baselines."""

from collections.abc import Iterable

from harness.replaying.comparison import ReplayResult, TraceComparison, compare
from harness.replaying.runner_process import Target
from harness.replaying.runners import LIMIT_S, Runners
from harness.traces import Trace
from harness.traces.diff import Keys


def replay_in_process(traces: Iterable[Trace], target: Target, *, limit_s: float = LIMIT_S) -> list[ReplayResult]:
    """Replays each trace, `limit_s` seconds at most each, in order."""
    with Runners(target, limit_s=limit_s) as runners:
        return [result for _, result in runners.replay(traces)]


def compare_in_process(
    traces: Iterable[Trace], target: Target, *, keys: Keys | None = None, limit_s: float = LIMIT_S
) -> list[TraceComparison]:
    """Replays each trace and holds its output against its baseline."""
    with Runners(target, limit_s=limit_s) as runners:
        return [compare(trace, result, baseline=trace.baseline, keys=keys) for trace, result in runners.replay(traces)]
