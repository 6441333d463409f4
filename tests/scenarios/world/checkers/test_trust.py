"""Trust falls once and by one tier, a person reviews meanwhile, and what comes back is what was there (H7, H8)."""

from collections.abc import Sequence
from typing import Any

import pytest

from harness.checkers import Checker, judge
from harness.verdict import Outcome
from scenarios.world.checkers import (
    ByThemselvesAgain,
    DowngradedOnce,
    GivesBackNoMore,
    OthersKeepTheirTrust,
    ReviewedByAPerson,
    TrustScoreFell,
)
from tests.histories import Story
from tests.scenarios.world.checkers.drifting import TOO_SHORT_TO_COMPARE_S, fallen, look, operate, send, took_s, trusted

BEGAN = ("recover", "partner", "probation")
DAY_S = 86_400.0
ONCE = DowngradedOnce(partners=("P1", "P3"))
REVIEWED = ReviewedByAPerson(partners=("P1",))
AGAIN = ByThemselvesAgain(partners=("P1",))
NO_MORE = GivesBackNoMore(partners=("P2",), days=7, began=BEGAN)
OTHERS = OthersKeepTheirTrust(partners=("P9",))
FELL = TrustScoreFell(partners=("P1",), under=0.8, window=12)


def said_by(checker: Checker, story: Story) -> tuple[Outcome, str]:
    verdict = judge(checker, story.history())
    assert "the checker itself failed" not in verdict.summary
    return verdict.outcome, verdict.summary


# A downgrade


def lowered(*of_three: int, looks: int = 6, incidents: Sequence[str] = ("i",)) -> Story:
    """P1 goes from 1 to 1; P3 from 3 through these, over so many looks."""
    story = Story()
    look(story, trusted("P1", 1), trusted("P3", 3))
    for number in range(looks):
        ceiling = of_three[min(number, len(of_three) - 1)]
        incident = incidents[min(number, len(incidents) - 1)]
        look(story, fallen("P1", 1, before=1), fallen("P3", ceiling, before=3, incident=incident))
    return story


@pytest.mark.parametrize(
    ("story", "outcome", "words"),
    [
        (lowered(2), Outcome.PASS, "P1 from 1 to 1, P3 from 3 to 2, each once"),
        (lowered(2, 1), Outcome.FAIL, "P3 had tier 3 and went to 2, 1, not 2"),
        (lowered(3), Outcome.FAIL, "P3 had tier 3 and went to 3, not 2"),
        (lowered(2, incidents=("i", "j")), Outcome.FAIL, "P3 had 2 incidents"),
        (lowered(2, looks=4), Outcome.UNKNOWN, "P1 was seen under review 4 times"),
        (Story(), Outcome.UNKNOWN, "never before"),
    ],
)
def test_one_incident_costs_one_tier(story: Story, outcome: Outcome, words: str) -> None:
    seen, summary = said_by(ONCE, story)
    assert seen is outcome
    assert words in summary


# A review


def decided(*to: str, at: str = "2026-11-27T03:00:02.000001", before: str = "RESOLVING", looks: int = 6) -> Story:
    """P1 is under review from 03:00:01.5 to a look later; signals of it are decided."""
    story = Story()
    look(story, trusted("P1", 3))
    for _ in range(looks):
        look(story, fallen("P1", 2, before=3))
    story.probe("rows", rows=[{"intent_id": str(number), "partner": "P1"} for number in range(len(to))])
    steps = [{"intent_id": str(number), "from": before, "to": one, "at": at} for number, one in enumerate(to)]
    story.probe(
        "transitions", transitions=[*steps, {"intent_id": "of another", "from": "RESOLVING", "to": "CONFIRMED"}]
    )
    return story


FIVE = ("PARTIAL", "NEEDS_REVIEW", "PARTIAL", "FAILED", "PARTIAL")


