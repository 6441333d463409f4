"""Replay in processes of their own, held against the baselines."""

from collections.abc import Callable
from dataclasses import replace

from harness.replaying.in_process import judge_in_process, replay_in_process
from harness.replaying.runner_process import Target
from harness.traces import Trace

MakeTarget = Callable[[str], Target]


def test_many_traces_one_process(trace: Trace, target: MakeTarget) -> None:
    traces = [replace(trace, id=f"t{number}") for number in range(20)]
    results = replay_in_process(traces, target("echo"))
    assert [result.trace for result in results] == [trace.id for trace in traces]
    assert all(result.clean and result.output == trace.baseline for result in results)


def test_equal_different_and_unknown(trace: Trace, target: MakeTarget) -> None:
    different = replace(trace, id="two", baseline={"bodies": ["something else"]})
    without = replace(trace, id="three", baseline=None)
    equal, other, unknown = judge_in_process([trace, different, without], target("echo"))
    assert (equal.outcome, equal.differences) == ("pass", ())
    assert other.outcome == "changed"
    assert 'was "something else"' in other.lines[0]
    assert unknown.outcome == "unknown"
    assert unknown.error is not None
    assert "no baseline" in unknown.error


def test_a_call_that_nobody_recorded_breaks(trace: Trace, target: MakeTarget) -> None:
    recorded = trace.cassette.interactions[0]
    nothing_recorded = trace.with_cassette(replace(trace.cassette, interactions=()))
    another = replace(recorded, request=replace(recorded.request, uri="http://other.invalid/"))
    one_too_many = trace.with_cassette(replace(trace.cassette, interactions=(recorded, another)))
    unmatched, unused = judge_in_process(
        [replace(nothing_recorded, baseline={}), replace(one_too_many, baseline={"asked": 1})], target("asks")
    )
    assert unmatched.outcome == "broken"
    assert unmatched.unmatched == ("GET http://there.invalid/: nothing like it was recorded",)
    assert unused.outcome == "broken"
    assert unused.unused == ("GET http://other.invalid/",)
    assert unused.differences == ()


def test_an_exception_is_of_its_trace_alone(trace: Trace, target: MakeTarget) -> None:
    fails = replace(trace, id="two")
    results = replay_in_process([trace, fails, trace], target("raises"))
    assert [result.error is None for result in results] == [True, False, True]
