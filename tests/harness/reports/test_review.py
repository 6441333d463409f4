"""The review of a drill has the five parts that a playbook asks for, from the run alone, with owners and deadlines."""

from dataclasses import replace
from typing import Any

import pytest

from harness.history import History
from harness.judgement import Judgement
from harness.reports.review import action_items, review
from harness.run import Run
from harness.scenario import Alert, Heal
from harness.verdict import Outcome
from tests.harness.reports.test_coverage import DRILL, STATED
from tests.histories import Story
from tests.runs import drilled, judged, make_run, verdict

SCENARIO = replace(
    DRILL, cause="The owner left.", prevention="Two owners.", alert=Alert(text="Shop closed", within_s=1)
)
BROKEN = verdict("NothingIsSoldTwice", Outcome.FAIL, "one was")
DIM = verdict("NobodyWaits", Outcome.UNKNOWN, "nobody looked")


def told(*, contact: str | None = "the owner", ended: bool = True) -> History:
    """The short drill, with whom its alert was for, what the operator did, and that the alert ended."""
    story = Story(event for event in drilled() if event.action != "Shop closed")
    labels = {"contact": contact} if contact else {}
    story.alert("Another", labels={"contact": "a neighbour"})
    story.alert("Another", status="resolved", labels={"contact": "a neighbour"})
    story.alert("Shop closed", labels=labels)
    story.step("operator", actor="operator", command=["open", "back door"], why="let people in", exit_code=0)
    story.step("unlocked", actor="the lock")
    if ended:
        story.alert("Shop closed", status="resolved", labels=labels)
    return story.history()


def run_of(*invariants: Any, **changes: Any) -> Run:
    return make_run(*invariants, **{"history": told(), **changes})


def part(text: str, heading: str) -> list[str]:
    lines = text.splitlines()
    start = lines.index(heading) + 1
    end = next((number for number in range(start, len(lines)) if lines[number].startswith("#")), len(lines))
    return [line for line in lines[start:end] if line]


def test_the_five_parts_are_there_in_their_order() -> None:
    text = review(run_of(), SCENARIO, operator=("python", "-m", "console"), hazards=STATED.hazards)
    assert [line for line in text.splitlines() if line.startswith("#")] == [
        "# Post-incident review: The shop dies",
        "## Impact",
        "## Timeline",
        "## Root cause",
        "## Resolution",
        "## Prevention",
        "## Action items",
    ]
    assert part(text, "## Root cause") == [
        "The owner left.",
        "* `kill` of `server`, seen from outside: `pid=4242`, `alive=False`",
    ]
    assert "* by itself, the lock: unlocked" in part(text, "## Resolution")
    command = "* `python -m console open 'back door'`, to let people in: exit code 0"
    assert command in part(text, "## Resolution")
    assert part(text, "## Prevention")[0] == "Two owners."
    assert part(text, "## Prevention")[-1] == "| H2 | Sold twice | Counted |"


def test_the_timeline_has_the_hour_and_the_time_since_the_fault() -> None:
    rows = part(review(run_of(), SCENARIO), "## Timeline")[2:]
    assert any(row.endswith("| +0.00 s | **fault**: `kill` of `server` |") for row in rows)
    assert any(row.endswith("| alert: `Shop closed`, for the owner |") for row in rows)
    assert all(row.startswith("| 02:15:3") for row in rows), "the run began at 02:15:30"


def test_the_impact_counts_operations_and_what_was_lost() -> None:
    impact = part(review(run_of(history=drilled(lost=25)), SCENARIO), "## Impact")
    assert impact[0].startswith("* of 20 operations after the fault 20 succeeded, 0 were refused")
    assert any(line.startswith("* recovery time: ") for line in impact)
    assert "* lost, 20 in all:" in impact
    assert impact[-1] == "  * `identity=w19`, `acknowledged_at_s=0.41`"


