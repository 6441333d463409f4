"""One number from a stretch of a history, compared with a limit or with what the same run measured before."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.history import History, Kind
from harness.metric import (
    BASELINE,
    Condition,
    EventCount,
    Gauge,
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

ALL = Window(from_s=0.0, to_s=100.0)


def answered(*statuses: int | None, took_s: float = 0.1) -> Story:
    story = Story()
    for status in statuses:
        kind = Kind.INFO if status is None or status >= 500 else Kind.FAIL if status >= 400 else Kind.OK
        story.write("a", kind=kind, status=status, duration_s=took_s)
    return story


@pytest.mark.parametrize(
    ("metric", "seen"),
    [
        (success_ratio, 0.5),
        (status_5xx, 2.0),
        (StatusCount(low=400, high=499), 1.0),
        (latency.percentile(95), 0.1),
        (SuccessRatio(action="write"), 0.5),
        (SuccessRatio(actor="client"), 0.5),
        (SuccessRatio(action="read"), None),
        (SuccessRatio(actor="robot"), None),
        (EventCount(kind=Kind.FAIL, action="write"), 1.0),
        (EventCount(kind=Kind.FAIL, action="write", fields=(("status", "400"),)), 1.0),
        (EventCount(kind=Kind.FAIL, action="write", fields=(("status", "401"),)), 0.0),
    ],
    ids=lambda value: value.name if hasattr(value, "name") else None,
)
def test_a_metric_reads_one_number(metric: Metric, seen: float | None) -> None:
    history = answered(200, 202, 200, 200, 400, 503, 500, None).history()
    assert metric.read(history, ALL) == seen


@pytest.mark.parametrize("metric", [success_ratio, latency.percentile(50), Gauge(probe="p", field="f")])
def test_where_there_is_nothing_to_read_there_is_no_number(metric: Metric) -> None:
    assert metric.read(History(), ALL) is None


def test_operations_that_have_not_ended_do_not_count() -> None:
    story = answered(200)
    story.begin("b")
    assert success_ratio.read(story.history(), ALL) == 1.0


def test_only_the_window_counts() -> None:
    story = Story()
    story.write("a", at_s=1.0)
    story.write("b", kind=Kind.INFO, at_s=2.0, status=503)
    assert success_ratio.read(story.history(), Window(from_s=0.0, to_s=1.5)) == 1.0
    assert success_ratio.read(story.history(), Window(from_s=1.5, to_s=3.0)) == 0.0


@given(st.lists(st.floats(0, 10), min_size=1), st.integers(1, 100))
def test_a_percentile_is_a_duration_that_so_many_do_not_exceed(durations_s: list[float], percent: int) -> None:
    story = Story()
    for duration_s in durations_s:
        story.write("a", duration_s=duration_s)
    seen = LatencyPercentile(percent=percent).read(story.history(), Window(from_s=0.0, to_s=1e9))
    assert seen in durations_s
    assert sum(duration_s <= seen for duration_s in durations_s) * 100 >= percent * len(durations_s)
    assert sum(duration_s < seen for duration_s in durations_s) * 100 < percent * len(durations_s)


def test_a_gauge_is_the_newest_value_up_to_the_end_of_the_window() -> None:
    story = Story()
    story.probe("lag", told_at_s=1.0, rows_behind=3)
    story.probe("lag", told_at_s=2.0, rows_behind=7)
    story.probe("lag", told_at_s=3.0, rows_behind=None)
    story.probe("other", told_at_s=4.0, rows_behind=99)
    gauge = Gauge(probe="lag", field="rows_behind")
    reads = [gauge.read(story.history(), Window(from_s=0.0, to_s=to_s)) for to_s in (0.5, 1.0, 1.9, 2.0, 9.0)]
    assert reads == [None, 3.0, 3.0, 7.0, 7.0]


def test_a_condition_says_what_it_wanted_and_what_it_saw() -> None:
    reading = success_ratio.at_least(0.99).read(answered(200, 503).history(), ALL)
    assert reading.held is False
    assert str(reading) == "success ratio: wanted at least 0.99, saw 0.5"
    assert str(success_ratio.at_most(0.0, for_s=30)) == "success ratio at most 0 for 30 s"


def test_a_condition_that_saw_nothing_did_not_hold_and_did_not_fail() -> None:
    reading = success_ratio.at_least(0.99).read(History(), ALL)
    assert reading.held is None
    assert "saw nothing" in str(reading)
    assert not holds([success_ratio.at_least(0.99)], History(), ALL)


@pytest.mark.parametrize(
    ("condition", "held"),
    [
        (success_ratio.at_least(0.5), True),
        (success_ratio.at_least(0.51), False),
        (success_ratio.at_most(0.5), True),
        (success_ratio.at_most(0.49), False),
    ],
    ids=str,
)
def test_limits_are_included(condition: Condition, held: bool) -> None:
    assert condition.read(answered(200, 503).history(), ALL).held is held


def test_a_latency_is_held_against_what_the_same_run_measured() -> None:
    slow = latency.percentile(95).within(3, of=BASELINE)
    assert str(slow) == "latency p95 (s) at most 3 x baseline"
    assert slow.read(answered(200, took_s=0.2).history(), ALL).held is None
    for took_s, held in ((0.29, True), (0.31, False)):
        story = Story()
        story.tell(Kind.STEP, "baseline", {"latency p95 (s)": 0.1})
        story.write("a", duration_s=took_s)
        assert slow.read(story.history(), ALL).held is held


def test_the_baseline_is_written_into_the_history() -> None:
    history = History(answered(200, 200).events)
    written = record_baseline(history, [latency.percentile(95), Gauge(probe="p", field="f")], ALL)
    assert written == recorded_baseline(history) == {"latency p95 (s)": 0.1}
    assert recorded_baseline(History()) == {}
