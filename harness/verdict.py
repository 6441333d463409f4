"""What a checker answers.

Three outcomes, and *unknown* is one of them: a check that could not see enough never passes. This module judges nothing
itself.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum


class Outcome(StrEnum):
    """Whether a thing that must hold did."""

    PASS = "pass"  # noqa: S105 -- a word of ours, not a password
    FAIL = "fail"
    UNKNOWN = "unknown"


_BADNESS = {Outcome.PASS: 0, Outcome.UNKNOWN: 1, Outcome.FAIL: 2}


def worst(outcomes: Iterable[Outcome]) -> Outcome:
    """The worst of `outcomes`: fail, then unknown, then pass. Of none at all: unknown."""
    return max(outcomes, key=_BADNESS.__getitem__, default=Outcome.UNKNOWN)


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """One checker's answer about one history.

    `evidence` holds the numbers of the events that the answer rests on; `parts` the verdicts it was composed of.
    """

    checker: str
    outcome: Outcome
    summary: str
    evidence: tuple[int, ...] = ()
    parts: tuple["Verdict", ...] = ()
    claims: tuple[str, ...] = ()


def compose(name: str, parts: Iterable[Verdict]) -> Verdict:
    """One verdict of several: its outcome is their worst, its summary that of the worst part."""
    held = tuple(parts)
    outcome = worst(part.outcome for part in held)
    telling = next((part for part in held if part.outcome is outcome), None)
    return Verdict(
        checker=name,
        outcome=outcome,
        summary=telling.summary if telling else "nothing was judged",
        evidence=tuple(sorted({number for part in held for number in part.evidence})),
        parts=held,
        claims=tuple(sorted({claim for part in held for claim in part.claims})),
    )