@pytest.mark.parametrize(
    ("history", "owner"),
    [(told(), "the owner"), (told(contact=None), "a neighbour"), (drilled(), "to be named")],
    ids=["its own alert", "another alert", "no alert says"],
)
def test_whom_the_alert_was_for_owns_what_follows(history: History, owner: str) -> None:
    last = part(review(run_of(history=history), SCENARIO), "## Action items")[-1]
    assert last.endswith(f"| Prevention: Two owners. | {owner} | 2026-12-24 |")


def test_what_did_not_pass_is_an_action_with_its_deadline() -> None:
    rows = part(review(run_of(BROKEN, DIM), SCENARIO), "## Action items")[2:]
    assert rows[0] == "| 1 | Mend `NothingIsSoldTwice`: one was | the owner | 2026-11-27 |"
    assert rows[1] == "| 2 | Find out about `NobodyWaits`: nobody looked | the owner | 2026-12-01 |"
    missed = Story()
    missed.fault()
    history = missed.history()
    items = action_items(run_of(history=history, judgement=judged(history)), SCENARIO)
    assert items[0].what == "Bring recovery time within 30 s: steady state never held again for 0.1 s"
    assert items[0].within_days == 7


def test_an_alert_that_still_stands_is_an_action() -> None:
    items = [item.what for item in action_items(run_of(history=told(ended=False)), SCENARIO)]
    assert items == ["End the alert `Shop closed`, which still stands", "Prevention: Two owners."]


def test_what_a_control_had_to_break_is_nobodys_work() -> None:
    run = run_of(BROKEN, control="till_open", must_fail="NothingIsSoldTwice")
    assert [item.what for item in action_items(run, SCENARIO)] == ["Prevention: Two owners."]
    assert "a negative control: with `till_open` off, `NothingIsSoldTwice` has to fail, and did" in review(
        run, SCENARIO
    )


def test_nothing_to_do_is_said() -> None:
    text = review(run_of(), replace(SCENARIO, prevention="", recovery=Heal()))
    assert part(text, "## Action items") == ["None: nothing was found, and the scenario names no prevention."]
    assert part(text, "## Prevention") == ["The scenario names none."]
    assert part(text, "## Resolution")[0] == "It ended with its fault; nothing else mends it."


def test_a_skipped_run_has_nothing_to_review() -> None:
    run = run_of(skipped="no containers here", judgement=Judgement(), history=History())
    assert review(run, SCENARIO).endswith("It was skipped, so there is nothing to review: no containers here\n")
    assert action_items(run, SCENARIO) == []


def test_a_run_without_a_fault_or_a_time_is_reviewed_all_the_same() -> None:
    run = run_of(history=Story().history(), started_at="yesterday", judgement=Judgement())
    text = review(run, SCENARIO)
    assert part(text, "## Timeline") == ["Nothing was recorded."]
    assert part(text, "## Action items")[-1].endswith("| to be named | within 30 days |")


def test_texts_of_a_run_begin_no_block_of_their_own() -> None:
    hostile = "x\n\n# Owned\n| a | b |\n<script>"
    story = Story(told())
    story.step(hostile, actor=hostile, fact=hostile)
    history = story.history()
    run = run_of(verdict(hostile, Outcome.FAIL, hostile), history=history, settings={hostile: hostile})
    text = review(run, replace(SCENARIO, cause=hostile, title=hostile))
    assert [line for line in text.splitlines() if line.startswith("# ")] == [
        "# Post-incident review: x # Owned | a | b | <script>".replace("# O", "\\# O")
        .replace("|", "\\|")
        .replace("<script>", "\\<script\\>")
    ]
    assert "<script>" not in text.replace("`", "")


def test_a_long_incident_is_cut_and_says_so() -> None:
    story = Story(told())
    for number in range(300):
        story.step(f"beat {number}", actor="the lock")
    rows = part(review(run_of(history=story.history()), SCENARIO), "## Timeline")
    assert len(rows) == 203
    assert rows[-1].startswith("And ")
