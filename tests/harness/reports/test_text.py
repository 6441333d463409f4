"""The report of one run: it lines up at any width, says what was expected and seen, and how to see it again."""

import json
import shlex
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.history import History
from harness.judgement import Judgement
from harness.reports.text import print_report, report_text
from harness.store import Store
from harness.verdict import Outcome
from tests.histories import Story
from tests.runs import RUN_ID, drilled, judged, make_run, verdict

LONG = "AcknowledgedAfterThePromotionSurvives"
BAD = verdict("NothingIsSoldTwice", Outcome.FAIL, "one was", evidence=(3, 4, 5, 6, 7, 8, 9))
DIM = verdict("NobodyWaits", Outcome.UNKNOWN, "nobody looked")


def section(report: str, title: str) -> list[str]:
    """The lines under a heading."""
    lines = report.splitlines()
    start = lines.index(title) + 1
    end = next((n for n in range(start, len(lines)) if lines[n] and not lines[n].startswith(" ")), len(lines))
    return [line for line in lines[start:end] if line]


def test_a_run_that_passed() -> None:
    report = report_text(make_run())
    assert report.startswith(f"shop_dies  pass\nrun {RUN_ID}\nseed 7, processes, 1.2 s, commit 0123456789ab\n")
    assert "settings TIMEOUT_S=0.5" in report
    assert [line.split()[0] for line in section(report, "phases")] == [
        "gate",
        "inject",
        "recover",
        "heal",
        "wait",
        "judge",
    ]
    assert any("fault: kill server" in line for line in section(report, "phases"))
    assert section(report, "evidence") == ["  kill server  pass  pid 4242, alive False"]
    assert section(report, "claims") == ["  4.1 pass   4.3 pass   4.6 pass"]
    assert "expected" not in report
    assert "see it again" not in report


def test_another_database_than_the_topologys_is_named_and_asked_for_again() -> None:
    report = report_text(replace(make_run(BAD), environment="containers", database="mysql"))
    assert "\nseed 7, containers on mysql, 1.2 s, " in report
    command, _ = section(report, "see it again")
    assert shlex.split(command)[-4:] == ["--environment", "containers", "--database", "mysql"]


def test_times_stand_against_their_limits_shortened_and_nominal() -> None:
    measured = section(report_text(make_run(), width=120), "measured")
    assert "recovery time" in measured[0]
    assert "of 30 s (nominal 300 s)  pass" in measured[0]
    assert "of 120 s " in measured[1]
    assert "nominal" not in measured[1]


def test_what_was_not_measured_says_so() -> None:
    report = report_text(make_run(history=Story().history()), width=120)
    assert all("not measured" in line for line in section(report, "measured"))


def test_a_failure_says_what_was_expected_and_seen_and_how_to_see_it_again() -> None:
    report = report_text(make_run(BAD, DIM))
    wrong = section(report, "what is wrong")
    assert wrong[:2] == ["  expected  NothingIsSoldTwice", "  seen      one was"]
    assert wrong[2] == "  events    3: 0.04 s, client one, invoke write"
    assert wrong[-1].strip() == "and 2 more, up to 9"
    assert not any("NobodyWaits" in line for line in wrong), "only what makes the outcome"
    command, again = section(report, "see it again")
    assert shlex.split(command) == ["harness", "drill", "shop_dies", "--seed", "7", "--environment", "processes"]
    assert again.strip() == f"harness judge {RUN_ID}"


def test_what_is_not_known_is_not_called_wrong() -> None:
    report = report_text(make_run(DIM))
    assert section(report, "what is not known") == ["  expected  NobodyWaits", "  seen      nobody looked"]
    assert "see it again" in report


def test_a_missed_objective_is_told_with_its_limit() -> None:
    story = Story()
    story.fault()
    report = report_text(make_run(history=story.history()), width=120)
    assert "  expected  recovery time within 30 s" in section(report, "what is wrong")


