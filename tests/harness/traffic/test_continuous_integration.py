"""Each commit is held against the gate, once, and what it said is written down."""

import asyncio
from pathlib import Path
from random import Random

from harness.clock import Clock
from harness.history import Event, History, Kind
from harness.traffic import ContinuousIntegration, Stage
from tests.harness.clones import ToyClone, make_clone

GATE = """\
import json, sys
code = int(open("code.txt").read())
print(json.dumps({"message": "mismatch" if code == 10 else None,
                  "traces": {"counts": {"pass": 1}, "causes": [{"lines": ["a", "b"]}]}}))
sys.exit(code)
"""


def played(clone: ToyClone, *codes: int) -> list[Event]:
    """Commit so that the gate ends with each of these codes, one after the other, and let it look meanwhile."""
    history, ending = History(), asyncio.Event()
    stage = Stage(environment=clone, history=history, clock=Clock(), random=Random(1), ending=ending)
    traffic = ContinuousIntegration(command=("python", "gate.py"))

    def completions() -> list[Event]:
        return [event for event in history.where(action="gate") if event.kind is not Kind.INVOKE]

    async def play() -> None:
        playing = asyncio.create_task(traffic.play(stage))
        for number, code in enumerate(codes):
            if number:
                (clone.folder / "code.txt").write_text(str(code))
                clone.git("commit", "--quiet", "--all", f"--message={number}")
            while len(completions()) <= number:
                await asyncio.sleep(0.01)
        ending.set()
        await playing

    asyncio.run(asyncio.wait_for(play(), 60))
    return completions()


def test_each_commit_is_one_operation(tmp_path: Path) -> None:
    clone = make_clone(tmp_path, **{"gate.py": GATE, "code.txt": "0"})
    passed, failed, unknown = played(clone, 0, 10, 12)
    assert [event.kind for event in (passed, failed, unknown)] == [Kind.OK, Kind.FAIL, Kind.INFO]
    assert (failed.value["message"], failed.value["causes"]) == ("mismatch", [["a", "b"]])
    assert unknown.value["commit"] == clone.git("rev-parse", "HEAD").strip()
    assert len({event.operation_id for event in (passed, failed, unknown)}) == 3
    assert [words[2:] for words in clone.typed if words[0] == "python"] == [
        ("--alert-url", "http://127.0.0.1:9/alerts")
    ] * 3


def test_a_gate_that_says_nothing_is_told_with_its_errors(tmp_path: Path) -> None:
    clone = make_clone(tmp_path, **{"gate.py": "raise SystemExit('it broke')", "code.txt": "0"})
    (told,) = played(clone, 0)
    assert (told.kind, told.value["exit_code"], told.value["message"]) == (Kind.INFO, 1, None)
    assert "it broke" in told.value["errors"]
