"""Clients were served all along: from the fault until all was well again, whoever asks and however it failed."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.checkers import StaysAvailable
from harness.history import Kind
from harness.verdict import Outcome
from tests.histories import Story

AVAILABLE = StaysAvailable(action="write", ratio=0.9, operations_at_least=10)


def incident(ok: int, failed: int = 0, *, kind: Kind = Kind.INFO, status: int | None = 500) -> Story:
    """What was served before, in, and after an incident; outside it everything fails."""
    story = Story()
    for number in range(30):
        story.write(f"before {number}", kind=Kind.INFO, status=500)
    story.fault()
    for number in range(ok):
        story.write(f"ok {number}", status=202)
    for number in range(failed):
        story.write(f"failed {number}", kind=kind, status=status)
    story.step("steady_again", held=True)
    for number in range(30):
        story.write(f"after {number}", kind=Kind.INFO, status=500)
    return story


def test_nearly_all_were_served() -> None:
    verdict = AVAILABLE.check(incident(19, 1).history())
    assert verdict.outcome is Outcome.PASS
    assert verdict.summary == "19 of 20 served (95.0%); the others: 1 times 500"
    assert AVAILABLE.check(incident(20).history()).summary == "20 of 20 served (100.0%)"


@pytest.mark.parametrize(
    ("kind", "status", "said"), [(Kind.INFO, 500, "500"), (Kind.FAIL, 429, "429"), (Kind.INFO, None, "None")]
)
def test_too_many_were_not(kind: Kind, status: int | None, said: str) -> None:
    verdict = AVAILABLE.check(incident(8, 2, kind=kind, status=status).history())
    assert verdict.outcome is Outcome.FAIL
    assert verdict.summary == f"8 of 10 served (80.0%), 90.0% wanted; the others: 2 times {said}"
    assert len(verdict.evidence) == 3


def test_one_that_never_ended_was_not_served() -> None:
    story = Story()
    story.fault()
    for number in range(8):
        story.write(f"ok {number}")
    for number in range(4):
        story.begin(f"hangs {number}")
    verdict = AVAILABLE.check(story.history())
    assert verdict.outcome is Outcome.FAIL
    assert verdict.summary.endswith("the others: 4 times never ended")


def test_without_a_fault_or_enough_operations_nothing_is_known() -> None:
    story = Story()
    for number in range(30):
        story.write(str(number))
    assert AVAILABLE.check(story.history()).outcome is Outcome.UNKNOWN
    few = AVAILABLE.check(incident(9).history())
    assert (few.outcome, few.summary) == (Outcome.UNKNOWN, "9 operations in the incident, 10 wanted")


def test_an_incident_that_never_ended_lasts_to_the_end() -> None:
    story = incident(20)
    assert AVAILABLE.check(story.history()).outcome is Outcome.PASS
    (end,) = (number for number, event in enumerate(story.events) if event.action == "steady_again")
    story.events[end] = replace(story.events[end], value={"held": False})
    assert AVAILABLE.check(story.history()).outcome is Outcome.FAIL


def test_it_may_be_asked_of_some_clients_alone() -> None:
    story = Story()
    story.fault()
    for number in range(12):
        story.write(str(number), actor="client one")
        story.write(str(number), actor="client two", kind=Kind.FAIL, status=429)
    one = StaysAvailable(action="write", actor="client one", operations_at_least=10)
    two = StaysAvailable(action="write", actor="client two", operations_at_least=10)
    assert one.check(story.history()).outcome is Outcome.PASS
    assert two.check(story.history()).outcome is Outcome.FAIL


@given(st.integers(0, 40), st.integers(0, 40))
def test_it_is_the_share_that_counts(ok: int, failed: int) -> None:
    outcome = AVAILABLE.check(incident(ok, failed).history()).outcome
    if ok + failed < 10:
        assert outcome is Outcome.UNKNOWN
    else:
        assert outcome is (Outcome.PASS if ok >= 0.9 * (ok + failed) else Outcome.FAIL)
