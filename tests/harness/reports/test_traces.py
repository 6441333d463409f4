"""Traces on the terminal: columns that line up, texts that are no markup, ages that a person reads."""

from typing import Any

import pytest

from harness.reports.traces import age, print_bisection, print_findings, print_recordings, trace_table

WILD = "[red]x[/red] \x1b[2J :smile:"


def row(name: str, **more: Any) -> dict[str, Any]:
    return {
        "id": name,
        "title": "T",
        "covers": [],
        "inputs": 1,
        "baseline": True,
        "age_s": 90.0,
        "last_replay": None,
        **more,
    }


@pytest.mark.parametrize(
    ("seconds", "said"), [(0, "0 s"), (59, "59 s"), (61, "1 min"), (7_200, "2 h"), (200_000, "2 d"), (None, "not")]
)
def test_ages(seconds: float | None, said: str) -> None:
    assert age(seconds).startswith(said)


def test_columns_line_up_and_texts_are_no_markup(capsys: pytest.CaptureFixture[str]) -> None:
    trace_table({"traces": [row("short"), row("a/much/longer/name", covers=[WILD]), row("none", baseline=False)]})
    lines = capsys.readouterr().out.splitlines()
    places = {line.index(word) for line, word in zip(lines, ("age", "1 min", "1 min", "no baseline"), strict=False)}
    assert len(places) == 1
    assert "[red]x[/red] \N{REPLACEMENT CHARACTER}[2J :smile:" in lines[2]
    assert lines[-1] == "3 traces"


def test_one_line_a_cause(capsys: pytest.CaptureFixture[str]) -> None:
    example = {"trace": "t1", "lines": [f"a.b: was 1, now {WILD}"]}
    cause = {"number": 1, "count": 41, "lines": ["a.b: a number -> a number"], "effect": True, "example": example}
    document = {
        "total": 60,
        "counts": {"pass": 18, "changed": 0, "broken": 41, "unknown": 1},
        "causes": [cause],
        "reasons": [{"count": 1, "reason": "no network"}],
        "traces": [],
    }
    print_findings(document, title="before: a, after: b")
    said = capsys.readouterr().out
    for line in (
        "before: a, after: b",
        "60 traces: 18 pass, 41 broken, 1 unknown",
        "  1      41      side effects  a.b: a number -> a number",
        "1. as in t1",
        "  1       no network",
    ):
        assert line in said
    assert "\x1b[2J" not in said


def test_a_commit_or_those_that_it_may_be(capsys: pytest.CaptureFixture[str]) -> None:
    commits = [{"commit": f"{n}" * 40, "author": "A", "date": "2026-03-01", "subject": f"s{n} {WILD}"} for n in (1, 2)]
    verdict = {"differences": ["a: was 1, now 2"], "unmatched": ["GET x"], "unused": ["PUT y"], "error": None}
    document = {
        "trace": "t",
        "suspects": commits,
        "verdict": verdict,
        "skipped": [{**commits[0], "reason": "SyntaxError: x\nmore"}],
        "note": "odd",
        "replays": 7,
        "commits": 64,
    }
    print_bisection(document)
    said = capsys.readouterr().out
    assert "one of these commits changed what t gives" in said
    assert "7 replays for 64 commits" in said
    for line in ("111111111111", "not recorded: GET x", "recorded, and nobody asked: PUT y", "a: was 1, now 2", "odd"):
        assert line in said
    print_bisection({**document, "suspects": commits[:1], "skipped": [], "note": None})
    said = capsys.readouterr().out
    assert "this commit changed what t gives" in said
    assert "does not run" not in said


def test_what_was_recorded_and_what_was_not(capsys: pytest.CaptureFixture[str]) -> None:
    done = {"trace": "fruit/one", "folder": "/x", "answers": 3, "baseline": "as it was", "redacted": True}
    print_recordings({"recorded": [done, {**done, "trace": "two", "redacted": False}], "refused": [f"three: {WILD}"]})
    lines = capsys.readouterr().out.splitlines()
    assert lines[1].split() == ["fruit/one", "3", "as", "it", "was", "replaced"]
    assert lines[2].split()[-2:] == ["none", "found"]
    assert lines[1].index("as it") == lines[2].index("as it") == lines[0].index("baseline")
    assert lines[3].startswith("refused: three: [red]x[/red]")
