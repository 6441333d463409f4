"""The peer does the work that is said to be compared: what it is given passes, and what differs does not."""

from dataclasses import replace
from pathlib import Path

import pytest

from benchmarks import corpus, replay_peer
from benchmarks.replay_peer import PeerRun
from harness.traces import Trace


@pytest.fixture(scope="module")
def traces() -> list[Trace]:
    found = [corpus.trace(7, number) for number in range(40)]
    assert {replay_peer.can_play(one) for one in found} == {True, False}
    return [one for one in found if replay_peer.can_play(one) and one.cassette.interactions][:3]


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_what_it_is_given_passes(traces: list[Trace], tmp_path: Path) -> None:
    run = replay_peer.tested(replay_peer.prepared(traces, tmp_path / "peer"))
    assert run.traces == 3
    assert run.processor_s > 0


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_another_baseline_body_or_number_of_answers_does_not_pass(traces: list[Trace], tmp_path: Path) -> None:
    first = traces[0]
    assert isinstance(first.baseline, dict)
    one, *others = first.cassette.interactions
    body = replace(one, request=replace(one.request, body=one.request.body.replace("{", '{"more": 1, ', 1)))
    changed = [
        replace(first, id="baseline", baseline={**first.baseline, "writes": "none"}),
        *(
            replace(first.with_cassette(replace(first.cassette, interactions=some)), id=name)
            for name, some in (("less", tuple(others)), ("body", (body, *others)), ("more", (one, *others, one)))
        ),
    ]
    with pytest.raises(SystemExit, match="do not pass") as told:
        replay_peer.tested(replay_peer.prepared([*traces, *changed], tmp_path / "peer"))
    for name in ("baseline", "less", "body", "more"):
        assert f"FAILED test_traces.py::test_a_trace_gives_its_baseline[{name}]" in str(told.value)
    assert "4 failed, 3 passed" in str(told.value)


def test_what_it_takes_to_start_is_left_out() -> None:
    few, many = (PeerRun(traces=10 * n, took_s=2.0 + n, processor_s=1.0 + n) for n in (1, 4))
    assert replay_peer.between(few, many) == PeerRun(traces=30, took_s=3.0, processor_s=3.0)


def test_vcrpy_finds_each_of_its_questions() -> None:
    assert replay_peer.match_us("http://model.invalid/", [b'{"a": %d}' % number for number in range(12)], 5) > 0
