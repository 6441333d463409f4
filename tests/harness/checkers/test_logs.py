"""A stack trace stands beside the id of each that hung, and says where."""

import pytest

from harness.checkers import LogTellsWhere
from harness.history import Kind
from harness.verdict import Outcome
from tests.histories import Story

TELLS = LogTellsWhere(snapshot="hung", key="order", where="never_comes")
TRACE = 'File "shop.py", line 7 in never_comes'


def logged(*lines: tuple[str, str], hung: tuple[str, ...] = ("a", "b"), field: str = "stack") -> Story:
    story = Story()
    for order, trace in lines:
        story.tell(Kind.PROBE, "log", {"order": order, field: trace})
    story.probe("hung", rows=[{"order": order} for order in hung])
    return story


@pytest.mark.parametrize("field", ["stack", "exception"])
def test_each_is_told_with_its_place(field: str) -> None:
    verdict = TELLS.check(logged(("a", TRACE), ("b", 'File "bank.py", line 1 in waits'), field=field).history())
    assert verdict.outcome is Outcome.PASS
    assert verdict.evidence == (0, 1, 2)


@pytest.mark.parametrize(
    ("story", "said"),
    [
        (logged(("a", TRACE)), "no stack trace in the log for b"),
        (logged(("a", TRACE), ("b", "it does not say where it is")), "no stack trace in the log for b"),
        (logged(("a", TRACE), ("b", TRACE), field="advice"), "no stack trace in the log for a, b"),
        (logged(("a", 'File "bank.py", line 1 in waits'), hung=("a",)), "none of the stack traces says 'never_comes'"),
    ],
    ids=["one is missing", "no trace", "another field", "another place"],
)
def test_one_is_not_told(story: Story, said: str) -> None:
    verdict = TELLS.check(story.history())
    assert verdict.outcome is Outcome.FAIL
    assert said in verdict.summary


@pytest.mark.parametrize("story", [Story(), logged(("a", TRACE), hung=())], ids=["nothing", "nothing hung"])
def test_where_nothing_hung_nothing_is_known(story: Story) -> None:
    assert TELLS.check(story.history()).outcome is Outcome.UNKNOWN
