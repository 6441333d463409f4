"""Two revisions beside each other: what differs, what only seems to, and what nobody can say."""

from pathlib import Path

import pytest

from harness.replaying.compare import Pair, between, compare
from harness.replaying.comparison import ReplayResult, TraceOutcome, TraceVerdict
from harness.replaying.findings import Findings
from harness.replaying.revisions import WORKTREE
from harness.traces import Comparison
from tests.harness.replaying.test_repository import state
from tests.harness.replaying.toy_repository import PRICE, ToyRepository, a_trace, make_repository, price, traces

RULES = Comparison(keys={"intents": ("identity",)}, effects=("writes",))
CALL = {"request": {"method": "GET", "uri": "http://there.invalid/"}}
CHANCE = "import random\n\ndef priced(name):\n    return random.random()\n"


@pytest.fixture
def toy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ToyRepository:
    return make_repository(tmp_path, monkeypatch)


def compared(toy: ToyRepository, one: str, other: str, number: int = 6) -> tuple[list[TraceVerdict], int]:
    """The verdicts of some traces, and how many replays that took."""
    with toy.session() as session:
        pair = Pair.of(session, one, other)
        return list(compare(session, pair, iter(traces(number)), RULES)), session.replays


def test_the_same_code_gives_nothing_and_the_second_time_nothing_is_run(toy: ToyRepository) -> None:
    toy.commit("notes", {"notes": "x"})
    verdicts, replays = compared(toy, "HEAD", "HEAD~1")
    assert [verdict.outcome for verdict in verdicts] == ["pass"] * 6
    assert replays <= 12
    assert compared(toy, "HEAD", "HEAD~1") == (verdicts, 0)


def test_old_against_new_in_whatever_order_they_are_named(toy: ToyRepository) -> None:
    toy.commit("long names are dearer", {PRICE: price("len(name) + 10 * (len(name) > 4)")})
    toy.write({PRICE: price("len(name) + 1000")})
    before = state(toy.folder)
    for one, other in (("HEAD", "HEAD~1"), ("HEAD~1", "HEAD")):
        verdicts, _ = compared(toy, one, other)
        assert [verdict.outcome for verdict in verdicts] == ["pass"] * 4 + ["changed"] * 2
        assert verdicts[4].lines == ("intents[xxxxx].price: was 5, now 15",)
    found = Findings.of(verdicts)
    (cause,) = found.causes.listed()
    assert (cause.count, cause.example, found.exit_code, found.counts[TraceOutcome.PASS]) == (2, "t5", 10, 4)
    assert state(toy.folder) == before
    verdicts, _ = compared(toy, WORKTREE, "HEAD", 1)
    assert verdicts[0].lines == ("intents[x].price: was 1, now 1001",)


def test_revisions_apart_are_taken_as_they_are_named(toy: ToyRepository) -> None:
    toy.git("checkout", "--quiet", "-b", "side")
    toy.commit("dearer", {PRICE: price("len(name) + 1")})
    toy.git("checkout", "--quiet", "main")
    toy.commit("cheaper", {PRICE: price("len(name) - 1")})
    assert compared(toy, "side", "main", 1)[0][0].lines == ("intents[x].price: was 2, now 0",)
    assert compared(toy, "main", "side", 1)[0][0].lines == ("intents[x].price: was 0, now 2",)


def test_what_is_left_to_chance_is_noisy_and_no_change(toy: ToyRepository) -> None:
    toy.commit("prices are drawn", {PRICE: CHANCE})
    verdicts, _ = compared(toy, "HEAD", "HEAD~1", 3)
    assert [verdict.outcome for verdict in verdicts] == ["noisy"] * 3
    assert "intents[x].price: was 0." in verdicts[0].lines[0]
    assert Findings.of(verdicts).causes.listed() == ()


def test_a_revision_that_does_not_run_makes_every_trace_unknown(toy: ToyRepository) -> None:
    toy.commit("half of it", {PRICE: "def priced(name:\n"})
    verdicts, _ = compared(toy, "HEAD", "HEAD~1", 3)
    found = Findings.of(verdicts)
    assert (found.outcome, found.exit_code, found.counts[TraceOutcome.UNKNOWN]) == ("unknown", 12, 3)
    ((reason, count),) = found.reasons.items()
    assert "SyntaxError" in reason
    assert count == 3


def result(output: object = None, **more: object) -> ReplayResult:
    return ReplayResult(trace="one", output=output, **more)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("before", "after", "outcome", "said"),
    [
        (result({"a": 1}), result({"a": 1}), "pass", ""),
        (result({"a": 1}), result({"a": 2}), "changed", "a: was 1, now 2"),
        (result({"writes": [1]}), result({"writes": [1, 1]}), "broken", "writes"),
        (result(error="x"), result({}), "unknown", "x"),
        (result({}), result(error="y"), "unknown", "y"),
        (result(error="x", raised=True), result(error="x", raised=True), "pass", ""),
        (result(error="x", raised=True), result({}), "broken", "before: x; after: does not raise"),
        (result({}), result(error="x", raised=True), "broken", "before: did not raise; after: x"),
        (result({}, unmatched=(CALL,)), result({}, unmatched=(CALL,)), "pass", ""),
        (result({"a": 1}, unused=(CALL,)), result({"a": 2}, unused=(CALL,)), "changed", "a: was 1, now 2"),
        (result({}), result({}, unmatched=(CALL,)), "broken", "GET http://there.invalid/"),
        (result({}), result({}, unused=(CALL,)), "broken", "GET http://there.invalid/"),
        (result({}, unmatched=(CALL,)), result({}), "changed", "calls: was"),
    ],
)
def test_two_results(before: ReplayResult, after: ReplayResult, outcome: str, said: str) -> None:
    verdict = between(a_trace(), before, after, RULES)
    told = [*verdict.lines, *verdict.unmatched, *verdict.unused, verdict.error or ""]
    assert verdict.outcome == outcome
    assert any(said in line for line in told)
