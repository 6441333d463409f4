"""Markdown for a pull request: what failed first, one line a cause, and nothing of it is markup."""

from typing import Any

from harness.reports.github import gate_markdown, run_markdown
from harness.run import run_document
from tests.runs import make_run

WILD = "<img src=x> | `a` **b** \n# c"
TRACES: dict[str, Any] = {
    "outcome": "pass",
    "total": 3,
    "counts": {"pass": 3, "changed": 0},
    "causes": [],
    "reasons": [],
    "traces": [],
    "unmet_masks": [],
}
GATE: dict[str, Any] = {"outcome": "pass", "message": None, "traces": TRACES, "drills": [], "claims": [], "alert": None}


def test_a_pass_is_short() -> None:
    assert gate_markdown(GATE) == "# ✅ Gate: pass\n\n|  |  |  |\n|---|---|---|\n| traces | ✅ | 3: 3 pass |\n"


def test_one_line_a_cause_and_what_to_do() -> None:
    cause = {
        "number": 1,
        "count": 41,
        "effect": True,
        "lines": [f"a[*].b: new, {WILD}", "two", "three", "four", "five"],
        "example": {"trace": "t1", "lines": [WILD]},
    }
    traces = {
        **TRACES,
        "outcome": "broken",
        "counts": {"pass": 0, "broken": 41, "noisy": 1, "unknown": 2},
        "causes": [cause],
        "reasons": [{"count": 2, "reason": WILD}],
        "traces": [{"trace": "t2", "outcome": "noisy", "differences": ["was 1, now 2"]}],
        "unmet_masks": ["answers[*].took_ms"],
    }
    alert = {"status": "firing", "contact": "DevOps Lead", "summary": "Regression", "problem": "status 503"}
    text = gate_markdown({**GATE, "outcome": "fail", "message": "Mismatch", "traces": traces, "alert": alert})
    assert text.startswith("# ❌ Gate: fail\n\n**Mismatch**\n")
    (row,) = [line for line in text.splitlines() if line.startswith("| 1 |")]
    assert row.startswith("| 1 | 41 | side effects | ")
    assert "and 2 more" in row
    assert "<img" not in text
    assert not any(line.startswith("# c") for line in text.splitlines())
    assert "harness trace compare all HEAD HEAD~1" in text
    assert "Masks that no output met: `answers[*].took_ms`" in text
    assert "it was not taken: `status 503`" in text
    assert "| `t2` | `was 1, now 2` |" in text


def test_claims_that_are_not_well_come_first_and_all_are_folded() -> None:
    claims = [
        {"id": "1.1", "text": "held", "outcome": "pass", "carried_by": ["a"]},
        {"id": "1.2", "text": "nobody looked", "outcome": "unknown", "carried_by": []},
        {"id": "1.3", "text": "of code", "outcome": "by tests", "carried_by": ["t.py::a", "t.py::b"]},
    ]
    text = gate_markdown({**GATE, "outcome": "unknown", "claims": claims})
    before, _, folded = text.partition("<details>")
    assert "| claims | ❔ | 3: 1 pass, 1 unknown, 1 by tests |" in before
    assert "| 1.2 | ❔ unknown | nobody looked | nothing |" in before
    assert "1.1" not in before
    assert "| 1.3 |  by tests | of code | t.py |" in folded


def test_one_drill() -> None:
    run = run_document(make_run())
    text = run_markdown(run)
    assert text.startswith("# ✅ shop_dies: pass\n")
    assert "See it again" not in text
    assert "Claims: `4.1` ✅" in text
    bad = {"checker": "NothingIsSoldTwice", "outcome": "fail", "summary": WILD}
    text = run_markdown({**run, "outcome": "fail", "verdicts": [bad, *run["verdicts"]]})
    assert text.index("NothingIsSoldTwice") < text.index("<details>")
    assert "$ harness drill shop_dies --seed 7 --environment processes" in text
    assert "--environment processes --database mysql" in run_markdown({**run, "outcome": "fail", "database": "mysql"})
    assert "Skipped: no engine" in run_markdown({**run, "skipped": "no engine"})
