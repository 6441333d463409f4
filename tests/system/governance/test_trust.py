"""The score is the share of whole signals among the last; what it costs is one tier, and what comes back never more.

The worked example of the formula (0.92 to 0.75) is computed here, as the alert will say it.
"""

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from system.governance.trust import FIRST_RETURN, LOWEST_TIER, WINDOWS_BACK, Score, lowered, raised, score_of

WHOLE: Sequence[str] = ()
LATE: Sequence[str] = ("pickup_at",)
signals = st.lists(st.lists(st.sampled_from(["pickup_at", "weight_lb", "stops"]), max_size=3, unique=True), max_size=60)


def score(lacking: Sequence[Sequence[str]], *, window: int = 100, signals_min: int = 20) -> Score | None:
    """With the playbook's threshold."""
    return score_of(lacking, window=window, signals_min=signals_min, threshold=0.8)


def test_eight_in_a_hundred_and_then_twenty_five_is_from_092_to_075() -> None:
    before = [LATE] * 8 + [WHOLE] * 92
    recent = [LATE] * 25 + [WHOLE] * 75
    found = score([*recent, *before])
    assert found is not None
    assert (found.value, found.before) == (0.75, 0.92)
    assert (found.signals, found.missing) == (100, {"pickup_at": 25})


def test_too_few_signals_give_no_score_and_nothing_to_compare_with() -> None:
    assert score([], signals_min=1) is None
    assert score([LATE] * 19) is None
    alone = score([LATE] * 20)
    assert alone is not None
    assert (alone.value, alone.before) == (0.0, None)


def test_what_it_fell_from_is_what_was_well_however_late_anybody_looked() -> None:
    """A partner may send many windows of bad signals before the next evaluation."""
    well, bad = [LATE] + [WHOLE] * 9, [LATE] * 8 + [WHOLE] * 2
    for windows in range(1, WINDOWS_BACK + 1):
        found = score(bad * windows + well * 2, window=10, signals_min=10)
        assert found is not None
        assert (found.value, found.before) == (0.2, 0.9)
    for forgotten in (bad * (WINDOWS_BACK + 1) + well, bad * 5):
        found = score(forgotten, window=10, signals_min=10)
        assert found is not None
        assert found.before == 0.2, "then it is what came just before"


@given(signals, st.integers(1, 30), st.integers(1, 30))
def test_it_is_bounded_and_hangs_on_the_last_signals_alone(
    lacking: list[list[str]], window: int, signals_min: int
) -> None:
    found = score(lacking, window=window, signals_min=signals_min)
    assert (found is None) == (min(window, len(lacking)) < signals_min)
    if found is not None:
        assert 0.0 <= found.value <= 1.0
        assert found.before is None or 0.0 <= found.before <= 1.0
        assert found.value * found.signals == pytest.approx(sum(not fields for fields in lacking[:window]))
        of_the_last = score(lacking[:window], window=window, signals_min=signals_min)
        assert of_the_last is not None
        assert of_the_last.value == found.value


@given(signals, st.integers(0, 59))
def test_one_more_bad_signal_never_raises_it(lacking: list[list[str]], where: int) -> None:
    worse = [["pickup_at"] if number == where else fields for number, fields in enumerate(lacking)]
    one, other = (score(each, window=30, signals_min=1) for each in (lacking, worse))
    assert one is None or (other is not None and other.value <= one.value)


def test_what_is_missing_most_often_comes_first() -> None:
    found = score([["stops"], ["pickup_at", "stops"], ["stops"], ["pickup_at"], []], window=5, signals_min=1)
    assert found is not None
    assert list(found.missing.items()) == [("stops", 3), ("pickup_at", 2)]


@pytest.mark.parametrize(("tier", "after"), [(3, 2), (2, 1), (1, 1), (0, 0)])
def test_a_fall_costs_one_tier_and_never_lifts_anybody(tier: int, after: int) -> None:
    """3.3; a tier under the lowest, which only a trace has, is not raised to it."""
    assert lowered(tier) == after


@pytest.mark.parametrize(
    ("before", "course"),
    [
        (1, [1]),  # H8: not 2
        (2, [2]),  # 3.6: one step, to 2
        (3, [2, 3]),  # gradually: to 2 as everybody, and what it was only after another probation
        (4, [3, 4]),
    ],
)
def test_it_comes_back_step_by_step_to_what_it_was(before: int, course: list[int]) -> None:
    tier = lowered(before)
    seen: list[int] = []
    while not seen or seen[-1] < before:
        tier = raised(tier, before=before, ends_review=not seen)
        seen.append(tier)
    assert seen == course


@given(st.integers(0, 9), st.integers(0, 9), st.booleans())
def test_it_is_never_more_than_it_was_and_never_less_than_it_is(tier: int, before: int, ends_review: bool) -> None:
    after = raised(tier, before=before, ends_review=ends_review)
    assert tier <= after <= max(tier, before)


def test_the_tiers_are_the_resolvers() -> None:
    assert (LOWEST_TIER, FIRST_RETURN) == (1, 2)
