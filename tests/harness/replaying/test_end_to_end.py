"""Traces through a running system, with a driver that answers from memory: equal, different, and unknown."""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, cast

from hypothesis import given
from hypothesis import strategies as st

from harness.checkers import TracesUnchanged
from harness.clock import Clock
from harness.environments.base import Environment
from harness.history import History, Kind
from harness.replaying.comparison import TraceVerdict
from harness.replaying.end_to_end import RecordedTraces, Share
from harness.traces import Trace, save_baseline, save_cassette, save_trace

TRACE_YAML = """\
contract: 1
id: {id}
title: T
clock: {{starts_at: "2026-02-02T14:00:00+00:00"}}
ids: {{seed: 1}}
partners: []
inputs: [{{at_s: 0, kind: signal, partner: T1, content_type: text/plain, body: x}}]
"""


@dataclass(slots=True, kw_only=True)
class Driver:
    """Gives `outputs` by trace; None hangs, an exception is raised."""

    outputs: Mapping[str, Any]
    playing: set[str] = field(default_factory=set)
    at_once: int = 0
    left: bool = False

    def project(self, output: Any) -> Any:
        return {"seen": output["seen"]}

    async def play(self, trace: Trace) -> Any:
        self.playing.add(trace.id)
        self.at_once = max(self.at_once, len(self.playing))
        await asyncio.sleep(0)
        output = self.outputs[trace.id]
        if output is None:
            await asyncio.Event().wait()
        if isinstance(output, Exception):
            raise output
        self.playing.discard(trace.id)
        return self.project(output)

    async def unused(self, trace: Trace) -> Sequence[Mapping[str, Any]]:
        return [{"request": {"method": "POST", "uri": "u"}}] if trace.id == "unused" else []


def _judge(trace: Trace, outputs: Mapping[str, Any], *, limit_s: float = 5.0) -> tuple[list[TraceVerdict], Driver]:
    driver = Driver(outputs=outputs)

    @asynccontextmanager
    async def make(environment: Environment, traces: Sequence[Trace]) -> AsyncIterator[Driver]:
        try:
            yield driver
        finally:
            driver.left = True

    replays = RecordedTraces(directory=Path(), driver=make, limit_s=limit_s)
    baseline = {"seen": 1, "only in process": 2}
    traces = [replace(trace, id=name, baseline=baseline) for name in outputs]
    return asyncio.run(replays.judge(cast("Environment", None), traces)), driver


def test_the_projection_is_of_both_sides(trace: Trace) -> None:
    outputs = {"equal": {"seen": 1, "noise": 5}, "different": {"seen": 2}, "unused": {"seen": 1}}
    verdicts, driver = _judge(trace, outputs)
    assert [one.outcome for one in verdicts] == ["pass", "changed", "broken"]
    assert verdicts[1].lines == ("seen: was 1, now 2",)
    assert verdicts[2].unused == ("POST u",)
    assert driver.at_once == 3, "all at once"
    assert driver.left


def test_what_cannot_be_told_is_unknown_and_of_its_trace_alone(trace: Trace) -> None:
    verdicts, driver = _judge(trace, {"broken": LookupError("gone"), "hangs": None, "fine": {"seen": 1}}, limit_s=0.2)
    assert [one.outcome for one in verdicts] == ["unknown", "unknown", "pass"]
    assert verdicts[0].error == "LookupError: gone"
    assert "TimeoutError" in str(verdicts[1].error)
    assert driver.left


def test_a_phase_writes_an_event_for_each_trace(trace: Trace, tmp_path: Path) -> None:
    for name in ("first", "second"):
        folder = tmp_path / "traces" / name
        folder.mkdir(parents=True)
        (folder / "trace.yaml").write_text(TRACE_YAML.format(id=name))
        save_baseline(replace(trace, folder=folder), {"seen": 1})
        save_cassette(replace(trace, folder=folder))
    save_trace(replace(trace, id="in-process-only", end_to_end=False), tmp_path / "traces")

    @asynccontextmanager
    async def make(environment: Environment, traces: Sequence[Trace]) -> AsyncIterator[Driver]:
        yield Driver(outputs={"first": {"seen": 1}, "second": {"seen": 3}})

    async def replayed(directory: Path) -> list[dict[str, Any]]:
        history = History(clock=Clock())
        replays = RecordedTraces(directory=directory, driver=make)
        await replays.replay(cast("Environment", None), history, Clock(), seed=0)
        return [dict(event.value) for event in history.where(kind=Kind.STEP, action="replay")]

    first, second = asyncio.run(replayed(tmp_path / "traces"))
    assert (first["trace"], first["outcome"]) == ("first", "pass")
    assert (second["trace"], second["outcome"]) == ("second", "changed")

    (nothing,) = asyncio.run(replayed(tmp_path / "nowhere"))
    assert nothing["outcome"] == "unknown"
    assert "seen none" in nothing["error"]


def test_a_system_that_cannot_be_prepared_is_unknown(trace: Trace) -> None:
    @asynccontextmanager
    async def make(environment: Environment, traces: Sequence[Trace]) -> AsyncIterator[Driver]:
        raise ConnectionError("nobody there")
        yield

    replays = RecordedTraces(directory=Path(), driver=make)
    (verdict,) = asyncio.run(replays.judge(cast("Environment", None), [trace]))
    assert (verdict.outcome, verdict.error) == ("unknown", "ConnectionError: nobody there")


@given(st.integers(0, 60), st.one_of(st.none(), st.integers(1, 12)), st.integers(0, 2**31))
def test_seeds_in_a_row_take_every_trace_once(count: int, at_most: int | None, seed: int) -> None:
    """As many of them as there are turns; the same seed takes the same, and none takes too many."""
    traces = [f"t{number:02d}" for number in range(count)]
    first = Share.of(traces, seed=seed, at_most=at_most)
    shares = [Share.of(traces[::-1], seed=seed + number, at_most=at_most) for number in range(first.turns)]
    assert shares[0] == first
    assert sorted(one for share in shares for one in share.traces) == traces
    assert {share.turn for share in shares} == set(range(1, first.turns + 1))
    sizes = {len(share.traces) for share in shares}
    assert max(sizes) - min(sizes) <= 1
    assert at_most is None or max(sizes) <= at_most


def test_a_phase_says_which_share_it_replayed(trace: Trace, tmp_path: Path) -> None:
    names = [f"t{number}" for number in range(7)]
    for name in names:
        save_trace(replace(trace, id=name, baseline={"seen": 1}, end_to_end=True), tmp_path)
    save_trace(replace(trace, id="in-process-only", end_to_end=False), tmp_path)
    prepared: list[list[str]] = []

    @asynccontextmanager
    async def make(environment: Environment, traces: Sequence[Trace]) -> AsyncIterator[Driver]:
        prepared.append([one.id for one in traces])
        yield Driver(outputs={name: {"seen": 1} for name in names})

    replays = RecordedTraces(directory=tmp_path, driver=make, at_most=3)
    history = History(clock=Clock())
    asyncio.run(replays.replay(cast("Environment", None), history, Clock(), seed=10))
    assert prepared == [["t1", "t4"]], "the system is prepared for those alone"
    (share,) = history.where(kind=Kind.STEP, action="share")
    assert share.value == {"traces": 2, "of": 7, "turn": 2, "turns": 3}
    assert TracesUnchanged().check(history).summary == "2 of 7 traces gave the output they gave before"
