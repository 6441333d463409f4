"""The runner on its own: standard library only, one result a line, and whatever the system prints goes elsewhere."""

import ast
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from harness.replaying import runner

HERE = Path(__file__).parent
LINE = {"contract": 1, "id": "one", "inputs": [{"body": "x"}], "cassette": []}


def _run(entry: str, *lines: str) -> tuple[int, list[dict[str, Any]], str]:
    done = subprocess.run(
        [sys.executable, "-I", str(Path(runner.__file__)), entry],
        input="".join(f"{line}\n" for line in lines),
        cwd=HERE,
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


@pytest.mark.parametrize("contract", [1, 2])
def test_an_entry_that_says_so_is_given_either_version(contract: int) -> None:
    _, (result,), _ = _run("entries:newer", json.dumps({**LINE, "contract": contract}))
    assert (result["contract"], result["output"]) == (contract, {"contract": contract})


def test_a_wrong_command_line_is_said_so() -> None:
    assert _run("entries")[0] == 2