@pytest.mark.parametrize(
    ("story", "outcome", "words"),
    [
        (decided(*FIVE), Outcome.PASS, "5 signals were decided under review, and none went by itself"),
        (decided(*FIVE, "CONFIRMED"), Outcome.FAIL, "1 of 6 went by themselves: 5 of P1"),
        (decided(*FIVE, "CONFIRMED", at="2026-11-27T03:00:00"), Outcome.UNKNOWN, "only 0 signals"),
        (decided(*FIVE, "CONFIRMED", at="2026-11-27T03:00:07"), Outcome.UNKNOWN, "only 0 signals"),
        (decided(*["CONFIRMED"] * 9, before="NEEDS_REVIEW"), Outcome.UNKNOWN, "only 0 signals"),
        (decided("RECEIVED", *FIVE), Outcome.PASS, "5 signals"),
        (decided(*FIVE[:4]), Outcome.UNKNOWN, "only 4 signals"),
        (decided(*FIVE, looks=1), Outcome.UNKNOWN, "P1 was not seen under review"),
        (Story(), Outcome.UNKNOWN, "no snapshot"),
    ],
)
def test_under_review_nothing_goes_by_itself(story: Story, outcome: Outcome, words: str) -> None:
    seen, summary = said_by(REVIEWED, story)
    assert seen is outcome
    assert words in summary


# And after it


def resumed(*to: str, at: str = "2026-11-27T03:00:02.6", ended: bool = True) -> Story:
    """The review of P1 is over at 03:00:02.5; signals of it are decided."""
    story = Story()
    look(story, trusted("P1", 3))
    look(story, fallen("P1", 2, before=3))
    look(story, fallen("P1", 2, before=3, review=0 if ended else 1))
    story.probe("rows", rows=[{"intent_id": str(number), "partner": "P1"} for number in range(len(to))])
    steps = [{"intent_id": str(number), "from": "RESOLVING", "to": one, "at": at} for number, one in enumerate(to)]
    by_a_person = {"intent_id": "0", "from": "NEEDS_REVIEW", "to": "CONFIRMED", "at": at}
    story.probe("transitions", transitions=[*steps, by_a_person])
    return story


@pytest.mark.parametrize(
    ("story", "outcome", "words"),
    [
        (resumed("NEEDS_REVIEW", "CONFIRMED"), Outcome.PASS, "1 of 2 of P1 went by themselves again"),
        (resumed("NEEDS_REVIEW"), Outcome.FAIL, "nothing that P1 sent went by itself again"),
        (resumed("CONFIRMED", at="2026-11-27T03:00:02"), Outcome.UNKNOWN, "nothing was decided about P1"),
        (resumed("CONFIRMED", ended=False), Outcome.UNKNOWN, "was not seen to end"),
        (Story(), Outcome.UNKNOWN, "no snapshot"),
    ],
)
def test_after_the_review_signals_go_by_themselves_again(story: Story, outcome: Outcome, words: str) -> None:
    seen, summary = said_by(AGAIN, story)
    assert seen is outcome
    assert words in summary


# What comes back


def returned(
    *ceilings: int,
    had: int = 2,
    days: float = 7.5,
    began: str = "2026-12-01",
    ended: str = "2026-12-08",
    closed: str = "2026-12-15",
) -> Story:
    """P2's probation begins, so many days pass, and then it is seen with these ceilings."""
    story = Story()
    look(story, trusted("P2", had))
    during = fallen("P2", max(1, had - 1), before=had)
    look(story, during)
    operate(story, *BEGAN)
    look(story, {**during, "probation_at": began})
    over = {"review": 0, "review_ended_at": ended, "closed_at": closed, "ahead_s": days * DAY_S}
    for ceiling in ceilings:
        look(story, {**during, **over, "ceiling": ceiling})
    return story


@pytest.mark.parametrize(
    ("story", "outcome", "words"),
    [
        (returned(2), Outcome.PASS, "P2 to 2, after 7 good days"),
        (returned(1, had=1), Outcome.PASS, "P2 to 1"),
        (returned(2, 2, 3, had=3), Outcome.PASS, "P2 to 3"),
        (returned(2, had=1), Outcome.FAIL, "P2 had tier 1 and was given 2"),
        (returned(2, 3), Outcome.FAIL, "P2 had tier 2 and was given 3"),
        (returned(1), Outcome.FAIL, "P2 had tier 2 and ended with 1"),
        (returned(3, had=3), Outcome.FAIL, "P2 came back to tier 3 at once"),
        (returned(2, days=6.9), Outcome.FAIL, "the review of P2 ended when 6.90 days had passed"),
        (returned(2, began="2026-12-02"), Outcome.FAIL, "P2: from probation_at"),
        (returned(2, 3, had=3, closed="2026-12-09"), Outcome.FAIL, "P2: from review_ended_at"),
        (returned(), Outcome.FAIL, "the review of P2 never ended"),
        (Story(), Outcome.UNKNOWN, "no probation began"),
    ],
)
def test_it_comes_back_after_its_days_and_no_further(story: Story, outcome: Outcome, words: str) -> None:
    seen, summary = said_by(NO_MORE, story)
    assert seen is outcome
    assert words in summary


