"""Of what is gone, what is most like it; of what has nothing like it, nothing."""

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from harness.traces import Clusters, Comparison, difference
from harness.traces.likeness import GONE_MAX, likenesses
from tests.harness.traces.documents import DOCUMENTS

RULES = Comparison(keys={"writes": ("key",)}, effects=("writes",))


def write(key: str, **content: Any) -> dict[str, Any]:
    return {"key": key, "action": "book", "content": {"city": "RENO", "weight": 4200, **content}, "status": 201}


def told(before: list[Any], after: list[Any]) -> tuple[str, ...]:
    return likenesses(difference({"writes": before}, {"writes": after}, RULES))


def test_the_same_thing_under_another_key_is_named() -> None:
    (line,) = told([write("book:T1:S1")], [write("other", city="ELKO", weight=1, n=5), write("book:S1")])
    assert line == (
        "writes[book:S1]: most like writes[book:T1:S1], which is gone: "
        """Value of its ['key'] changed from "book:T1:S1" to "book:S1"."""
    )


def test_what_is_nothing_like_it_is_not() -> None:
    assert told([write("a")], [{"key": "b", "x": [1, 2, 3], "y": {"z": "w"}}]) == ()
    assert told([write("a")], []) == ()
    assert told([], [write("a")]) == ()
    assert told(["a"], ["b"]) == ()
    assert told([write("a")], [write("b", note="x" * 30_000)]) == ()


def test_a_cause_shows_it_beside_its_example() -> None:
    clusters = Clusters()
    clusters.add("one", difference({"writes": [write("a1")]}, {"writes": [write("b1")]}, RULES))
    (cluster,) = clusters.listed()
    assert len(cluster.example_lines) == 3
    assert cluster.example_lines[2].startswith("writes[b1]: most like writes[a1], which is gone")


@given(st.lists(DOCUMENTS, max_size=4), st.lists(DOCUMENTS, max_size=4))
def test_it_can_say_something_about_anything(before: list[Any], after: list[Any]) -> None:
    lines = told(before, after)
    assert len(lines) <= GONE_MAX
