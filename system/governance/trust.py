"""How far a partner is trusted: the score, what it costs, and how it comes back. Pure.

The score is the share of the partner's last N signals that state everything a load needs, with N the setting
`trust_window`; cancels are not counted, because they need nothing:

    score = complete / counted,   counted = the last min(N, all) tenders and changes, at least `trust_signals_min`

It lies between 0 and 1 and comes from the signals alone: not from what a model made of them, nor from how often anybody
looked. What it fell from ("was") is the score of the N signals before those, or of the nearest N before them that were
not under the threshold, since a partner may send a lot before anybody looks. With N = 100, a partner that used to leave
8 in 100 incomplete and now leaves 25 fell from 0.92 to 0.75.

Under `trust_threshold` the ceiling falls by one tier, never under the lowest, once an incident, and a person reviews
everything. Each probation that was passed gives back one thing: the first ends the review and leads up to tier 2 at
most; each one after it one tier more, until the ceiling is what it was before. It is never more than that.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

LOWEST_TIER = 1
WINDOWS_BACK = 9
FIRST_RETURN = 2
"""The tier that the first probation leads up to, at most."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Score:
    """`value` over the last `signals` signals; `before` is what it fell from, None when they were too few to tell.

    `missing` counts, for each field, the signals among the last ones that lack it, the most frequent first.
    """

    value: float
    before: float | None
    signals: int
    missing: Mapping[str, int]


def score_of(lacking: Sequence[Sequence[str]], *, window: int, signals_min: int, threshold: float) -> Score | None:
    """The score of a partner whose signals, the newest first, lack these fields; None when they are too few to tell.

    It takes the first `(1 + WINDOWS_BACK) * window` of them into account.
    """
    recent = lacking[:window]
    value = _complete(recent, signals_min)
    if value is None:
        return None
    ends = range(window, window * (1 + WINDOWS_BACK), window)
    earlier = [one for end in ends if (one := _complete(lacking[end : end + window], signals_min)) is not None]
    before = next((one for one in earlier if one >= threshold), earlier[0] if earlier else None)
    missing = Counter(field for fields in recent for field in fields)
    return Score(value=value, before=before, signals=len(recent), missing=dict(missing.most_common()))


def _complete(lacking: Sequence[Sequence[str]], signals_min: int) -> float | None:
    if len(lacking) < signals_min or not lacking:
        return None
    return sum(not fields for fields in lacking) / len(lacking)


def lowered(tier: int) -> int:
    """The ceiling after a fall: one tier less, never under the lowest, and never more than it was."""
    return min(tier, max(tier - 1, LOWEST_TIER))


def raised(tier: int, *, before: int, ends_review: bool) -> int:
    """The ceiling after a probation that was passed; `before` is what it was before the incident, and the most."""
    upwards = max(tier, FIRST_RETURN) if ends_review else tier + 1
    return max(tier, min(before, upwards))
