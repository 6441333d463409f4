"""Clusters: one a cause, whatever items are called, and the same ones in whatever order traces come."""

import random
from collections.abc import Sequence
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from harness.traces import Clusters, Comparison, difference
from harness.traces.clusters import TRACES_LISTED_MAX, WAYS_MAX

RULES = Comparison(keys={"intents": ("identity",), "writes": ("key",)}, effects=("writes",))
CHANGES = st.dictionaries(
    st.sampled_from(["state", "reason", "n", "gone"]), st.sampled_from(["A", "B", None, "weight 7", 3]), max_size=3
)


def output(name: str, **fields: Any) -> dict[str, Any]:
    return {"intents": [{"identity": name, "state": "DONE", **fields}], "writes": [{"key": name, "n": 1}]}


def fed(changes: Sequence[tuple[str, dict[str, Any]]]) -> Clusters:
    clusters = Clusters()
    for name, fields in changes:
        clusters.add(name, difference(output(name), output(name, **fields), RULES))
    return clusters


def test_traces_that_differ_in_the_same_way_are_one_cause() -> None:
    changes = [(f"t{n}", {"state": "FAILED", "reason": f"weight {n * 100}, signal says {n}"}) for n in range(30)]
    clusters = fed([*changes, ("other", {"state": "PARTIAL"}), ("equal", {})])
    first, second = clusters.listed()
    assert (first.number, first.count, second.number, second.count) == (1, 30, 2, 1)
    assert first.lines == (
        'intents[*].reason: new, "weight #, signal says #"',
        'intents[*].state: "DONE" -> "FAILED"',
    )
    assert first.example == "t0"
    assert first.example_lines == (
        'intents[t0].reason: new, "weight 0, signal says 0"',
        'intents[t0].state: was "DONE", now "FAILED"',
    )
    assert len(first.traces) == TRACES_LISTED_MAX
    assert second.traces == ("other",)
    assert not first.effect
    assert str(first).startswith("1. 30 traces: intents[*].reason: new")
    assert str(second) == '2. 1 trace: intents[*].state: "DONE" -> "PARTIAL"; for example other'


def test_the_example_is_the_one_with_the_fewest_differences() -> None:
    clusters = Clusters()
    for name, count in (("many", 5), ("few", 2), ("more", 9)):
        before = {"intents": [{"identity": str(n), "n": 1} for n in range(count)]}
        after = {"intents": [{"identity": str(n), "n": 2} for n in range(count)]}
        clusters.add(name, difference(before, after, RULES))
    (cluster,) = clusters.listed()
    assert (cluster.example, len(cluster.example_lines)) == ("few", 2)


def test_a_lost_side_effect_marks_its_cause() -> None:
    clusters = Clusters()
    clusters.add("one", difference(output("one"), {**output("one"), "writes": []}, RULES))
    (cluster,) = clusters.listed()
    assert cluster.effect
    assert cluster.lines == ("writes[*]: gone",)
    assert cluster.to_json()["example"]["trace"] == "one"


def test_free_text_makes_no_cause_of_its_own() -> None:
    """What differs in more ways than a few says nothing about the cause, so it is put together, early ones included."""
    words = [f"{one}{two}" for one in "ABCDEFGHIJ" for two in "KLMNOP"]
    changes = [(word, {"state": "FAILED", "reason": f"no {word}"}) for word in words]
    clusters = fed(changes)
    (cluster,) = clusters.listed()
    assert cluster.count == len(words) > WAYS_MAX
    assert cluster.lines == ("intents[*].reason: new, ...", 'intents[*].state: "DONE" -> "FAILED"')


@given(st.lists(CHANGES, max_size=25), st.randoms(use_true_random=False))
def test_the_list_does_not_hang_on_the_order_of_the_traces(
    changes: list[dict[str, Any]], chance: random.Random
) -> None:
    named = [(f"t{number}", fields) for number, fields in enumerate(changes)]
    clusters, again = fed(named), fed(chance.sample(named, len(named)))
    assert clusters.listed() == again.listed()
    differing = [name for name, fields in named if output(name, **fields) != output(name)]
    assert sum(one.count for one in clusters.listed()) == len(differing)
    for name, fields in named:
        differences = difference(output(name), output(name, **fields), RULES)
        cluster = clusters.find(differences)
        assert (cluster is None) == (not differences)
        if cluster is not None:
            assert cluster in clusters.listed()
            assert name in cluster.traces


def test_memory_goes_by_causes_and_not_by_traces() -> None:
    clusters = fed([(f"t{number}", {"n": number}) for number in range(500)])
    (cluster,) = clusters.listed()
    assert (cluster.count, len(cluster.traces)) == (500, TRACES_LISTED_MAX)
    assert len(clusters._found) == 1
    assert sum(map(len, clusters._ways.values())) == 1


def test_a_trace_with_hundreds_of_places_is_cut() -> None:
    clusters = Clusters()
    before = {name * 2: {"a": 1} for name in map(chr, range(0x4E00, 0x4F00))}
    clusters.add("one", difference(before, {}, RULES))
    (cluster,) = clusters.listed()
    assert len(cluster.lines) == 101
    assert "... and more" in cluster.lines
