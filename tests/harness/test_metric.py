"""Metrics read one number from a window; conditions compare it, and what saw nothing did not hold."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.history import History, Kind
from harness.metric import (
    BASELINE,
    AlertsStanding,
    EventCount,
    Gauge,
    Growth,
    LatencyPercentile,
    Metric,
    StatusCount,
    SuccessRatio,
    Window,
    holds,
    latency,
    record_baseline,
    recorded_baseline,
    status_5xx,
    success_ratio,
)
from tests.histories import Story

ALL = Window(from_s=0.0, to_s=math.inf)


def completed(*ended: tuple[Kind, float, int | None]) -> Story:
    """Completions of (kind, duration, status), a hundredth of a second apart."""
    story = Story()
    for kind, duration_s, status in ended:
        story.tell(kind, "write", {"duration_s": duration_s, "status": status}, actor="client one")
    return story


MIXED = completed((Kind.OK, 0.1, 200), (Kind.OK, 0.3, 202), (Kind.FAIL, 0.2, 400), (Kind.INFO, 5.0, None))


@pytest.mark.parametrize(
    ("metric", "value"),
    [
        (success_ratio, 0.5),
        (SuccessRatio(action="write"), 0.5),
        (SuccessRatio(action="read"), None),
        (SuccessRatio(actor="client"), 0.5),
        (SuccessRatio(actor="somebody"), None),
        (SuccessRatio(apart_from="client"), None),
        (SuccessRatio(apart_from="somebody"), 0.5),
        (latency.percentile(100, apart_from="client"), None),
        (latency.percentile(100), 0.3),
        (latency.percentile(50), 0.1),
        (LatencyPercentile(percent=50, action="read"), None),
        (status_5xx, 0.0),
        (StatusCount(low=400, high=499), 1.0),
        (EventCount(kind=Kind.INFO, action="write"), 1.0),
        (EventCount(kind=Kind.OK, action="write", fields=(("status", "202"),)), 1.0),
        (EventCount(kind=Kind.OK, action="write", fields=(("status", "201"),)), 0.0),
        (EventCount(kind=Kind.ALERT, action="write"), 0.0),
        (Gauge(probe="seen", field="rows"), None),
    ],
    ids=lambda of: getattr(of, "name", None),
)
def test_what_each_reads(metric: Metric, value: float | None) -> None:
    assert metric.read(MIXED.history(), ALL) == value


def test_only_the_window_counts() -> None:
    assert success_ratio.read(MIXED.history(), Window(from_s=0.0, to_s=0.02)) == 1.0
    assert success_ratio.read(MIXED.history(), Window(from_s=0.025, to_s=0.04)) == 0.0
    assert success_ratio.read(MIXED.history(), Window(from_s=1.0, to_s=2.0)) is None


def test_an_operation_under_way_is_not_counted() -> None:
    story = Story()
    story.begin("a")
    assert success_ratio.read(story.history(), ALL) is None


def test_a_gauge_has_its_newest_value_of_the_window_and_none_from_before_it() -> None:
    story = Story()
    story.probe("seen", told_at_s=1.0, rows=7)
    story.probe("seen", told_at_s=2.0, rows=None)
    story.probe("another", told_at_s=2.5, rows=99)
    story.probe("seen", told_at_s=9.0, rows=9)
    gauge = Gauge(probe="seen", field="rows")
    assert gauge.read(story.history(), Window(from_s=0.0, to_s=4.0)) == 7
    assert gauge.read(story.history(), Window(from_s=3.0, to_s=4.0)) is None
    assert gauge.read(story.history(), Window(from_s=0.0, to_s=0.5)) is None


def counted(*values: float | None) -> Story:
    """A counter, looked at each full second from 1 s on."""
    story = Story()
    for number, value in enumerate(values):
        story.probe("seen", told_at_s=number + 1.0, rows=value)
        story.probe("another", told_at_s=number + 1.1, rows=99)
    return story


@pytest.mark.parametrize(
    ("values", "from_s", "grown"),
    [
        ((3, 3, 8), 2.5, 5),
        ((3, 3, 8), 2.0, 5),
        ((3, 8, 8), 2.5, 0),
        ((3, 8, None), 1.5, 5),
        ((3, 5, 9), 0.0, 6),
        ((9,), 0.0, 0),
        ((3, 3), 2.5, None),
        ((), 0.0, None),
        ((7, 7, 2), 2.5, 2),
    ],
    ids=["after", "at", "before", "not read", "from its first", "once", "not looked at", "never", "began anew"],
)
def test_growth_is_what_a_counter_counted_within_the_window(
    values: tuple[float | None, ...], from_s: float, grown: float | None
) -> None:
    growth = Growth(probe="seen", field="rows")
    assert growth.read(counted(*values).history(), Window(from_s=from_s, to_s=10.0)) == grown
    assert growth.name == "growth of seen.rows"


def test_an_alert_stands_until_its_end_is_told() -> None:
    story = Story()
    for at_s, text, status in ((1, "a broke", "firing"), (2, "b broke", "firing"), (3, "a broke", "resolved")):
        story.alert(text, status=status, at_s=at_s)
    story.alert("c is slow", at_s=4)
    standing = AlertsStanding(text="* broke")
    seen = [standing.read(story.history(), Window(from_s=to_s - 0.1, to_s=to_s)) for to_s in (0.5, 1, 2, 3, 9)]
    assert seen == [0.0, 1.0, 2.0, 1.0, 1.0]


@given(st.lists(st.floats(0, 100), min_size=1, max_size=50), st.floats(1, 100))
def test_a_percentile_is_one_of_the_durations_and_covers_its_share(durations_s: list[float], percent: float) -> None:
    history = completed(*((Kind.OK, duration_s, 200) for duration_s in durations_s)).history()
    found = latency.percentile(percent).read(history, ALL)
    assert found in durations_s
    assert found is not None
    covered = sum(duration_s <= found for duration_s in durations_s)
    assert covered >= percent / 100 * len(durations_s) - 1e-9
    assert sum(duration_s < found for duration_s in durations_s) < percent / 100 * len(durations_s) + 1e-9


def test_conditions_compare() -> None:
    history = MIXED.history()
    assert success_ratio.at_least(0.5).read(history, ALL).held is True
    assert success_ratio.at_least(0.51).read(history, ALL).held is False
    assert success_ratio.at_most(0.5).read(history, ALL).held is True
    assert success_ratio.at_most(0.49).read(history, ALL).held is False


def test_a_condition_that_saw_nothing_neither_held_nor_failed() -> None:
    reading = success_ratio.at_least(0.0).read(Story().history(), ALL)
    assert reading.held is None
    assert str(reading) == "success ratio: wanted at least 0, saw nothing"
    assert not holds((success_ratio.at_least(0.0),), Story().history(), ALL)


def test_all_conditions_have_to_hold() -> None:
    history = MIXED.history()
    assert holds((), history, ALL)
    assert holds((success_ratio.at_least(0.5), status_5xx.at_most(0)), history, ALL)
    assert not holds((success_ratio.at_least(0.5), status_5xx.at_least(1)), history, ALL)


def test_a_baseline_is_measured_in_the_same_run_and_saved_with_it() -> None:
    history = History(MIXED.events)
    slow = latency.percentile(100).within(3, of=BASELINE)
    assert slow.read(history, ALL).held is None, "no baseline was recorded"
    values = record_baseline(history, [latency.percentile(100), SuccessRatio(action="read")], ALL)
    assert values == {"latency p100 (s)": 0.3} == recorded_baseline(history)
    assert slow.read(history, ALL).held is True
    history.append(actor="client", kind=Kind.OK, action="write", value={"duration_s": 0.91})
    assert slow.read(history, ALL).held is False


def test_without_a_baseline_there_is_none() -> None:
    assert recorded_baseline(Story().history()) == {}


def test_conditions_read_as_the_playbook_says_them() -> None:
    assert str(success_ratio.at_least(0.99)) == "success ratio at least 0.99"
    assert str(latency.percentile(95).within(3, of=BASELINE)) == "latency p95 (s) at most 3 x baseline"
    assert str(success_ratio.at_most(0.0, for_s=30)) == "success ratio at most 0 for 30 s"
    assert (
        str(SuccessRatio(action="write", actor="client").at_least(1)) == "success ratio of write by client at least 1"
    )
    assert EventCount(kind=Kind.STEP, action="moved", fields=(("to", "b"),)).name == "step moved to=b"
