"""The runner on its own: standard library only, one result a line, and whatever the system prints goes elsewhere."""

import ast
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from harness.clock import Deadline, block_s, epoch_s
from harness.replaying import runner

HERE = Path(__file__).parent
LINE = {"contract": 1, "id": "one", "inputs": [{"body": "x"}], "cassette": []}


def _run(entry: str, *lines: str, directory: Path = HERE) -> tuple[int, list[dict[str, Any]], str]:
    done = subprocess.run(
        [sys.executable, "-I", str(Path(runner.__file__)), entry],
        input="".join(f"{line}\n" for line in lines),
        cwd=directory,
        capture_output=True,
        text=True,
        check=False,
        timeout=30,
    )
    return done.returncode, [json.loads(line) for line in done.stdout.splitlines()], done.stderr


def test_it_imports_the_standard_library_alone() -> None:
    tree = ast.parse(Path(runner.__file__).read_text(encoding="utf-8"))
    modules = {
        name.split(".")[0]
        for node in ast.walk(tree)
        if isinstance(node, ast.Import | ast.ImportFrom)
        for name in ([alias.name for alias in node.names] if isinstance(node, ast.Import) else [node.module or ""])
    }
    assert modules <= sys.stdlib_module_names


def test_what_the_system_prints_is_no_result() -> None:
    code, results, errors = _run("entries:echo", json.dumps(LINE), "", json.dumps({**LINE, "id": "two"}))
    assert code == 0
    assert [result["id"] for result in results] == ["one", "two"]
    assert results[0] == {
        "contract": 1,
        "id": "one",
        "output": {"bodies": ["x"]},
        "unmatched": [],
        "unused": [],
        "error": None,
        "raised": False,
    }
    for said in ("this is not a result", "neither is this", "nor this"):
        assert errors.count(said) == 2


@pytest.mark.parametrize(
    ("entry", "line", "raised", "said"),
    [
        ("entries:raises", {**LINE, "id": "two"}, True, "LookupError: there is no such thing"),
        ("entries:exits", LINE, True, "SystemExit: 5"),
        ("entries:refuses", LINE, False, "inputs: expected a list"),
        ("entries:not_json", LINE, False, "TypeError: Object of type set is not JSON serializable"),
        ("entries:nothing", LINE, False, "KeyError: 'output'"),
        ("entries:missing", LINE, False, "AttributeError: module 'entries' has no attribute 'missing'"),
        ("no_such_module:replay", LINE, False, "ModuleNotFoundError"),
        ("entries:echo", {**LINE, "contract": 2}, False, "this revision speaks contract 1, the trace 2"),
        ("entries:newer", {**LINE, "contract": 3}, False, "this runner speaks contracts 1 and 2, the trace 3"),
        ("entries:echo", [1], False, "AttributeError"),
    ],
)
def test_what_goes_wrong_is_a_result_and_the_next_line_is_answered(
    entry: str, line: Any, raised: bool, said: str
) -> None:
    """`raised` is for the system's own code alone: what could not be run says nothing about its behaviour."""
    code, results, _ = _run(entry, json.dumps(line), "{", json.dumps(line))
    assert code == 0
    assert len(results) == 3
    assert said in results[0]["error"] == results[2]["error"]
    assert results[0]["output"] is None
    assert [result["raised"] for result in results] == [raised, False, raised]
    assert "JSONDecodeError" in results[1]["error"]


def test_two_edits_of_the_same_second_and_length_are_two(tmp_path: Path) -> None:
    """Python itself would take the compiled first edit for the second; what was written long ago stays compiled."""
    code = tmp_path / "code_of_now.py"

    def replayed(result: int) -> Any:
        code.write_text(f"def entry(trace):\n    return {{'output': {result}}}\n", encoding="utf-8")
        os.utime(code, (written_s, written_s))
        _, (said,), _ = _run("code_of_now:entry", json.dumps(LINE), directory=tmp_path)
        return said["output"]

    written_s = int(epoch_s())
    assert [replayed(1), replayed(2)] == [1, 2]
    assert list(tmp_path.rglob("*.pyc")) == []
    written_s -= 10
    assert replayed(3) == 3
    assert len(list(tmp_path.rglob("*.pyc"))) == 1


@pytest.mark.parametrize("contract", [1, 2])
def test_an_entry_that_says_so_is_given_either_version(contract: int) -> None:
    _, (result,), _ = _run("entries:newer", json.dumps({**LINE, "contract": contract}))
    assert (result["contract"], result["output"]) == (contract, {"contract": contract})


def test_a_wrong_command_line_is_said_so() -> None:
    assert _run("entries")[0] == 2


def test_another_checkout_is_imported_from_the_working_directory_alone(tmp_path: Path) -> None:
    """As an editable installation would have it, the checkout is on the import path, and must not come in."""
    checkout, revision = tmp_path / "checkout", tmp_path / "revision"
    for folder in (checkout / "src", revision / "src", revision):
        folder.mkdir(parents=True, exist_ok=True)
    entry = "def replay(trace):\n    return {'output': '%s'}\n"
    (checkout / "src" / "moved.py").write_text(entry % "of the checkout")
    (revision / "src" / "moved.py").write_text(entry % "of the revision")
    (checkout / "src" / "gone.py").write_text(entry % "not in this revision")

    def output(name: str, *more: Path) -> Any:
        done = subprocess.run(
            [sys.executable, str(Path(runner.__file__)), f"{name}:replay", *map(str, more)],
            input=json.dumps(LINE) + "\n",
            cwd=revision,
            env={"PYTHONPATH": str(checkout / "src")},
            capture_output=True,
            text=True,
            check=True,
            timeout=30,
        )
        result = json.loads(done.stdout)
        return result["output"] or result["error"]

    assert output("moved") == "of the checkout"
    assert output("moved", checkout) == "of the revision"
    assert output("gone", checkout) == "ModuleNotFoundError: No module named 'gone'"
    assert "this revision has no such entry" in output("gone", tmp_path / "another")
    assert output("json", checkout) == "AttributeError: module 'json' has no attribute 'replay'"


def test_a_replay_that_hangs_ends_with_whoever_started_it(tmp_path: Path) -> None:
    """Killed without a word, so that nothing can be cleaned up by anybody."""
    starter = (
        "import subprocess, sys, time\n"
        f"runner = subprocess.Popen([sys.executable, {runner.__file__!r}, 'entries:hangs'], stdin=subprocess.PIPE)\n"
        "runner.stdin.write(sys.argv[1].encode() + b'\\n'); runner.stdin.flush()\n"
        "print(runner.pid, flush=True); time.sleep(60)\n"
    )
    with subprocess.Popen(
        [sys.executable, "-c", starter, json.dumps(LINE)],
        cwd=HERE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as started:
        assert started.stdout is not None
        assert started.stderr is not None
        pid = int(started.stdout.readline())
        assert started.stderr.readline() == "about to hang\n"
        started.kill()
    deadline = Deadline(20)
    while Path(f"/proc/{pid}").exists() and not deadline.passed:
        block_s(0.01)
    assert not Path(f"/proc/{pid}").exists()
