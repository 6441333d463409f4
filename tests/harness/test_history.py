"""A history only grows, keeps its order, and reads back from disk as it was."""

import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.history import Event, History, HistoryClosed, Kind
from tests.histories import Story

json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**53), 2**53)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)
events = st.builds(
    Event,
    number=st.integers(0, 10**9),
    at_s=st.integers(0, 10**12).map(lambda microseconds: microseconds / 10**6),
    actor=st.text(),
    kind=st.sampled_from(Kind),
    action=st.text(),
    value=st.dictionaries(st.text(), json_values, max_size=4),
    operation_id=st.none() | st.text(),
)


@given(events)
def test_an_event_is_one_line_and_reads_back_as_it_was(event: Event) -> None:
    line = event.to_json()
    assert "\n" not in line
    assert Event.from_json(line) == event


@pytest.mark.parametrize(
    "line",
    ["", "{}", "[]", "7", "not JSON", '{"number": 0, "at_s": 0, "actor": "", "kind": "?", "action": "", "value": {}}'],
)
def test_what_is_no_event_is_refused(line: str) -> None:
    with pytest.raises(ValueError, match="not an event of a history"):
        Event.from_json(line)


def test_events_are_numbered_and_stand_in_the_order_of_their_time() -> None:
    history = History()
    for number in range(50):
        assert history.append(actor="a", kind=Kind.STEP, action="one").number == number
    times = [event.at_s for event in history]
    assert times == sorted(times)
    assert [event.number for event in history] == list(range(len(history)))
    assert history[7].number == 7


def test_a_closed_history_takes_nothing_more() -> None:
    history = History()
    history.close()
    with pytest.raises(HistoryClosed, match="late said step too late"):
        history.append(actor="late", kind=Kind.STEP, action="too late")


def test_an_event_keeps_the_value_that_it_was_given() -> None:
    history, value = History(), {"seen": 1}
    history.append(actor="a", kind=Kind.PROBE, action="look", value=value)
    value["seen"] = 2
    assert history[0].value == {"seen": 1}


def test_a_saved_history_reads_back_whole_and_closed(tmp_path: Path) -> None:
    file = tmp_path / "history.jsonl"
    history = History(path=file)
    history.append(actor="a", kind=Kind.INVOKE, action="write", value={"text": "l\u00ednea\n2"}, operation_id="a/0")
    history.append(actor="a", kind=Kind.OK, action="write", operation_id="a/0")
    history.close()
    loaded = History.load(file)
    assert [event.to_json() for event in loaded] == [event.to_json() for event in history]
    with pytest.raises(HistoryClosed):
        loaded.append(actor="a", kind=Kind.STEP, action="more")


def test_a_broken_line_is_named_with_its_file(tmp_path: Path) -> None:
    file = tmp_path / "history.jsonl"
    history = History(path=file)
    history.append(actor="a", kind=Kind.STEP, action="one")
    history.close()
    with file.open("a") as lines:
        lines.write('{"number": 1, "at_s"')
    with pytest.raises(ValueError, match=r"history\.jsonl, line 2: not an event"):
        History.load(file)


def test_a_program_that_dies_at_once_leaves_all_that_it_saw(tmp_path: Path) -> None:
    file = tmp_path / "history.jsonl"
    program = (
        "import os, pathlib\n"
        "from harness.history import History, Kind\n"
        f"history = History(path=pathlib.Path({str(file)!r}))\n"
        "for _ in range(3): history.append(actor='a', kind=Kind.STEP, action='seen')\n"
        "os._exit(9)\n"
    )
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 9
    assert len(History.load(file)) == 3


def told(*moments_s: float) -> History:
    story = Story()
    for at_s in moments_s:
        story.tell(Kind.STEP, "tick", at_s=at_s)
    return story.history()


def test_a_stretch_of_time_includes_both_of_its_ends() -> None:
    history = told(1.0, 2.0, 2.0, 3.0, 4.0)
    assert [event.number for event in history.between(2.0, 3.0)] == [1, 2, 3]
    assert history.between(4.1, 9.0) == history.between(3.0, 2.0) == []
    assert [event.number for event in history.since(3)] == [3, 4]


@given(st.lists(st.integers(0, 20)), st.integers(-1, 21), st.integers(-1, 21))
def test_stretches_are_what_a_plain_search_finds(moments: list[int], from_s: int, to_s: int) -> None:
    history = told(*sorted(map(float, moments)))
    assert history.between(from_s, to_s) == [event for event in history if from_s <= event.at_s <= to_s]
    assert list(history.backwards(to_s)) == [event for event in history if event.at_s <= to_s][::-1]


def test_events_are_found_by_everything_that_is_given() -> None:
    story = Story()
    story.tell(Kind.PROBE, "rows", actor="one")
    story.tell(Kind.PROBE, "rows", actor="two")
    story.tell(Kind.STEP, "rows", actor="two")
    history = story.history()
    assert [event.number for event in history.where(action="rows")] == [0, 1, 2]
    assert [event.number for event in history.where(kind=Kind.PROBE, actor="two")] == [1]
    newest = history.last(kind=Kind.PROBE, action="rows")
    assert newest is not None
    assert newest.number == 1
    assert history.last(actor="three") is None
