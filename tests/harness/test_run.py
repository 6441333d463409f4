"""What a run comes to: its phases, its exit code, its document, and whether a control was caught."""

import json
import re
import subprocess
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.clock import Clock
from harness.history import Kind
from harness.judgement import Judgement
from harness.run import (
    SEED_MAX,
    ExitCode,
    commit_of,
    draw_seed,
    exit_code,
    is_run_id,
    new_run_id,
    outcome_of,
    own_versions,
    run_document,
)
from harness.verdict import Outcome
from tests.histories import Story
from tests.runs import drilled, judged, make_run, verdict

CLOCK = Clock(started_at=datetime(2026, 11, 24, 2, 15, 30, 123456, tzinfo=UTC))


def test_an_id_says_when_what_and_which_seed() -> None:
    assert re.fullmatch(r"20261124-021530-shop_dies-s7-[0-9a-f]{4}", new_run_id("shop_dies", 7, CLOCK))


def test_drills_of_the_same_second_have_different_ids() -> None:
    later = replace(CLOCK, started_at=CLOCK.started_at.replace(microsecond=123457))
    assert new_run_id("shop_dies", 7, CLOCK) != new_run_id("shop_dies", 7, later)


@given(st.text(min_size=1, max_size=200), st.integers(0, SEED_MAX))
def test_every_id_that_is_made_is_one(scenario: str, seed: int) -> None:
    assert is_run_id(new_run_id(scenario, seed, CLOCK))


@given(st.from_regex(r"[a-z][a-z0-9_]{0,59}", fullmatch=True), st.integers(0, SEED_MAX), st.integers(0, 10**9))
def test_an_id_holds_the_name_and_the_seed(name: str, seed: int, later_s: int) -> None:
    run_id = new_run_id(name, seed, Clock(started_at=CLOCK.started_at + timedelta(seconds=later_s)))
    assert is_run_id(run_id)
    assert f"-{name}-s{seed}-" in run_id


def test_ids_of_one_moment_differ_by_name_and_seed() -> None:
    assert len({new_run_id(name, seed, CLOCK) for name in ("one", "two") for seed in (1, 2)}) == 4


@pytest.mark.parametrize(
    "text",
    [
        "",
        "..",
        "last",
        "../20261124-021530-a-s7-4f2a",
        "20261124-021530-a-s7-4f2a/..",
        "20261124-021530-a/b-s7-4f2a",
        "20261124-021530-a-s7-4f2a\n",
    ],
)
def test_what_could_lead_elsewhere_is_no_id(text: str) -> None:
    assert not is_run_id(text)


def test_phases_are_as_the_history_tells_them() -> None:
    run = make_run()
    assert [phase.name for phase in run.phases] == ["gate", "inject", "recover", "heal", "wait", "judge"]
    assert all(one.to_s == other.from_s for one, other in zip(run.phases, run.phases[1:], strict=False))
    assert run.phases[-1].to_s == run.duration_s
    assert make_run(history=Story().history()).phases == ()


def test_evidence_is_what_was_seen_of_the_faults() -> None:
    assert [event.value["facts"]["pid"] for event in make_run().evidence] == [4242]


BAD = verdict("NothingIsSoldTwice", Outcome.FAIL, "one was")
DIM = verdict("NothingIsSoldTwice", Outcome.UNKNOWN, "nobody looked")


def test_exit_codes() -> None:
    passed, broken, unknown = make_run(), make_run(BAD), make_run(DIM)
    story = Story(event for event in drilled() if event.kind is not Kind.ALERT)
    missed = make_run(history=Story([replace(e, number=n) for n, e in enumerate(story.events)]).history())
    skipped = make_run(skipped="no containers")
    assert exit_code([passed]) is ExitCode.PASS
    assert exit_code([passed, unknown]) is ExitCode.UNKNOWN
    assert exit_code([missed, unknown, passed]) is ExitCode.OBJECTIVE
    assert exit_code([missed, unknown, broken]) is ExitCode.INVARIANT
    assert exit_code([passed, skipped]) is ExitCode.PASS
    assert exit_code([skipped]) is ExitCode.UNKNOWN
    assert exit_code([]) is ExitCode.UNKNOWN
    assert [int(code) for code in ExitCode] == [0, 10, 11, 12, 13]


