"""The moments of a run: those that matter, when they happened, in words, and nothing in them taken for markup."""

import pytest

from harness.history import Kind
from harness.reports.timeline import contact_of, facts_of, moments_of
from tests.histories import Story


def said(story: Story) -> list[str]:
    return [moment.what for moment in moments_of(story.history())]


def test_the_course_of_an_incident_in_words() -> None:
    story = Story()
    story.step("phase", phase="gate")
    story.step("gate", held=True, readings=[])
    story.step("baseline", latency=0.1)
    story.fault("withhold", main=False)
    story.fault("kill")
    story.step("evidence", of="kill", target="server", proof=True, facts={"pid": 7, "nested": {"a": 1}})
    story.step("symptom", text="nobody can buy", seen=True)
    story.alert("Shop closed", labels={"contact": "the owner"})
    story.step("promoted", actor="cluster", service="other", number=3)
    story.step("wait", what="the other is open", held=True)
    story.step("operator", actor="operator", command=["open", "back door"], exit_code=0)
    story.alert("Shop closed", status="resolved", labels={})
    story.heal("kill")
    story.step("recovered", held=True)
    story.step("steady_again", held=True)
    story.step("settled", held=True)
    story.step("replay", actor="replay", trace="t1", outcome="pass")
    assert said(story) == [
        "steady state held",
        "held beforehand: `withhold` of `server`",
        "**fault**: `kill` of `server`",
        "`kill` of `server` was seen to bite: `pid=7`",
        "users saw: nobody can buy",
        "alert: `Shop closed`, for the owner",
        "cluster: promoted (`service=other`)",
        "seen: the other is open",
        "operator: `open 'back door'` ended with 0",
        "alert resolved: `Shop closed`",
        "undone: `kill` of `server`",
        "recovered while the fault stood",
        "steady state again",
        "all work was finished",
        "a trace was replayed, as before",
    ]


def test_what_did_not_come_says_so_with_what_was_seen() -> None:
    story = Story()
    story.step("gate", held=False, readings=["success ratio: wanted at least 1, saw 0"])
    story.step("evidence", of="kill", target="server", proof=False, facts={})
    story.step("symptom", text="nobody can buy", seen=False)
    story.step("wait", what="the door", held=False, readings=["door: wanted 1"])
    story.step("stopped", reason="too little traffic")
    story.step("heal failed", of="kill", target="server", error="no such process")
    story.step("replay", actor="replay", trace="t1", outcome="broken")
    assert said(story) == [
        "steady state did not hold: success ratio: wanted at least 1, saw 0",
        "`kill` of `server` was NOT seen to bite",
        "nobody saw: nobody can buy",
        "waited in vain: the door: door: wanted 1",
        "the drill was given up: too little traffic",
        "`kill` of `server` could NOT be undone: no such process",
        "a trace was replayed, and is broken",
    ]


def test_a_moment_stands_at_its_own_time() -> None:
    story = Story()
    story.fault("kill", at_s=1.0)
    story.alert("late", at_s=5.0, received_at_s=2.0)
    story.step("promoted", actor="cluster", told_at_s=6.0, at_s=1.5)
    story.step("odd", actor="cluster", told_at_s=7.0, at_s="soon")
    moments = moments_of(story.history())
    assert [moment.at_s for moment in moments] == [1.0, 1.5, 2.0, 7.0]


def test_the_same_in_a_row_is_one_moment() -> None:
    story = Story()
    for number in range(3):
        story.step("replay", actor="replay", trace=f"t{number}", outcome="pass", told_at_s=1.0 + number)
    (moment,) = moments_of(story.history())
    assert (moment.times, moment.at_s, moment.until_s) == (3, 1.0, 3.0)


@pytest.mark.parametrize(
    ("failed", "expected"),
    [
        (0, []),
        (1, ["the only operation that did not succeed: `write`, status 503"]),
        (
            3,
            [
                "the first operation that did not succeed: `write`, status 503",
                "the last operation that did not succeed: `write`, status 503",
            ],
        ),
    ],
)
def test_operations_are_told_by_the_first_and_the_last_that_failed(failed: int, expected: list[str]) -> None:
    story = Story()
    story.write("before", kind=Kind.FAIL, status=400)
    story.fault()
    for number in range(failed):
        story.write(f"w{number}", kind=Kind.INFO, status=503)
    story.write("after")
    assert said(story) == ["**fault**: `kill` of `server`", *expected]


def test_without_a_fault_no_operation_is_told() -> None:
    story = Story()
    story.write("one", kind=Kind.INFO, status=503)
    assert said(story) == []


def test_texts_of_a_run_are_no_markup_and_long_ones_stay_away() -> None:
    story = Story()
    story.alert("<b>x</b> `y` | z\nw", labels={"contact": "*root*"})
    story.step("**bold**", actor="a_b", fact="`", long="x" * 201)
    assert said(story) == [
        "alert: <code>&#60;b&#62;x&#60;&#47;b&#62; &#96;y&#96; &#124; z w</code>, for \\*root\\*",
        "a_b: \\*\\*bold\\*\\* (`fact=` ``)".replace("`fact=` ``", "`` fact=` ``"),
    ]


def test_only_a_few_facts_are_shown() -> None:
    assert facts_of({str(number): number for number in range(8)}).endswith("`5=5`, ...")
    assert facts_of({}) == ""


@pytest.mark.parametrize("labels", [{}, {"contact": ""}, None, "contact"])
def test_an_alert_may_be_for_nobody(labels: object) -> None:
    assert contact_of(Story().alert("x", labels=labels)) is None
