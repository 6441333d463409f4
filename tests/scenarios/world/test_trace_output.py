"""What a trace gives in a clone now: looked at without any rules, and compared with the first look."""

import asyncio
from pathlib import Path

import pytest

from harness.clock import Clock
from harness.history import History, Kind
from harness.replaying.comparison import ReplayResult
from scenarios.world.trace_output import TraceOutput
from tests.harness.clones import make_clone


def test_a_change_is_seen_and_trouble_is_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    clone, history, probe = make_clone(tmp_path), History(), TraceOutput(trace="one")
    results = iter(
        [
            ReplayResult(trace="one", output={"state": "FAILED"}),
            ReplayResult(trace="one", output={"state": "FAILED"}),
            ReplayResult(trace="one", output={"state": "EXECUTED"}),
            ReplayResult(trace="one", error="no such package"),
        ]
    )
    monkeypatch.setattr(TraceOutput, "_replayed", lambda self, root: next(results))
    for _ in range(4):
        asyncio.run(probe.observe(clone, history, Clock()))
    seen = [event.value for event in history.where(kind=Kind.PROBE, action="trace_output")]
    assert [value.get("changed") for value in seen] == [0, 0, 1, None]
    assert seen[3]["error"] == "no such package"


def test_it_replays_what_stands_in_the_clone() -> None:
    root = Path(__file__).parents[3]
    first = TraceOutput(trace="weight_not_in_signal")._replayed(root)
    assert first.clean