# Others


def untouched(state: str = "EXECUTED", *, rows: int = 2, then: Any = None) -> Story:
    story = Story()
    look(story, trusted("P9", 3))
    look(story, then or trusted("P9", 3))
    story.probe("rows", rows=[{"identity": f"P9:{number}", "partner": "P9", "state": state} for number in range(rows)])
    return story


@pytest.mark.parametrize(
    ("story", "outcome", "words"),
    [
        (untouched(), Outcome.PASS, "2 signals of 1 partners went by themselves"),
        (untouched("NEEDS_REVIEW"), Outcome.FAIL, "2 of 2 signals did not go by themselves: P9:0 is NEEDS_REVIEW"),
        (untouched(then=trusted("P9", 2)), Outcome.FAIL, "had the tiers 3, 2"),
        (untouched(then=trusted("P9", 3, review=1)), Outcome.FAIL, "was reviewed"),
        (untouched(then=fallen("P9", 3, before=3)), Outcome.FAIL, "P9 had an incident"),
        (untouched(rows=0), Outcome.UNKNOWN, "they sent nothing"),
        (Story(), Outcome.UNKNOWN, "no snapshot"),
    ],
)
def test_who_changed_nothing_keeps_everything(story: Story, outcome: Outcome, words: str) -> None:
    seen, summary = said_by(OTHERS, story)
    assert seen is outcome
    assert words in summary


# The score


def told(score: str, was: str = "0.92", *, late: int = 3, whole: int = 20, partner: str = "P1") -> Story:
    """So many whole tenders and then late ones; and the alert."""
    story = Story()
    for number in range(whole + late):
        send(story, "P1", str(number), late=number >= whole)
    story.alert(f"Partner {partner} trust score: {score} (was {was})")
    send(story, "P1", "much later", late=True)
    return story


@pytest.mark.parametrize(
    ("story", "outcome", "words"),
    [
        (told("0.75"), Outcome.PASS, "P1 0.75 (was 0.92)"),
        (told("0.75", "none"), Outcome.PASS, "(was none)"),
        (told("0.66", whole=6), Outcome.PASS, "P1 0.66"),
        (told("0.80"), Outcome.FAIL, "is no fall under 0.8"),
        (told("0.75", "0.75"), Outcome.FAIL, "is no fall under 0.8"),
        (told("0.25"), Outcome.FAIL, "so many were never whole"),
        (told("0.75", partner="P2"), Outcome.FAIL, "P1 was not told of"),
        (Story(), Outcome.UNKNOWN, "no alert"),
    ],
)
def test_a_score_is_the_share_of_what_was_sent(story: Story, outcome: Outcome, words: str) -> None:
    seen, summary = said_by(FELL, story)
    assert seen is outcome
    assert words in summary


# Long histories


def busy(count: int) -> Story:
    """A drill of so many tenders, and a look for every hundred of them."""
    story = Story()
    look(story, trusted("P1", 3), trusted("P2", 2), trusted("P3", 3), trusted("P9", 3))
    for number in range(count):
        send(story, "P1", str(number), late=number % 2 == 0)
    for _ in range(count // 100):
        look(story, fallen("P1", 2, before=3), fallen("P3", 2, before=3), trusted("P9", 3))
    story.alert("Partner P1 trust score: 0.50 (was 0.92)", received_at_s=story.events[-1].at_s)
    story.probe("rows", rows=[{"intent_id": str(number), "partner": "P1"} for number in range(count)])
    step = {"from": "RESOLVING", "to": "PARTIAL", "at": "2026-11-27T03:00:02"}
    story.probe("transitions", transitions=[{"intent_id": str(number), **step} for number in range(count)])
    return story


@pytest.mark.slow
@pytest.mark.parametrize("checker", [ONCE, REVIEWED, AGAIN, NO_MORE, OTHERS, FELL], ids=lambda checker: checker.name)
def test_a_history_that_is_eight_times_as_long_takes_about_eight_times_as_long(checker: Checker) -> None:
    """A quadratic one would take 64 times as long; the limit of 24 leaves room for a noisy machine."""
    short, long = (busy(count).history() for count in (4_000, 32_000))
    assert took_s(checker, long) < 24 * max(took_s(checker, short), TOO_SHORT_TO_COMPARE_S)
