"""Replays traces in processes of the system's own interpreter, and holds the outputs against the baselines."""

from collections.abc import Iterable

from harness.replaying.comparison import ReplayResult, TraceVerdict, judge
from harness.replaying.runner_process import Target
from harness.replaying.runners import LIMIT_S, Runners
from harness.traces import Comparison, Trace


def replay_in_process(traces: Iterable[Trace], target: Target, *, limit_s: float = LIMIT_S) -> list[ReplayResult]:
    """Replays each trace, `limit_s` seconds at most each, in order."""
    with Runners(target, limit_s=limit_s) as runners:
        return [result for _, result in runners.replay(traces)]


def judge_in_process(
    traces: Iterable[Trace], target: Target, *, comparison: Comparison | None = None, limit_s: float = LIMIT_S
) -> list[TraceVerdict]:
    """Replays each trace and holds its output against its baseline."""
    with Runners(target, limit_s=limit_s) as runners:
        return [judge(trace, result, comparison) for trace, result in runners.replay(traces)]