def test_lost_writes_are_counted_and_the_first_of_them_listed() -> None:
    few = section(report_text(make_run(history=drilled(lost=2))), "measured")
    assert few[-3:] == [
        "  lost: 2",
        "    identity w0, acknowledged_at_s 0.03",
        "    identity w1, acknowledged_at_s 0.05",
    ]
    many = section(report_text(make_run(history=drilled(lost=14))), "measured")
    assert "  lost: 14" in many
    assert many[-1] == "    and 4 more"


def test_parts_stand_under_their_whole() -> None:
    parts = (verdict("One"), verdict("Other", parts=(verdict("Inner"),)))
    lines = section(report_text(make_run(verdict("Whole", parts=parts))), "verdicts")
    assert [line.split("pass")[0].rstrip() for line in lines[:4]] == ["  Whole", "    One", "    Other", "      Inner"]


@pytest.mark.parametrize(("caught", "said"), [(True, "and did"), (False, "and DID NOT")])
def test_a_negative_control_says_whether_it_was_caught(caught: bool, said: str) -> None:
    found = (BAD,) if caught else ()
    report = report_text(make_run(*found, control="till_open", must_fail="NothingIsSoldTwice"))
    assert f"negative control till_open: NothingIsSoldTwice has to fail, {said}" in report
    assert ("--negative" in report) is not caught
    assert "what is not known" not in report


def test_a_skipped_run_says_why_and_nothing_else() -> None:
    report = report_text(make_run(skipped="no containers here", judgement=Judgement(), history=History()))
    assert report.startswith("shop_dies  skipped\n")
    assert report.endswith("skipped: no containers here\n")


@pytest.mark.parametrize("width", [80, 120])
def test_columns_line_up_and_names_stay_whole(width: int) -> None:
    summary = "3 of 412 acknowledged are gone: " + ", ".join(f"P1001:SHP00012{n}:original:1" for n in range(3))
    run = make_run(verdict("Short", Outcome.FAIL, summary), verdict(LONG), history=drilled(lost=14))
    report = report_text(run, width=width)
    assert max(map(len, report.splitlines())) <= width
    assert LONG in report
    lines = section(report, "verdicts")
    starts = {line.index(word) for line in lines for word in ("pass", "fail") if f" {word} " in line}
    assert len(starts) == 1, report


@given(st.integers(60, 200), st.integers(0, 60))
def test_nothing_is_cut_off_where_the_terminal_is_narrow(width: int, length: int) -> None:
    summary = " ".join(f"word{number}" for number in range(30))
    name = "N" * length if length <= 40 else "a name of several words " * 3
    report = report_text(make_run(verdict(name, summary=summary, claims=("1.1",))), width=width)
    printed = " ".join(report.split())
    assert all(f"word{number}" in printed.split() for number in range(30))
    assert "acknowledged_at_s" not in printed
    assert "nominal 300 s" in printed


words = st.text(min_size=0, max_size=80)


@given(words, words, st.integers(40, 200))
def test_no_text_of_a_run_is_markup_or_moves_the_cursor(summary: str, name: str, width: int) -> None:
    """Texts come from servers and partners; a report of one prints whatever they hold."""
    report = report_text(
        make_run(verdict(name, Outcome.FAIL, summary), settings={"S": summary}, commit=name), width=width
    )
    assert all(one.isprintable() or one == "\n" for one in report)


@pytest.mark.parametrize("text", ["[/red] no [bold]such", ":smile:", "\x1b[2Jgone\a\r", "`['a', 'b']`"])
def test_signs_that_a_terminal_would_take_for_orders(text: str, capsys: pytest.CaptureFixture[str]) -> None:
    print_report(make_run(verdict("Said", Outcome.FAIL, text)))
    printed = capsys.readouterr().out
    assert "\x1b" not in printed
    assert "".join(one for one in text if one.isprintable()) in printed.replace("\N{REPLACEMENT CHARACTER}", "")


def test_a_saved_run_reads_the_same(tmp_path: Path) -> None:
    store, run = Store(tmp_path), make_run(history=drilled(lost=3))
    store.save(run)
    loaded = store.load(RUN_ID, lambda scenario, history: judged(history))
    assert report_text(loaded) == report_text(run)
    assert json.loads((tmp_path / RUN_ID / "run.json").read_text())["id"] == RUN_ID
