"""The gate on the terminal: what is not well in words, the rest in a line."""

from typing import Any

import pytest

from harness.reports.gate import checked_by, print_gate

TRACES: dict[str, Any] = {
    "revision": {"name": "WORKTREE"},
    "took_s": 1.25,
    "total": 2,
    "counts": {"pass": 2},
    "causes": [],
    "reasons": [],
    "traces": [],
    "unmet_masks": ["answers[*].took_ms"],
}
RUN: dict[str, Any] = {
    "scenario": "shop_dies",
    "outcome": "fail",
    "duration_s": 3.0,
    "skipped": None,
    "verdicts": [{"checker": "Sold", "outcome": "fail", "summary": "nothing [b]was[/b]"}],
    "objectives": [{"name": "rto", "outcome": "pass", "summary": ""}],
}
CLAIMS = [
    {"id": "1.1", "outcome": "pass", "text": "held", "carried_by": ["a"]},
    {"id": "1.2", "outcome": "fail", "text": "does not hold", "carried_by": ["a", "b"]},
    {"id": "1.3", "outcome": "by tests", "text": "of code", "carried_by": ["t.py::a", "t.py::b"]},
]


def test_all_of_it(capsys: pytest.CaptureFixture[str]) -> None:
    print_gate({"outcome": "fail", "message": "Mismatch", "traces": TRACES, "drills": [RUN], "claims": CLAIMS})
    said = capsys.readouterr().out
    for line in (
        "traces at WORKTREE, 1.2 s",
        "2 traces: 2 pass",
        "masks that no output met: answers[*].took_ms",
        "shop_dies  fail     3.0 s  Sold: nothing [b]was[/b]",
        "1.2    fail     a, b        does not hold",
        "1.1 pass   1.3 by tests",
        "Mismatch",
        "gate: fail",
    ):
        assert line in said, said


def test_tests_are_named_by_their_files() -> None:
    assert [checked_by(row) for row in CLAIMS] == ["a", "a, b", "t.py"]
    assert checked_by({"carried_by": []}) == "nothing"
