"""What one drill leaves behind, and how the program ends because of it."""

import json
import subprocess
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.clock import Clock
from harness.history import History
from harness.judgement import Judgement
from harness.objective import rto
from harness.run import (
    SEED_MAX,
    ExitCode,
    Run,
    commit_of,
    draw_seed,
    exit_code,
    is_run_id,
    new_run_id,
    outcome_of,
    run_document,
)
from harness.verdict import Outcome, Verdict
from tests.histories import Story

PASS, FAIL, UNKNOWN = Outcome.PASS, Outcome.FAIL, Outcome.UNKNOWN
AT = Clock(started_at=datetime(2026, 11, 24, 2, 15, 30, tzinfo=UTC))


def verdict(outcome: Outcome, name: str = "Held") -> Verdict:
    return Verdict(checker=name, outcome=outcome, summary="as seen", evidence=(0,), claims=("1.1",))


def run(invariant: Outcome = PASS, course: Outcome = PASS, history: History | None = None) -> Run:
    return Run(
        id=new_run_id("shop_dies", 7, AT),
        scenario="shop_dies",
        seed=7,
        commit="abc",
        environment="toy",
        versions={"toy": "1"},
        settings={},
        started_at=AT.started_at.isoformat(),
        duration_s=9.0,
        history=history or History(),
        judgement=Judgement(invariants=(verdict(invariant),), course=(verdict(course, "Course"),)),
    )


SKIPPED = replace(run(UNKNOWN), skipped="no network here")


@pytest.mark.parametrize(
    ("runs", "code"),
    [
        ([run()], ExitCode.PASS),
        ([run(FAIL)], ExitCode.INVARIANT),
        ([run(PASS, FAIL)], ExitCode.OBJECTIVE),
        ([run(UNKNOWN)], ExitCode.UNKNOWN),
        ([run(PASS, UNKNOWN)], ExitCode.UNKNOWN),
        ([run(UNKNOWN, FAIL)], ExitCode.OBJECTIVE),
        ([run(), run(PASS, UNKNOWN), run(PASS, FAIL), run(FAIL)], ExitCode.INVARIANT),
        ([run(), run(PASS, UNKNOWN), run(PASS, FAIL)], ExitCode.OBJECTIVE),
        ([run(), run(PASS, UNKNOWN)], ExitCode.UNKNOWN),
        ([run(), SKIPPED], ExitCode.PASS),
        ([SKIPPED], ExitCode.UNKNOWN),
        ([], ExitCode.UNKNOWN),
    ],
)
def test_the_worst_run_decides_how_the_program_ends(runs: list[Run], code: ExitCode) -> None:
    assert exit_code(runs) is code
    expected = {ExitCode.PASS: PASS, ExitCode.UNKNOWN: UNKNOWN}.get(code, FAIL)
    assert outcome_of(runs) is expected


def test_the_codes_are_those_of_the_manual() -> None:
    assert [int(code) for code in ExitCode] == [0, 10, 11, 12, 13]


def test_a_control_is_caught_by_the_checker_that_it_names_and_by_no_other() -> None:
    assert replace(run(FAIL), must_fail="Held").caught
    assert not replace(run(PASS), must_fail="Held").caught
    assert not replace(run(FAIL), must_fail="Else").caught
    assert not replace(run(UNKNOWN), must_fail="Held").caught
    assert not replace(run(PASS, FAIL), must_fail="Course").caught


def test_phases_follow_each_other_without_a_gap() -> None:
    story = Story()
    for name, at_s in (("gate", 0.5), ("inject", 2.0), ("judge", 8.0)):
        story.step("phase", phase=name, told_at_s=at_s)
    seen = [(phase.name, phase.from_s, phase.to_s) for phase in run(history=story.history()).phases]
    assert seen == [("gate", 0.5, 2.0), ("inject", 2.0, 8.0), ("judge", 8.0, 9.0)]
    assert run().phases == ()


@given(st.from_regex(r"[a-z][a-z0-9_]{0,59}", fullmatch=True), st.integers(0, SEED_MAX), st.integers(0, 10**9))
def test_every_id_that_is_given_is_one(name: str, seed: int, later_s: int) -> None:
    run_id = new_run_id(name, seed, Clock(started_at=AT.started_at + timedelta(seconds=later_s)))
    assert is_run_id(run_id)
    assert f"-{name}-s{seed}-" in run_id


@pytest.mark.parametrize(
    "text", ["", "..", "last", "../20261124-021530-shop-s7-4f2a", "20261124-021530-shop-s7-4f2a\n"]
)
def test_what_could_lead_out_of_the_folder_of_runs_is_no_id(text: str) -> None:
    assert not is_run_id(text)


def test_runs_of_one_moment_differ_in_their_ids() -> None:
    ids = {new_run_id(name, seed, AT) for name in ("one", "two") for seed in (1, 2)}
    assert len(ids) == 4
    assert new_run_id("one", 1, AT) != new_run_id("one", 1, replace(AT, started_at=AT.started_at + timedelta(0, 0, 1)))


def test_a_drawn_seed_can_be_given_again() -> None:
    assert 0 <= draw_seed() < SEED_MAX


def test_the_commit_says_whether_the_tree_differs(tmp_path: Path) -> None:
    assert commit_of(tmp_path) == "unknown"

    def git(*words: str) -> None:
        subprocess.run(["git", "-c", "user.name=t", "-c", "user.email=t@example.org", *words], cwd=tmp_path, check=True)

    git("init", "-q")
    (tmp_path / "file").write_text("one")
    git("add", "file")
    git("commit", "-q", "-m", "one")
    clean = commit_of(tmp_path)
    assert len(clean) == 12
    (tmp_path / "file").write_text("two")
    assert commit_of(tmp_path) == f"{clean}+"


def test_the_document_holds_what_was_measured_and_is_json() -> None:
    story = Story()
    story.write("a", at_s=0.5)
    story.fault(at_s=1.0)
    story.step("evidence", of="kill", proof=True, target="shop", facts={"pid": 1}, main=True)
    history = story.history()
    measured = replace(run(FAIL, history=history).judgement, measurements=(rto(limit_s=5, steady=()).measure(history),))
    document = json.loads(json.dumps(run_document(replace(run(history=history), judgement=measured))))
    assert document["outcome"] == "fail"
    assert document["verdicts"][0] == {
        "checker": "Held",
        "outcome": "fail",
        "summary": "as seen",
        "events": [0],
        "claims": ["1.1"],
    }
    assert document["measured"] == {"rto_s": None, "lost": []}
    assert document["evidence"][0]["facts"] == {"pid": 1}
    assert document["claims"] == {"1.1": "fail"}
    assert run_document(SKIPPED)["outcome"] == "skipped"