def test_a_drill_that_did_not_take_its_course_is_no_broken_invariant() -> None:
    course = (verdict("RecoveredWhileTheFaultStood", Outcome.FAIL),)
    for invariant in (verdict("A"), verdict("A", Outcome.UNKNOWN)):
        judgement = Judgement(invariants=(invariant,), course=course)
        assert exit_code([make_run(judgement=judgement)]) is ExitCode.OBJECTIVE
    unseen = Judgement(invariants=(verdict("A"),), course=(verdict("FaultsBit", Outcome.UNKNOWN),))
    assert exit_code([make_run(judgement=unseen)]) is ExitCode.UNKNOWN


def test_the_outcome_of_several_is_the_worst_of_those_that_were_drilled() -> None:
    assert outcome_of([make_run(), make_run(DIM)]) is Outcome.UNKNOWN
    assert outcome_of([make_run(), make_run(DIM, skipped="no containers")]) is Outcome.PASS
    assert outcome_of([]) is Outcome.UNKNOWN


def test_a_control_is_caught_by_the_checker_that_it_names() -> None:
    assert make_run(BAD, control="till_open", must_fail="NothingIsSoldTwice").caught
    assert not make_run(BAD, control="till_open", must_fail="NobodyWaits").caught
    assert not make_run(DIM, control="till_open", must_fail="NothingIsSoldTwice").caught
    course = Judgement(course=(verdict("FaultsBit", Outcome.FAIL),))
    assert not make_run(judgement=course, control="till_open", must_fail="FaultsBit").caught
    assert not make_run(control="till_open", must_fail="NothingIsSoldTwice").caught


def test_the_document_holds_what_a_reader_needs_and_is_json() -> None:
    document = run_document(make_run(BAD, history=drilled(lost=2)))
    assert json.loads(json.dumps(document)) == document
    assert document["outcome"] == "fail"
    assert {"id", "scenario", "environment", "seed", "outcome", "duration_s", "phases", "evidence"} <= set(document)
    assert document["verdicts"][0] == {
        "checker": "NothingIsSoldTwice",
        "outcome": "fail",
        "summary": "one was",
        "events": [],
        "claims": [],
    }
    assert document["measured"]["rpo_s"] == pytest.approx(0.42, abs=0.1)
    assert {"rto_s", "rpo_s", "time_to_alert_s"} <= set(document["measured"])
    assert [lost["identity"] for lost in document["measured"]["lost"]] == ["w0", "w1"]
    assert document["claims"] == {"4.1": "pass", "4.6": "pass"}
    assert document["evidence"][0]["facts"] == {"pid": 4242, "alive": False}
    rto = document["objectives"][0]
    assert (rto["name"], rto["limit_s"], rto["nominal_limit_s"]) == ("rto", 30.0, 300)


def test_a_skipped_run_says_so() -> None:
    assert run_document(make_run(skipped="no containers"))["outcome"] == "skipped"


def test_parts_of_a_verdict_are_kept() -> None:
    whole = verdict("All", parts=(verdict("One"), verdict("Other", Outcome.UNKNOWN)))
    parts = run_document(make_run(whole))["verdicts"][0]["parts"]
    assert [part["checker"] for part in parts] == ["One", "Other"]


def test_claims_are_as_bad_as_the_worst_that_carries_them() -> None:
    history = drilled()
    run = make_run(
        verdict("A", Outcome.UNKNOWN, claims=("4.6",)), judgement=judged(history, replace(BAD, claims=("4.6", "4.2")))
    )
    assert run.judgement.claims == {"4.1": Outcome.PASS, "4.2": Outcome.FAIL, "4.6": Outcome.FAIL}


def test_seeds_are_drawn_within_bounds() -> None:
    assert 0 <= draw_seed() < SEED_MAX


def test_outside_a_repository_the_commit_is_unknown(tmp_path: Path) -> None:
    assert commit_of(tmp_path) == "unknown"
    assert commit_of(tmp_path / "not there") == "unknown"


def test_the_commit_says_whether_the_tree_differs(tmp_path: Path) -> None:
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


def test_every_run_says_on_what_it_was_made() -> None:
    assert {"python", "kernel"} <= set(own_versions())
