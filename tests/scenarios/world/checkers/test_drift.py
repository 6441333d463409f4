"""What is missing is PARTIAL and no guess, named by the analysis, asked for by its name, and on each partner's card."""

from collections.abc import Sequence
from typing import Any

import pytest

from harness.checkers import Checker, judge
from harness.history import Event
from harness.verdict import Outcome
from scenarios.world.checkers import AnalysisNamesTheField, AskedForTheField, MissingMakesPartial, ScorecardForEach
from tests.histories import Story
from tests.scenarios.world.checkers.drifting import LATE, TOO_SHORT_TO_COMPARE_S, WHOLE, operate, send, took_s

PARTIAL = MissingMakesPartial()
ANALYSIS = AnalysisNamesTheField(command=("partners", "analyze", "P1"), partner="P1", field="pickup_time")
ASKED = AskedForTheField(partners=("P1", "P2"), field="pickup_time")
CARDS = ScorecardForEach(partners=("P1", "P2"), command=("partners", "scorecard"))


def said_by(checker: Checker, story: Story) -> tuple[Outcome, str]:
    verdict = judge(checker, story.history())
    assert "the checker itself failed" not in verdict.summary
    return verdict.outcome, verdict.summary


# PARTIAL and no guess


def resolved(*extra: tuple[bool, str, Any], late: int = 5) -> Story:
    """So many late tenders that became PARTIAL, a whole one that was confirmed, and more: late, became, says."""
    story = Story()
    cases: list[tuple[bool, str, Any]] = [(True, "PARTIAL", None)] * late + [(False, "CONFIRMED", "T08"), *extra]
    rows, steps = [], []
    for number, (is_late, became, pickup) in enumerate(cases):
        send(story, "P1", str(number), late=is_late)
        content = {**(LATE if is_late else WHOLE), "pickup_at": pickup}
        row = {"identity": f"P1:{number}:original:1", "intent_id": str(number), "state": became, "content": content}
        rows.append(row)
        steps.append({"intent_id": str(number), "from": None, "to": "RECEIVED"})
        steps.append({"intent_id": str(number), "from": "RECEIVED", "to": "RESOLVING"})
        steps.append({"intent_id": str(number), "from": "RESOLVING", "to": became})
    story.probe("rows", rows=rows)
    story.probe("transitions", transitions=steps)
    return story


@pytest.mark.parametrize(
    ("story", "outcome", "words"),
    [
        (resolved(), Outcome.PASS, "5 tenders lacked something: each PARTIAL, and none guessed at"),
        (resolved((True, "FAILED", None)), Outcome.FAIL, "P1:6:original:1 lacks pickup_at and became FAILED"),
        (resolved((True, "CONFIRMED", "T08")), Outcome.FAIL, "lacks pickup_at and became CONFIRMED"),
        (resolved((True, "NEEDS_REVIEW", None)), Outcome.FAIL, "lacks pickup_at and became NEEDS_REVIEW"),
        (resolved((False, "PARTIAL", "T08")), Outcome.FAIL, "P1:6:original:1 lacks nothing and became PARTIAL"),
        (resolved((True, "PARTIAL", "T08")), Outcome.FAIL, "P1:6:original:1 says pickup_at T08"),
        (resolved((True, "RECEIVED", None)), Outcome.PASS, "5 tenders"),
        (resolved(late=4), Outcome.UNKNOWN, "only 4 tenders lacked something"),
        (Story(), Outcome.UNKNOWN, "no snapshot"),
    ],
)
def test_what_lacks_something_is_partial(story: Story, outcome: Outcome, words: str) -> None:
    seen, summary = said_by(PARTIAL, story)
    assert seen is outcome
    assert words in summary


def test_what_a_person_has_completed_is_no_guess() -> None:
    story = resolved((True, "PARTIAL", "T08"))
    row = story.events[-2].value["rows"][-1]
    row["state"] = "EXECUTED"
    assert said_by(PARTIAL, story)[0] is Outcome.PASS


# The analysis


def analyzed(document: Any, *, late: int = 17, whole: int = 3, before: int = 40) -> Story:
    """So many whole tenders at first, and then so many of each."""
    story = Story()
    for number in range(before):
        send(story, "P1", f"b{number}")
    for number in range(late + whole):
        send(story, "P1", str(number), late=number < late)
        send(story, "P2", str(number))
    operate(story, "partners", "analyze", "P1", document=document)
    send(story, "P1", "after", late=True)
    return story


def named(percent: int, field: str = "pickup_time", words: str | None = None) -> dict[str, Any]:
    said = words or f"Missing field '{field}' in {percent}% of signals"
    return {"signals": 20, "missing": [{"field": field, "percent": percent}], "said": [said]}


@pytest.mark.parametrize(
    ("story", "outcome", "words"),
    [
        (analyzed(named(85)), Outcome.PASS, "Missing field 'pickup_time' in 85% of signals"),
        (analyzed(named(80)), Outcome.PASS, "80%"),
        (analyzed(named(60), before=0), Outcome.FAIL, "it said 60%, and the partner left it out of 85%"),
        (analyzed(named(100)), Outcome.FAIL, "it said 100%"),
        (analyzed(named(85, "weight")), Outcome.FAIL, "not \"Missing field 'pickup_time'"),
        (analyzed(named(85, words="Something is missing")), Outcome.FAIL, "it said Something is missing"),
        (analyzed({"signals": 20, "missing": [], "said": ["No field is missing"]}), Outcome.FAIL, "named no field"),
        (analyzed(None), Outcome.FAIL, "named no field"),
        (analyzed(named(85), late=9, before=0), Outcome.FAIL, "it counted 20 signals, and P1 had sent 12"),
        (Story(), Outcome.UNKNOWN, "nobody analyzed"),
    ],
)
def test_the_analysis_says_what_the_partner_left_out(story: Story, outcome: Outcome, words: str) -> None:
    seen, summary = said_by(ANALYSIS, story)
    assert seen is outcome
    assert words in summary


