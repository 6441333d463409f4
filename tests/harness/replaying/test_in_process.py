"""Replay in a process of its own: results, and every way in which there is none."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from harness.clock import monotonic_s
from harness.replaying.in_process import RunnerProcess, Target, compare_in_process, replay_in_process
from harness.traces import Input, Trace

MakeTarget = Callable[[str], Target]


def test_many_traces_one_process(trace: Trace, target: MakeTarget) -> None:
    traces = [replace(trace, id=f"t{number}") for number in range(20)]
    results = replay_in_process(traces, target("echo"))
    assert [result.trace for result in results] == [trace.id for trace in traces]
    assert all(result.clean and result.output == trace.baseline for result in results)


def test_equal_different_and_unknown(trace: Trace, target: MakeTarget) -> None:
    different = replace(trace, id="two", baseline={"bodies": ["something else"]})
    without = replace(trace, id="three", baseline=None)
    equal, other, unknown = compare_in_process([trace, different, without], target("echo"))
    assert (equal.equal, equal.differences) == (True, ())
    assert other.equal is False
    assert 'was "something else"' in other.differences[0]
    assert unknown.equal is None
    assert unknown.error is not None
    assert "no baseline" in unknown.error


def test_a_call_that_nobody_recorded_is_a_difference(trace: Trace, target: MakeTarget) -> None:
    recorded = trace.cassette.interactions[0]
    nothing_recorded = trace.with_cassette(replace(trace.cassette, interactions=()))
    another = replace(recorded, request=replace(recorded.request, uri="http://other.invalid/"))
    one_too_many = trace.with_cassette(replace(trace.cassette, interactions=(recorded, another)))
    unmatched, unused = compare_in_process(
        [replace(nothing_recorded, baseline={}), replace(one_too_many, baseline={"asked": 1})], target("asks")
    )
    assert unmatched.equal is False
    assert unmatched.unmatched == ("GET http://there.invalid/: nothing like it was recorded",)
    assert unused.equal is False
    assert unused.unused == ("GET http://other.invalid/",)
    assert unused.differences == ()


def test_an_exception_is_of_its_trace_alone(trace: Trace, target: MakeTarget) -> None:
    fails = replace(trace, id="two")
    results = replay_in_process([trace, fails, trace], target("raises"))
    assert [result.error is None for result in results] == [True, False, True]


def test_a_process_that_dies_is_replaced(trace: Trace, target: MakeTarget) -> None:
    first, second = replay_in_process([trace, trace], target("ends"))
    for result in (first, second):
        assert result.error is not None
        assert "ended with 3" in result.error
        assert "about to end" in result.error


def test_a_replay_that_hangs_is_cut_off(trace: Trace, target: MakeTarget) -> None:
    started_s = monotonic_s()
    with RunnerProcess(target("hangs")) as process:
        result = process.replay(trace, limit_s=1.0)
    assert result.error == "no result within 1 s"
    assert monotonic_s() - started_s < 30


def test_a_trace_larger_than_a_pipe_to_a_process_that_does_not_read(trace: Trace) -> None:
    """Its command sleeps instead of reading; the limit holds although the line does not fit the pipe."""
    large = replace(
        trace, inputs=(Input(at_s=0.0, kind="signal", partner="T1", content_type="text/plain", body="x" * 2_000_000),)
    )
    with RunnerProcess(Target(entry="entries:echo", python=("sh", "-c", "exec sleep 60"))) as process:
        result = process.replay(large, limit_s=0.5)
    assert result.error == "no result within 0.5 s"


@pytest.mark.parametrize(
    ("script", "said"),
    [
        ("echo nonsense; exec sleep 60", "Expecting value"),
        ("echo '{}'; exec sleep 60", "expected the result of one"),
        ('echo \'{"contract": 1, "id": "other"}\'; exec sleep 60', "expected the result of one"),
        ("echo why it cannot >&2; exit 4", "it wrote: why it cannot"),
    ],
)
def test_nonsense_is_unknown(trace: Trace, script: str, said: str) -> None:
    with RunnerProcess(Target(entry="e:f", python=("sh", "-c", script))) as process:
        result = process.replay(trace)
    assert result.error is not None
    assert said in result.error


def test_an_interpreter_that_is_not_there_is_unknown(trace: Trace) -> None:
    (result,) = replay_in_process([trace], Target(entry="e:f", python=("/no/such/python",)))
    assert result.error is not None
    assert "/no/such/python" in result.error
