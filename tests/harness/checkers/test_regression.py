"""A change was stopped, shown, found and decided on; each of these can fail, and each can be unknown."""

from collections.abc import Callable

import pytest

from harness.checkers import (
    BaselineRenewed,
    ChangeIsStopped,
    Checker,
    CommitIsNamed,
    DecisionPassesTheGate,
    OldBesideNew,
    OutageIsNoBaseline,
)
from harness.history import Kind
from harness.verdict import Outcome
from tests.harness.regressions import (
    DECISION,
    FACTS,
    change,
    compared,
    decided,
    gate,
    outage,
    refreshed,
    searched,
    stopped,
    typed,
)
from tests.histories import Story

STOPPED = ChangeIsStopped(message="mismatch")
NAMED = CommitIsNamed()
SHOWN = OldBesideNew()
STAYS = DecisionPassesTheGate(path="shop.py", change_stays=True, decided="decided")
GOES = DecisionPassesTheGate(path="shop.py", change_stays=False, decided="decided")
RENEWED = BaselineRenewed()
OUTAGE = OutageIsNoBaseline(fault="shadow", clone="after_outage")

Telling = Callable[[Story], object]


def told(*parts: Telling) -> Story:
    story = Story()
    for part in parts:
        part(story)
    return story


def passes_the_change(story: Story) -> None:
    gate(story, FACTS["before"])
    change(story)
    gate(story, FACTS["head"])


def stops_it_for_another_reason(story: Story) -> None:
    gate(story, FACTS["before"])
    change(story)
    gate(story, FACTS["head"], Kind.FAIL, message="drills failed")


def stopped_before_it_began(story: Story) -> None:
    gate(story, FACTS["before"], Kind.FAIL, message="mismatch")
    change(story)
    gate(story, FACTS["head"], Kind.FAIL, message="mismatch", causes=[])


@pytest.mark.parametrize(
    ("checker", "parts", "outcome", "said"),
    [
        (STOPPED, [stopped], "pass", "mismatch: price"),
        (STOPPED, [passes_the_change], "fail", "not stopped with 'mismatch': exit code 0"),
        (STOPPED, [stops_it_for_another_reason], "fail", "exit code 10"),
        (STOPPED, [stopped, lambda story: gate(story, FACTS["head"])], "fail", "0, 10"),
        (STOPPED, [stopped_before_it_began], "unknown", "did not pass what was there before"),
        (STOPPED, [change], "unknown", "said nothing of the change"),
        (STOPPED, [lambda story: change(story, proof=False)], "unknown", "said nothing"),
        (
            NAMED,
            [stopped, lambda story: searched(story, FACTS["commit"])],
            "pass",
            "dddddddddddd dearer, after 3 replays",
        ),
        (NAMED, [stopped, lambda story: searched(story, "f" * 40)], "fail", "the search named ffff"),
        (NAMED, [stopped, lambda story: searched(story, FACTS["commit"], "f" * 40)], "fail", "the search named dddd"),
        (NAMED, [stopped, searched], "fail", "the search named none"),
        (NAMED, [stopped, lambda story: typed(story, "harness", "trace", "bisect", exit_code=13)], "fail", "none"),
        (NAMED, [stopped], "unknown", "nobody searched"),
        (SHOWN, [stopped, compared], "pass", "price: was 1, now 2"),
        (SHOWN, [stopped, lambda story: compared(story, ())], "fail", "no difference was shown; the outcome was pass"),
        (SHOWN, [stopped, lambda story: compared(story, before="f" * 40)], "fail", "beside"),
        (SHOWN, [stopped], "unknown", "nobody compared"),
        (STAYS, [stopped, decided], "pass", "passed with shop.py as changed"),
        (STAYS, [stopped, lambda story: decided(story, stays=False)], "fail", "no longer holds the change"),
        (STAYS, [stopped, lambda story: decided(story, Kind.FAIL)], "fail", "does not pass what was decided on"),
        (STAYS, [stopped, lambda story: decided(story, uncommitted=(" M a",))], "fail", "not committed:  M a"),
        (STAYS, [stopped, lambda story: decided(story, Kind.INFO)], "unknown", "said nothing of the decision"),
        (STAYS, [stopped, lambda story: gate(story, DECISION)], "unknown", "nobody looked"),
        (GOES, [stopped, lambda story: decided(story, stays=False)], "pass", "passed with shop.py as it was"),
        (GOES, [stopped, decided], "fail", "still holds the change"),
        (GOES, [stopped], "unknown", "nobody looked"),
        (RENEWED, [lambda story: refreshed(story, "one")], "pass", "one, by A. Developer: as it should be"),
        (RENEWED, [refreshed], "fail", "no trace was written"),
        (RENEWED, [lambda story: refreshed(story, "one", written=False)], "fail", "no trace was written"),
        (RENEWED, [lambda story: refreshed(story, "one", approval={})], "fail", "nobody is said to have taken it"),
        (RENEWED, [stopped], "unknown", "nothing was refreshed"),
        (OUTAGE, [outage], "pass", "refused with exit code 12, and nothing was written"),
        (OUTAGE, [lambda story: outage(story, exit_code=0)], "fail", "the outage was taken for right"),
        (OUTAGE, [lambda story: outage(story, uncommitted=(" M traces/one",))], "fail", " M traces/one"),
        (OUTAGE, [lambda story: refreshed(story, "one")], "unknown", "there was no outage"),
        (
            OUTAGE,
            [
                lambda story: story.fault("shadow", main=False),
                lambda story: story.heal("shadow"),
                lambda story: refreshed(story, "one"),
                lambda story: story.probe("after_outage", uncommitted=[]),
            ],
            "unknown",
            "nobody tried",
        ),
    ],
)
def test_each(checker: Checker, parts: list[Telling], outcome: str, said: str) -> None:
    verdict = checker.check(told(*parts).history())
    assert (verdict.outcome, said in verdict.summary) == (Outcome(outcome), True), verdict.summary
