"""Several runner processes as one stream: order, failures, and how much of the stream is in memory."""

import os
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from harness.replaying import runners
from harness.replaying.comparison import ReplayResult
from harness.replaying.runner_process import Target
from harness.replaying.runners import Runners
from harness.traces import Input, Trace

MakeTarget = Callable[[str], Target]


def saying(trace: Trace, *bodies: str) -> list[Trace]:
    """A trace for each body, with a number as its id."""
    return [
        replace(
            trace,
            id=f"t{number}",
            inputs=(Input(at_s=0.0, kind="signal", partner="T1", content_type="text/plain", body=body),),
        )
        for number, body in enumerate(bodies)
    ]


def told(found: Iterator[tuple[Trace, ReplayResult]]) -> list[str]:
    """The ids in order, each with its word, or with what went wrong."""
    return [f"{trace.id} {result.error or result.output['said']}" for trace, result in found]


def alive(pid: int) -> bool:
    return Path(f"/proc/{pid}").exists()


def test_results_come_in_order_from_as_many_processes_as_asked_for(trace: Trace, target: MakeTarget) -> None:
    traces = saying(trace, "sleep 0.3", *(["word"] * 40))
    with Runners(target("told"), processes=2) as pool:
        found = list(pool.replay(traces))
    assert [one.id for one, _ in found] == [one.id for one in traces]
    assert [result.trace for _, result in found] == [one.id for one in traces]
    assert all(result.clean for _, result in found)
    pids = {result.output["process"] for _, result in found}
    assert len(pids) == 2
    assert not any(alive(pid) for pid in pids)


def test_few_traces_are_not_worth_another_process_and_many_are(trace: Trace, target: MakeTarget) -> None:
    with Runners(target("told")) as pool:
        few = {result.output["process"] for _, result in pool.replay(saying(trace, *(["word"] * 20)))}
    assert len(few) == 1
    cores = len(os.sched_getaffinity(0))
    with Runners(target("told")) as pool:
        many = {result.output["process"] for _, result in pool.replay(saying(trace, *(["sleep 0.05"] * 60)))}
    assert len(many) == min(cores, len(many))
    assert len(many) > 1 or cores == 1


def test_a_process_serves_many_streams(trace: Trace, target: MakeTarget) -> None:
    with Runners(target("told"), processes=1) as pool:
        first, second = (pool.one(one).output["process"] for one in saying(trace, "a", "b"))
        assert first == second
        assert alive(first)
    assert not alive(first)


def test_what_is_known_already_passes_through_in_its_place(trace: Trace, target: MakeTarget) -> None:
    traces = saying(trace, *(["word"] * 30))
    known = ReplayResult(trace="t", output={"said": "known"})
    with Runners(target("told"), processes=2) as pool:
        asked = ((one, known if number % 3 else None) for number, one in enumerate(traces))
        found = told(pool.complete(asked))
    assert found == [f"t{number} {'known' if number % 3 else 'word'}" for number in range(30)]


def test_nothing_is_started_for_what_is_known(trace: Trace) -> None:
    def never() -> Target:
        raise AssertionError("a target was asked for")

    with Runners(never) as pool:
        assert len(list(pool.complete([(trace, ReplayResult(trace="one", output=1))]))) == 1


@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(bodies=st.lists(st.sampled_from(["word", "word", "word", "die"]), min_size=1, max_size=30))
def test_each_trace_that_kills_its_process_is_told_so_and_no_other(
    trace: Trace, target: MakeTarget, bodies: list[str]
) -> None:
    with pytest.MonkeyPatch.context() as patched, Runners(target("told"), processes=2) as pool:
        patched.setattr(runners, "_FAILURES_MAX", 1_000)
        found = told(pool.replay(saying(trace, *bodies)))
    assert found == [
        f"t{number} {'word' if body == 'word' else 'the runner ended with 3 instead of a result'}"
        for number, body in enumerate(bodies)
    ]


def test_where_nothing_but_failure_comes_the_rest_is_not_tried(trace: Trace, target: MakeTarget) -> None:
    with Runners(target("told"), processes=2) as pool:
        found = told(pool.replay(saying(trace, "word", *(["die"] * 20))))
    assert found[0] == "t0 word"
    assert "the runner ended with 3" in found[1]
    assert "5 traces in a row got no result; the last: the runner ended with 3" in found[-1]


