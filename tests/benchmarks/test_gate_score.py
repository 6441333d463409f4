"""What is drawn hangs on the seed alone, and the score says what was caught, what was not, and why."""

import random
from collections import Counter
from dataclasses import replace

from benchmarks.gate_score import Judged, Score, drawn, report, survivors_text
from benchmarks.mutating.changes import CHANGES
from benchmarks.mutating.places import Rewritten, rewritten
from benchmarks.mutating.rewritings import REWRITINGS
from benchmarks.mutating.trial import Tried
from harness.replaying.comparison import TraceOutcome

TEXT = "def f(a, b):\n    if a < b and b or a:\n        return a + 1\n    return [b, 'x', a == b]\n"
PASSED, CHANGED = Tried(outcome=TraceOutcome.PASS), Tried(outcome=TraceOutcome.CHANGED, trace="t")
CIRCLES = Tried(outcome=TraceOutcome.UNKNOWN, said="no end")
STILLBORN = Tried(outcome=TraceOutcome.UNKNOWN, said="ImportError", imported=False)


def of(package: str) -> list[Rewritten]:
    return rewritten(f"system/{package}/a.py", TEXT, CHANGES)


def score() -> Score:
    """Four changes of resolver, one of ingest, two rewrites of which one is taken for a change."""
    first, second, third, fourth, *_ = of("resolver")
    one, two, *_ = rewritten("system/resolver/a.py", TEXT, REWRITINGS)
    judged = (
        Judged(change=first, tried=CHANGED, reached=True),
        Judged(change=second, tried=PASSED, reached=False),
        Judged(change=third, tried=CIRCLES, reached=True),
        Judged(change=fourth, tried=STILLBORN, reached=True),
        Judged(change=of("ingest")[0], tried=PASSED, reached=True),
    )
    same = (Judged(change=one, tried=PASSED, reached=True), Judged(change=two, tried=CHANGED, reached=True))
    return Score(changes=judged, rewritings=same, possible=100, traces=3, took_s=1.0)


def test_the_same_seed_draws_the_same_and_another_seed_others() -> None:
    found = of("resolver")
    one, again, other = (
        [str(change) for change in drawn(found, 5, random.Random(seed), evenly=False)] for seed in (1, 1, 2)
    )
    assert one == again != other
    assert len(set(one)) == 5
    assert len(drawn(found, None, random.Random(1), evenly=False)) > 5


def test_drawn_evenly_every_kind_has_its_turn() -> None:
    kinds = Counter(one.rewriting for one in drawn(of("agents"), 12, random.Random(1), evenly=True))
    there = {one.rewriting for one in of("agents")}
    assert len(kinds) == min(12, len(there))


def test_only_a_difference_counts_as_caught_and_a_stillborn_tree_counts_nowhere() -> None:
    figures = {figure.name: figure for figure in report(score(), 7).figures}
    assert figures["caught of all three"].value == 1 / 3
    assert figures["caught of those that a trace comes past"].value == 1 / 2
    assert figures["caught in ingest, beside"].value == 0.0
    assert "1 past which no trace comes" in figures["caught of all three"].beside
    assert figures["false alarms"].value == 1
    assert figures["false alarms"].met is False
    assert "1 more cannot be imported" in report(score(), 7).conditions


def test_what_was_not_caught_is_listed_with_the_reason() -> None:
    text = survivors_text(score())
    assert len(text.splitlines()) == 5
    for reason in ("no trace comes past it", "unknown: no end", "passed by, without a difference"):
        assert reason in text
    assert "ImportError" not in text
    assert [one.package for one in score().survivors] == ["resolver", "resolver", "ingest"]
    nothing = replace(score(), changes=())
    assert report(nothing, 7).figures[0].value == 0.0
