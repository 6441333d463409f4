"""What a checker is: a claim about a history, and its answer.

A checker sees the history alone, so a saved run can be judged again with nothing running. What it cannot see makes it
*unknown*, and so does its own failure: nothing passes by accident.
"""

from typing import Protocol

from harness.history import History
from harness.verdict import Outcome, Verdict


class Checker(Protocol):
    """A claim by its name, such as AcknowledgedWritesSurvive; `claims` are the ids that rest on it."""

    @property
    def name(self) -> str: ...

    @property
    def claims(self) -> tuple[str, ...]: ...

    def check(self, history: History) -> Verdict: ...


def judge(checker: Checker, history: History) -> Verdict:
    """Ask a checker; one that raises has not answered, and its verdict is unknown."""
    try:
        return checker.check(history)
    except Exception as error:
        return Verdict(
            checker=checker.name,
            outcome=Outcome.UNKNOWN,
            summary=f"the checker itself failed: {type(error).__name__}: {error}",
            claims=checker.claims,
        )