def test_a_trace_that_hangs_is_cut_off_and_those_behind_it_are_answered(trace: Trace, target: MakeTarget) -> None:
    with Runners(target("told"), processes=1, limit_s=1.0) as pool:
        found = told(pool.replay(saying(trace, "word", "hang", "word", "word")))
    assert found == ["t0 word", "t1 no result within 1 s", "t2 word", "t3 word"]


def test_a_trace_larger_than_a_pipe_to_a_process_that_does_not_read(trace: Trace) -> None:
    """Its command sleeps instead of reading; the limit holds although the line does not fit the pipe."""
    asleep = Target(entry="entries:echo", python=("sh", "-c", "exec sleep 60"))
    with Runners(asleep, limit_s=0.5) as pool:
        assert pool.one(saying(trace, "x" * 2_000_000)[0]).error == "no result within 0.5 s"


OTHER = '{"contract": 1, "id": "other", "output": 1, "unmatched": [], "unused": [], "error": null}'
FIVE = '{"contract": 1, "id": "t0", "output": 1, "unmatched": 5, "unused": [], "error": null}'


@pytest.mark.parametrize(
    ("script", "said"),
    [
        ("echo nonsense; exec sleep 60", "expected the result of t0, seen b'nonsense'"),
        ("echo '{}'; exec sleep 60", "expected the result of t0"),
        (f"echo '{OTHER}'; exec sleep 60", "expected the result of t0"),
        (f"echo '{FIVE}'; exec sleep 60", "expected the result of t0"),
        ("echo why it cannot >&2; exit 4", "the runner ended with 4 instead of a result; it wrote: why it cannot"),
    ],
)
def test_nonsense_is_said_to_be_so(trace: Trace, script: str, said: str) -> None:
    with Runners(Target(entry="e:f", python=("sh", "-c", script))) as pool:
        assert said in (pool.one(saying(trace, "word")[0]).error or "")


def test_an_interpreter_that_is_not_there(trace: Trace) -> None:
    with Runners(Target(entry="e:f", python=("/no/such/python",))) as pool:
        found = told(pool.replay(saying(trace, "a", "b")))
    assert all("/no/such/python cannot be started" in one for one in found)


def test_a_target_that_cannot_be_made_is_the_answer_to_every_trace(trace: Trace) -> None:
    asked = 0

    def refuses() -> Target:
        nonlocal asked
        asked += 1
        raise LookupError("no such commit")

    with Runners(refuses, refusals=(LookupError,)) as pool:
        assert told(pool.replay(saying(trace, "a", "b", "c"))) == [f"t{n} no such commit" for n in range(3)]
    assert asked == 1


def test_a_corpus_of_any_length_is_read_as_it_is_needed(trace: Trace, target: MakeTarget) -> None:
    read = yielded = ahead = 0

    def corpus() -> Iterator[Trace]:
        nonlocal read, ahead
        for one in saying(trace, *(["word"] * 400)):
            read += 1
            ahead = max(ahead, read - yielded)
            yield one

    with Runners(target("told"), processes=2) as pool:
        for _ in pool.replay(corpus()):
            yielded += 1
    assert yielded == 400
    assert ahead <= 2 * 2 * runners._AHEAD


def test_whoever_stops_listening_leaves_no_process(trace: Trace, target: MakeTarget) -> None:
    with Runners(target("told"), processes=2) as pool:
        stream = pool.replay(saying(trace, "word", "hang", "hang"))
        pid = next(stream)[1].output["process"]
        pids = [one.pid for one in pool.processes]
        assert pid in pids
        stream.close()
        assert not any(alive(one) for one in pids)


def test_what_is_interrupted_leaves_no_process(trace: Trace, target: MakeTarget) -> None:
    pids: list[int] = []

    def interrupted() -> None:
        with Runners(target("told"), processes=2) as pool:
            for _ in pool.replay(saying(trace, "word", "hang")):
                pids.extend(one.pid for one in pool.processes)
                raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert pids
    assert not any(alive(pid) for pid in pids)


def test_a_talkative_system_does_not_fill_the_disk(
    trace: Trace, target: MakeTarget, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("harness.replaying.runner_process._ERRORS_KEPT", 1_000)
    with Runners(target("echo"), processes=1) as pool:
        assert all(result.clean for _, result in pool.replay(saying(trace, *(["word"] * 100))))
        (process,) = pool.processes
        assert os.fstat(process.errors.fileno()).st_size < 3_000


def test_the_runner_sees_nothing_of_the_callers_environment(
    trace: Trace, target: MakeTarget, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("A_SECRET", "of the caller")
    with Runners(target("environment")) as pool:
        assert "A_SECRET" not in pool.one(trace).output