# The notice


def asked(*notices: tuple[str, str, str], early: bool = False, fault: bool = True) -> Story:
    """Notices as (partner, field, message), after the fault or before it."""
    story = Story()
    if fault and not early:
        story.fault("format_change")
    for partner, field, message in notices:
        fields = [{"field": field, "segment": "G62"}]
        story.step("notice", actor="inbox", kind="missing_fields", partner=partner, fields=fields, message=message)
    if fault and early:
        story.fault("format_change")
    return story


BOTH = [(partner, "pickup_time", "missing the pickup time.") for partner in ("P1", "P2")]


@pytest.mark.parametrize(
    ("story", "outcome", "words"),
    [
        (asked(*BOTH), Outcome.PASS, "2 partners were asked for the pickup time"),
        (asked(BOTH[0]), Outcome.FAIL, "not asked for the pickup time: P2"),
        (asked(*BOTH, early=True), Outcome.FAIL, "not asked for the pickup time: P1, P2"),
        (asked(BOTH[0], ("P2", "weight", "missing the weight")), Outcome.FAIL, "P2"),
        (asked(BOTH[0], ("P2", "pickup_time", "something is wrong")), Outcome.FAIL, "P2"),
        (asked(fault=False), Outcome.UNKNOWN, "no fault"),
    ],
)
def test_each_is_asked_for_the_field_by_its_name(story: Story, outcome: Outcome, words: str) -> None:
    seen, summary = said_by(ASKED, story)
    assert seen is outcome
    assert words in summary


# The cards


def card(story: Story, partner: str, signals: int, incomplete: int = 0, week: str = "2026-W49") -> Event:
    scorecard = {"signals": signals, "incomplete": incomplete}
    return story.step("notice", actor="inbox", kind="weekly_scorecard", partner=partner, week=week, scorecard=scorecard)


def cards(*sent: tuple[str, int, int], shown: Sequence[str] = ("P1", "P2"), weeks: Sequence[str] = ()) -> Story:
    """P1 sent two whole tenders and two late ones, P2 one; cards as (partner, signals, incomplete)."""
    story = Story()
    for number in range(4):
        send(story, "P1", str(number), late=number % 2 == 0)
    send(story, "P2", "0")
    for number, one in enumerate(sent):
        card(story, *one, week=weeks[number] if weeks else "2026-W49")
    operate(story, "partners", "scorecard", document={"scorecards": [{"partner": partner} for partner in shown]})
    return story


RIGHT = [("P1", 4, 2), ("P2", 1, 0)]


@pytest.mark.parametrize(
    ("story", "outcome", "words"),
    [
        (cards(*RIGHT), Outcome.PASS, "2 cards to 2 partners"),
        (cards(("P1", 3, 1), *RIGHT[1:], ("P1", 1, 1), weeks=["1", "1", "2"]), Outcome.PASS, "3 cards to 2 partners"),
        (cards(*RIGHT, RIGHT[0]), Outcome.FAIL, "P1 was sent 2 cards of 2026-W49"),
        (cards(RIGHT[0]), Outcome.FAIL, "P2 was sent 0 cards and is shown"),
        (cards(*RIGHT, shown=["P1"]), Outcome.FAIL, "P2 was sent 1 cards and is not shown"),
        (cards(("P1", 5, 2), RIGHT[1]), Outcome.FAIL, "count 5 signals and 2 incomplete, and it sent 4 and 2"),
        (cards(("P1", 4, 3), RIGHT[1]), Outcome.FAIL, "3 incomplete"),
        (cards(("P1", 0, 0), RIGHT[1]), Outcome.FAIL, "count 0 signals"),
        (cards(), Outcome.UNKNOWN, "no scorecard"),
        (Story(), Outcome.UNKNOWN, "no scorecard"),
    ],
)
def test_each_has_its_card(story: Story, outcome: Outcome, words: str) -> None:
    seen, summary = said_by(CARDS, story)
    assert seen is outcome
    assert words in summary


# Long histories


def busy(count: int) -> Story:
    """A drill of so many tenders, half of them late."""
    story = Story()
    story.fault("format_change")
    for number in range(count):
        send(story, "P1", str(number), late=number % 2 == 0)
    send(story, "P2", "0")
    operate(story, "partners", "analyze", "P1", document=named(50))
    for partner in ("P1", "P2"):
        card(story, partner, 1)
        story.step("notice", kind="missing_fields", partner=partner, fields=[], message="")
    operate(story, "partners", "scorecard", document={"scorecards": [{"partner": "P1"}, {"partner": "P2"}]})
    rows = [
        {"identity": f"P1:{number}:original:1", "intent_id": str(number), "state": "PARTIAL", "content": LATE}
        for number in range(count)
    ]
    story.probe("rows", rows=rows)
    steps = [{"intent_id": str(number), "from": "RESOLVING", "to": "PARTIAL"} for number in range(count)]
    story.probe("transitions", transitions=steps)
    return story


@pytest.mark.slow
@pytest.mark.parametrize("checker", [PARTIAL, ANALYSIS, ASKED, CARDS], ids=lambda checker: checker.name)
def test_a_history_that_is_eight_times_as_long_takes_about_eight_times_as_long(checker: Checker) -> None:
    """A quadratic one would take 64 times as long; the limit of 24 leaves room for a noisy machine."""
    short, long = (busy(count).history() for count in (4_000, 32_000))
    assert took_s(checker, long) < 24 * max(took_s(checker, short), TOO_SHORT_TO_COMPARE_S)
