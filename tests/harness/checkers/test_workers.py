"""Who was to be killed was killed, by SIGKILL, and replaced; nobody else died. Or nobody died at all."""

import pytest

from harness.checkers import KilledAndReplaced, WorkersLiveOn
from harness.verdict import Outcome
from tests.histories import Story

KILLED = KilledAndReplaced(service="shop", victims="hung")
LIVE_ON = WorkersLiveOn(service="shop")


def look(story: Story, *pids: int, main: int = 1, service: str = "shop") -> None:
    workers = [{"pid": pid, "started_ticks": 10 * pid, "own_pid": pid, "state": "S"} for pid in pids]
    story.probe("workers", service=service, main={"pid": main, "started_ticks": 10 * main}, workers=workers)


def died(story: Story, pid: int, signal: str = "SIGKILL", service: str = "shop") -> None:
    story.probe("log", service=service, pid=pid, signal=signal, says="killed", line=1)


def told(after: tuple[int, ...] = (2, 4, 5), *, victims: tuple[int, ...] = (3,), signal: str = "SIGKILL") -> Story:
    """Workers 2, 3 and 4 before the fault, `after` in the end."""
    story = Story()
    look(story, 2, 3, 4)
    look(story, 7, service="bank")
    story.fault()
    look(story, 2, 3, 4)
    for pid in victims:
        died(story, pid, signal)
    look(story, *after)
    look(story, 7, service="bank")
    story.probe("hung", rows=[{"pid": str(pid), "started_ticks": str(10 * pid)} for pid in victims])
    return story


def test_one_was_killed_and_replaced() -> None:
    verdict = KILLED.check(told().history())
    assert verdict.outcome is Outcome.PASS
    assert verdict.summary == "1 died by SIGKILL and were replaced, the other 2 went on"
    assert KILLED.check(told((4, 5, 6), victims=(2, 3)).history()).outcome is Outcome.PASS


@pytest.mark.parametrize(
    ("story", "said"),
    [
        (told((2, 3, 4)), "still alive: PID 3 (started at tick 30)"),
        (told((2, 4)), "3 processes before, 2 in the end"),
        (told((2, 5, 6)), "died beside them: PID 4"),
        (told(signal="SIGTERM"), "died otherwise: PID 3 by SIGTERM"),
    ],
    ids=["alive", "not replaced", "another died as well", "another signal"],
)
def test_it_was_not_so(story: Story, said: str) -> None:
    verdict = KILLED.check(story.history())
    assert verdict.outcome is Outcome.FAIL
    assert said in verdict.summary


def test_a_service_that_was_started_anew_replaced_nothing() -> None:
    story = told()
    look(story, 2, 4, 5, main=9)
    verdict = KILLED.check(story.history())
    assert verdict.outcome is Outcome.FAIL
    assert "the service itself was started anew" in verdict.summary


def test_a_number_that_was_given_out_again_is_another_process() -> None:
    story = told()
    workers = [{"pid": pid, "started_ticks": 10 * pid, "own_pid": pid, "state": "S"} for pid in (2, 4)]
    again = {"pid": 3, "started_ticks": 9999, "own_pid": 3, "state": "S"}
    story.probe("workers", service="shop", main={"pid": 1, "started_ticks": 10}, workers=[*workers, again])
    assert KILLED.check(story.history()).outcome is Outcome.PASS


def unknown_stories() -> dict[str, Story]:
    without_fault, unseen, unsaid, elsewhere = Story(), told(victims=()), told(), told()
    look(without_fault, 2, 3)
    look(without_fault, 2, 5)
    without_fault.probe("hung", rows=[{"pid": 3, "started_ticks": 30}])
    unseen.probe("hung", rows=[{"pid": 99, "started_ticks": 990}])
    unsaid.events = [event for event in unsaid.events if event.action != "log"]
    elsewhere.events = [event for event in elsewhere.events if event.action != "log"]
    died(elsewhere, 3, service="bank")
    unlisted = Story(event for event in told().events if event.action != "hung")
    return {
        "nothing": Story(),
        "no fault": without_fault,
        "nobody was to be killed": told(victims=()),
        "never seen alive": unseen,
        "the log says nothing": unsaid,
        "the log of another says it": elsewhere,
        "no list of victims": unlisted,
    }


@pytest.mark.parametrize("name", unknown_stories())
def test_what_was_not_seen_is_unknown(name: str) -> None:
    assert KILLED.check(unknown_stories()[name].history()).outcome is Outcome.UNKNOWN


def test_all_live_on() -> None:
    assert LIVE_ON.check(told((2, 3, 4)).history()).outcome is Outcome.PASS
    assert LIVE_ON.check(told((2, 3, 4, 5)).history()).outcome is Outcome.PASS


def test_one_died() -> None:
    verdict = LIVE_ON.check(told().history())
    assert verdict.outcome is Outcome.FAIL
    assert verdict.summary == "1 of 3 died: PID 3 (started at tick 30)"


def test_without_looks_before_and_after_it_is_unknown_who_lives() -> None:
    before_alone, nobody = Story(), Story()
    look(before_alone, 2)
    before_alone.fault()
    look(nobody)
    nobody.fault()
    look(nobody, 2)
    for story in (Story(), before_alone, nobody):
        assert LIVE_ON.check(story.history()).outcome is Outcome.UNKNOWN
