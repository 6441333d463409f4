"""The picture of a run: drawn of what the history holds, the same for the same run, and at any shape of a history."""

from dataclasses import replace
from xml.etree import ElementTree

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.history import Kind
from harness.reports.plots import alerts_of, drawn
from harness.run import Run
from tests.histories import Story
from tests.runs import make_run


def texts(run: Run) -> list[str]:
    """All that is written in the picture, which has to be XML."""
    picture = drawn(run)
    assert picture is not None
    return [
        "".join(element.itertext()).strip()
        for element in ElementTree.fromstring(picture).iter()
        if "}text" in element.tag
    ]


def test_it_names_axes_phases_faults_and_alerts() -> None:
    said = texts(make_run())
    for expected in ("operations / s", "took, ms", "seconds of the run", "done", "gate", "kill server", "Shop closed"):
        assert expected in said
    assert "not done" not in said, "nothing failed"


def test_the_same_run_gives_the_same_picture() -> None:
    assert drawn(make_run()) == drawn(make_run())


def test_where_no_client_asked_for_anything_there_is_none() -> None:
    story = Story()
    story.step("phase", phase="gate")
    assert drawn(make_run(history=story.history())) is None


def test_an_alert_stands_from_its_beginning_to_its_end_or_to_that_of_the_run() -> None:
    story = Story()
    for name in ("one", "two"):
        story.alert("Shop closed", at_s=1.0, labels={"shop": name})
        story.alert("Shop closed", at_s=1.5, labels={"shop": name})
    story.alert("Shop closed", status="resolved", at_s=2.0, labels={"shop": "two"})
    story.alert("Never began", status="resolved", at_s=2.5, labels={})
    found = alerts_of(replace(make_run(history=story.history()), duration_s=9.0))
    assert sorted((one.name, one.from_s, one.to_s) for one in found) == [
        ("Shop closed", 1.0, 2.0),
        ("Shop closed", 1.0, 9.0),
    ]


@pytest.mark.slow
@settings(deadline=None, max_examples=25)
@given(
    events=st.lists(
        st.tuples(
            st.sampled_from([Kind.OK, Kind.FAIL, Kind.INFO, Kind.FAULT, Kind.HEAL, Kind.ALERT]),
            st.text(st.characters(codec="utf-8"), max_size=80),
            st.floats(0, 100),
        ),
        max_size=20,
    )
)
def test_any_history_is_drawn_whatever_its_words_are(events: list[tuple[Kind, str, float]]) -> None:
    story = Story()
    story.step("phase", at_s=0.0, phase="gate")
    story.write("first", at_s=0.0)
    for kind, words, at_s in sorted(events, key=lambda one: one[2]):
        if kind in (Kind.OK, Kind.FAIL, Kind.INFO):
            story.write(words, kind=kind, at_s=at_s)
        else:
            story.tell(kind, words, {"target": words, "status": "firing", "labels": {}}, at_s=at_s)
    assert "operations / s" in texts(replace(make_run(history=story.history()), duration_s=100.0))
