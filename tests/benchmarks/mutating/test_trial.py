"""A changed copy is replayed in a process of its own, judged as the gate does, and ended when it takes too long."""

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from benchmarks.mutating.reaching import reach_of
from benchmarks.mutating.trial import OUT_OF_TIME, Tree, Trial, Trials, Tried
from harness.replaying.comparison import TraceOutcome
from harness.traces import Cassette, Comparison, Input, Made, Trace

SOURCE = """
def replay(trace):
    body = trace["inputs"][0]["body"]
    if body == "long":
        body = body * 2
    return {"output": {"said": body}}
"""
pytestmark = pytest.mark.slow


def trace(name: str, said: str) -> Trace:
    """A trace that sends its name, and is to be told `said`."""
    return Trace(
        id=name,
        title=name,
        starts_at=datetime(2026, 2, 2, tzinfo=UTC),
        seed=1,
        partners=({"id": "P"},),
        inputs=(Input(at_s=0.0, kind="signal", partner="P", content_type="text/plain", body=name),),
        cassette=Cassette(),
        baseline={"said": said},
        made=Made(how="written", source="a test"),
    )


TRACES = (trace("short", "short"), trace("long", "longlong"))


@pytest.fixture
def tree(tmp_path: Path) -> Tree:
    package = tmp_path / "tree" / "tried_package"
    package.mkdir(parents=True)
    (package / "__init__.py").write_text("")
    (package / "replay.py").write_text(SOURCE)
    (package / "other.py").write_text("")
    return Tree(root=tmp_path / "tree", package="tried_package", entry="tried_package.replay:replay")


def tried(tree: Tree, folder: Path, *sources: str, limit_s: float = 60.0) -> list[Tried]:
    """What came of each source in the place of the entry's, in order."""
    trials = [Trial(path="tried_package/replay.py", source=source, traces=TRACES) for source in sources]
    with_room = Trials(tree, Comparison(), folder, processes=2, limit_s=limit_s)
    return [one for _, one in sorted(with_room.run(trials), key=lambda found: found[0])]


def test_a_trial_says_what_the_gate_would_say(tree: Tree, tmp_path: Path) -> None:
    found = tried(
        tree,
        tmp_path / "copies",
        SOURCE,
        SOURCE.replace("* 2", "* 3"),
        SOURCE.replace("body * 2", "body * None"),
        "import no.such.module",
        SOURCE.replace("    body =", "    import os; os._exit(7)\n    body ="),
    )
    same, changed, raised, stillborn, died = found
    assert same == Tried(outcome=TraceOutcome.PASS)
    assert (changed.outcome, changed.trace, changed.caught) == (TraceOutcome.CHANGED, "long", True)
    assert (raised.outcome, raised.caught) == (TraceOutcome.BROKEN, True)
    assert "TypeError" in raised.said
    assert (stillborn.outcome, stillborn.imported, stillborn.caught) == (TraceOutcome.UNKNOWN, False, False)
    assert (died.outcome, died.said) == (TraceOutcome.UNKNOWN, "its process ended with 7")
    assert (tree.root / "tried_package" / "replay.py").read_text() == SOURCE


def test_what_goes_round_in_circles_is_ended(tree: Tree, tmp_path: Path) -> None:
    (found,) = tried(tree, tmp_path / "copies", SOURCE.replace("body = body * 2", "while True: pass"), limit_s=5.0)
    assert (found.outcome, found.said, found.caught) == (TraceOutcome.UNKNOWN, OUT_OF_TIME, False)
    assert list((tmp_path / "copies").glob("[0-9]*")) == []


def test_where_each_trace_gets_to_is_noted(tree: Tree) -> None:
    reach = reach_of(tree, TRACES, within_s=60.0)
    path = "tried_package/replay.py"
    assert reach.to(path, range(3, 4)) == [0, 1]
    assert reach.to(path, range(5, 6)) == [1]
    assert reach.at_import(path, range(2, 3))
    assert not reach.at_import(path, range(5, 6))
    assert "tried_package/other.py" not in reach.paths
    assert replace(reach, by_trace=()).to(path, range(3, 4)) == []
