"""What a checker is: a claim about a history, and its answer.

A checker sees the history alone, so a saved run can be judged again with nothing running. What it cannot see makes it
*unknown*, and so does its own failure: nothing passes by accident.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Protocol

from harness.history import Event, History
from harness.verdict import Outcome, Verdict

_EVIDENCE_LIMIT = 100


class Checker(Protocol):
    """A claim by its name, such as AcknowledgedWritesSurvive; `claims` are the ids that rest on it."""

    @property
    def name(self) -> str: ...

    @property
    def claims(self) -> tuple[str, ...]: ...

    def check(self, history: History) -> Verdict: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """What the checkers share: a name, which is the class's own unless given, and words for an answer."""

    called: str = ""
    claims: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        return self.called or type(self).__name__

    def _say(self, outcome: Outcome, summary: str, evidence: Iterable[Event | int] = ()) -> Verdict:
        numbers = sorted({event if isinstance(event, int) else event.number for event in evidence})
        if len(numbers) > _EVIDENCE_LIMIT:
            # The last one is usually the snapshot that all the others are held against.
            numbers = [*numbers[: _EVIDENCE_LIMIT - 1], numbers[-1]]
        return Verdict(
            checker=self.name,
            outcome=outcome,
            summary=summary,
            evidence=tuple(numbers),
            claims=self.claims,
        )

    def _pass(self, summary: str, evidence: Iterable[Event | int] = ()) -> Verdict:
        return self._say(Outcome.PASS, summary, evidence)

    def _fail(self, summary: str, evidence: Iterable[Event | int] = ()) -> Verdict:
        return self._say(Outcome.FAIL, summary, evidence)

    def _unknown(self, summary: str, evidence: Iterable[Event | int] = ()) -> Verdict:
        return self._say(Outcome.UNKNOWN, summary, evidence)


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
