"""The alert that the playbook names came in, after the fault, for the people whom it names."""

from typing import Any

import pytest

from harness.checkers import AlertSaid, AlertsToldOnce, EachIsTold
from harness.verdict import Outcome
from tests.histories import Story

LOST = "connection lost"


def alerted(text: str = LOST, **value: Any) -> Story:
    story = Story()
    story.fault(at_s=1.0)
    story.alert(text, labels={"contact": "people on call"}, **value)
    return story


def test_the_alert_came_to_the_right_people() -> None:
    verdict = AlertSaid(text=LOST, contact="people on call").check(alerted().history())
    assert verdict.outcome is Outcome.PASS
    assert verdict.evidence == (1,)
    assert AlertSaid(text=LOST).check(alerted().history()).outcome is Outcome.PASS


@pytest.mark.parametrize(
    ("story", "said"),
    [
        (alerted("connection lost?"), "the alerts were: connection lost?"),
        (alerted(status="resolved"), "the alerts were: none"),
        (alerted(received_at_s=0.9), "the alerts were: none"),
    ],
    ids=["other words", "resolved", "from before the fault"],
)
def test_the_alert_never_came(story: Story, said: str) -> None:
    verdict = AlertSaid(text=LOST).check(story.history())
    assert verdict.outcome is Outcome.FAIL
    assert said in verdict.summary


def test_the_alert_was_for_somebody_else() -> None:
    verdict = AlertSaid(text=LOST, contact="the lead").check(alerted().history())
    assert verdict.outcome is Outcome.FAIL
    assert "for people on call, not for the lead" in verdict.summary


def test_without_a_fault_nothing_is_known() -> None:
    story = Story()
    story.alert(LOST)
    assert AlertSaid(text=LOST).check(story.history()).outcome is Outcome.UNKNOWN


def test_what_nobody_could_know_before_may_stand_in_the_words() -> None:
    history = alerted("stuck: 7f3e").history()
    assert AlertSaid(text="stuck: *").check(history).outcome is Outcome.PASS
    assert AlertSaid(text="stuck (.*)").check(history).outcome is Outcome.FAIL
    assert AlertSaid(text="stuck: 7f3e*").check(history).outcome is Outcome.FAIL


def course(*told: tuple[str, str]) -> Story:
    """Alerts by the id in their words and labels, and their status."""
    story = Story()
    for one, status in told:
        story.alert(f"stuck: {one}", status=status, labels={"id": one})
    return story


FIRING, RESOLVED = "firing", "resolved"


@pytest.mark.parametrize(
    ("story", "ended", "outcome"),
    [
        (course(("a", FIRING), ("b", FIRING), ("a", RESOLVED), ("b", RESOLVED)), True, Outcome.PASS),
        (course(("a", FIRING)), False, Outcome.PASS),
        (course(("a", FIRING)), True, Outcome.FAIL),
        (course(("a", FIRING), ("a", FIRING), ("a", RESOLVED)), True, Outcome.FAIL),
        (course(("a", FIRING), ("a", RESOLVED), ("a", FIRING), ("a", RESOLVED)), True, Outcome.FAIL),
        (course(("a", FIRING), ("a", RESOLVED), ("a", RESOLVED)), False, Outcome.FAIL),
        (course(("a", RESOLVED), ("a", FIRING)), True, Outcome.FAIL),
        (course(), True, Outcome.UNKNOWN),
        (alerted(), True, Outcome.UNKNOWN),
    ],
)
def test_each_alert_is_told_once_and_its_end_once(story: Story, ended: bool, outcome: Outcome) -> None:
    assert AlertsToldOnce(text="stuck: *", ended=ended).check(story.history()).outcome is outcome


def test_what_is_first_told_during_the_replay_is_of_a_trace() -> None:
    story = course(("a", FIRING), ("a", RESOLVED))
    story.step("phase", phase="replay")
    story.alert("stuck: t", labels={"id": "t"})
    assert AlertsToldOnce(text="stuck: *").check(story.history()).outcome is Outcome.PASS
    alone = Story()
    alone.step("phase", phase="replay")
    alone.alert("stuck: t", labels={"id": "t"})
    assert AlertsToldOnce(text="stuck: *").check(alone.history()).outcome is Outcome.UNKNOWN


EACH = EachIsTold(text="stuck: *", snapshot="hung", key="id")


def hung(story: Story, *ids: object) -> Story:
    story.probe("hung", rows=[{"id": one} for one in ids])
    return story


def test_each_that_hung_was_told_by_its_id() -> None:
    verdict = EACH.check(hung(course(("7", FIRING), ("8", FIRING), ("9", FIRING)), 7, "8").history())
    assert verdict.outcome is Outcome.PASS
    assert verdict.summary == "each of 2 was told"


@pytest.mark.parametrize(
    "story", [course(("a", FIRING)), course(("a", FIRING), ("b", RESOLVED)), course(("a", FIRING), ("bb", FIRING))]
)
def test_one_that_hung_was_told_to_nobody(story: Story) -> None:
    verdict = EACH.check(hung(story, "a", "b").history())
    assert verdict.outcome is Outcome.FAIL
    assert verdict.summary == "1 of 2 were told to nobody: stuck: b"


@pytest.mark.parametrize("story", [course(("a", FIRING)), hung(course(("a", FIRING)))], ids=["no list", "an empty one"])
def test_where_nothing_hung_there_was_nothing_to_tell(story: Story) -> None:
    assert EACH.check(story.history()).outcome is Outcome.UNKNOWN
