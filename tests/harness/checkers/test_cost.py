"""A flood that is refused moves next to nothing behind the door and takes no memory."""

import pytest

from harness.checkers import MemoryStaysFlat, StoppedAtTheDoor, judge
from harness.verdict import Outcome, Verdict
from tests.histories import Story

DOOR = StoppedAtTheDoor(flood="flood link", behind="database link", work="write")
MEMORY = MemoryStaysFlat(probe="memory")
MB = 1_048_576


def flooded(
    *, flood: int = 1_000_000, behind: int = 30_000, work: int = 30, before: int = 30, looks: int = 3
) -> Verdict:
    """Ordinary work moves a thousand bytes an operation behind the door; `behind` is what moved during the flood."""
    story = Story()
    for number in range(3):
        story.probe("database link", upstream_passed=5_000 + number * before * 500)
        for _ in range(before // 2 if number < 2 else 0):
            story.write("a")
    story.fault("flood")
    at = 5_000 + 2 * before * 500
    for number in range(looks):
        share = number / max(1, looks - 1)
        story.probe("flood link", upstream_passed=int(flood * share))
        story.probe("database link", upstream_passed=at + int(behind * share))
        for _ in range(work // 2 if number < looks - 1 else 0):
            story.write("a")
    story.heal("flood")
    story.probe("database link", upstream_passed=10**9)
    return judge(DOOR, story.history())


def test_ordinary_work_has_its_price_and_the_flood_none() -> None:
    verdict = flooded()
    assert (verdict.outcome, verdict.summary) == (
        Outcome.PASS,
        "0.0 kB behind the door for 1000 kB before it",
    )


@pytest.mark.parametrize(("behind", "outcome"), [(129_000, Outcome.PASS), (131_000, Outcome.FAIL)])
def test_a_tenth_of_the_flood_behind_the_door_is_too_much(behind: int, outcome: Outcome) -> None:
    assert flooded(behind=behind).outcome is outcome


def test_less_work_than_before_explains_less() -> None:
    assert flooded(behind=130_000, work=28).outcome is Outcome.FAIL


@pytest.mark.parametrize(
    "changes", [{"flood": 50_000}, {"before": 0}, {"looks": 1}, {"looks": 0}], ids=["drizzle", "no work", "1", "0"]
)
def test_too_little_to_tell_is_unknown(changes: dict[str, int]) -> None:
    assert flooded(**changes).outcome is Outcome.UNKNOWN


def test_without_a_fault_nothing_is_known() -> None:
    story = Story()
    for number in range(9):
        story.probe("database link", upstream_passed=number)
        story.probe("memory", resident_bytes=number, pid=1)
    assert judge(DOOR, story.history()).outcome is Outcome.UNKNOWN
    assert judge(MEMORY, story.history()).outcome is Outcome.UNKNOWN


def remembered(*, before: tuple[int, ...], during: tuple[int, ...], pids: tuple[int, int] = (1, 1)) -> Verdict:
    story = Story()
    for held in before:
        story.probe("memory", resident_bytes=held * MB, pid=pids[0])
    story.fault("flood")
    for held in during:
        story.probe("memory", resident_bytes=held * MB, pid=pids[1])
    story.heal("flood")
    story.probe("memory", resident_bytes=999 * MB, pid=1)
    return judge(MEMORY, story.history())


def test_memory_that_stays_about_the_same_is_flat() -> None:
    verdict = remembered(before=(80, 90, 100), during=(95, 110, 98))
    assert verdict.outcome is Outcome.PASS
    assert verdict.summary == "100.0 MB before, +10.00 MB at most while it stood"


def test_memory_that_grows_is_not_although_it_is_given_back() -> None:
    assert remembered(before=(80, 90, 100), during=(95, 111, 98)).outcome is Outcome.FAIL


def test_another_process_or_too_few_looks_tell_nothing() -> None:
    assert remembered(before=(80, 90, 100), during=(80, 90, 100), pids=(1, 2)).outcome is Outcome.UNKNOWN
    assert remembered(before=(80, 90), during=(80, 90, 100)).outcome is Outcome.UNKNOWN
    assert remembered(before=(80, 90, 100), during=(80, 90)).outcome is Outcome.UNKNOWN
