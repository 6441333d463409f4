"""What holds for every checker: it passes nothing that it has not seen, and long histories cost in proportion."""

from collections.abc import Iterable
from dataclasses import fields
from time import thread_time

import pytest

from harness import checkers
from harness.checkers import (
    AcknowledgedWritesSurvive,
    AlertSaid,
    AlertsToldOnce,
    AppliedExactlyOnce,
    AskedAgain,
    BaselineRenewed,
    ChangeIsStopped,
    Checker,
    CommitIsNamed,
    DecisionPassesTheGate,
    EachIsTold,
    IdsNameOneThing,
    KilledAndReplaced,
    LateWritesAreRefused,
    LeavesAReview,
    LogTellsWhere,
    LossIsListed,
    MemoryStaysFlat,
    NobodyShutOut,
    NoneStuck,
    NothingLost,
    OldBesideNew,
    OnlyLegalTransitions,
    OthersUndisturbed,
    OutageIsNoBaseline,
    RejectedChangesNothing,
    RepeatsAnsweredAlike,
    StateHeld,
    StaysAvailable,
    StoppedAtTheDoor,
    TracesUnchanged,
    WorkersLiveOn,
    judge,
)
from harness.history import History, Kind
from harness.metric import success_ratio
from harness.objective import rpo, rto, time_to_alert
from harness.verdict import Outcome
from tests.harness.regressions import regression
from tests.histories import Story

_TOO_SHORT_TO_COMPARE_S = 0.01

ALL: tuple[Checker, ...] = (
    AcknowledgedWritesSurvive(write="write", snapshot="rows", key="identity"),
    AlertSaid(text="lost"),
    AlertsToldOnce(text="lost", ended=False),
    AppliedExactlyOnce(key="identity", effects="ledger", field="entries", effect_key="of", effect_id="entry"),
    AskedAgain(write="write", asked_field="identities"),
    BaselineRenewed(),
    ChangeIsStopped(message="mismatch"),
    CommitIsNamed(),
    DecisionPassesTheGate(path="shop.py", change_stays=True, decided="decided"),
    EachIsTold(text="* hung", snapshot="hung", key="id"),
    IdsNameOneThing(write="write", id_field="id"),
    KilledAndReplaced(service="shop", victims="hung"),
    LateWritesAreRefused(subject="id", fence=("attempt",), refused="too late"),
    LeavesAReview(),
    LogTellsWhere(snapshot="hung", key="id"),
    LossIsListed(write="write", listing=("list",)),
    MemoryStaysFlat(probe="memory"),
    NobodyShutOut(action="write"),
    NoneStuck(resting=frozenset({"done"})),
    NothingLost(write="write"),
    OldBesideNew(),
    OnlyLegalTransitions(table=frozenset({(None, "new"), ("new", "done")}), subject="id"),
    OthersUndisturbed(action="write", apart_from="nobody", success_at_least=0.4),
    RejectedChangesNothing(writes=("write",), snapshot="rows"),
    OutageIsNoBaseline(fault="shadow", clone="after_outage"),
    RepeatsAnsweredAlike(write="write", id_field="id"),
    StateHeld(reached="done", after=frozenset(), before="seen"),
    StaysAvailable(action="write", ratio=0.4),
    StoppedAtTheDoor(flood="door", behind="behind", work="write"),
    TracesUnchanged(),
    WorkersLiveOn(service="bank"),
)


def busy(writes: int) -> History:
    """A drill that every checker has something to do with; a twentieth of its writes was lost, one in 50 refused."""
    story = Story()
    names = [str(number) for number in range(writes)]
    kept = [name for number, name in enumerate(names) if number % 20]
    for number, name in enumerate(names):
        story.write(name, kind=Kind.FAIL if number % 50 == 1 else Kind.OK, status=400 if number % 50 == 1 else 202)
        if number % 50 == 0:
            story.write(f"refused {name}", kind=Kind.FAIL, status=400)
            measure(story, number)
    story.rows(*kept, name="seen", state="done")
    look(story, "shop", range(len(names)))
    look(story, "bank", range(len(names)))
    story.fault()
    story.step("evidence", of="kill", target="server", proof=True)
    story.alert("lost", labels={"contact": "people on call"})
    story.step("promoted")
    lost = [name for number, name in enumerate(names) if number % 20 == 0]
    story.step("operator", command=["list"], document={"lost": [{"identity": name} for name in lost]})
    story.rows(*kept, name="promoted_rows")
    story.step("notice", partner="one", identities=lost)
    for number, name in enumerate(names):
        story.write(name, kind=Kind.INFO if number % 2 else Kind.OK)
        if number % 50 == 0:
            measure(story, writes + number)
    story.probe("rows", rows=[{"identity": name, "state": "done", "entry": name} for name in names])
    story.probe("ledger", entries=[{"of": name, "entry": name} for name in names])
    steps = [
        {"id": name, "from": old, "to": new, "attempt": attempt}
        for name in names
        for attempt, (old, new) in enumerate(((None, "new"), ("new", "done")))
    ]
    crews(story, names)
    story.probe("transitions", transitions=steps)
    regression(story)
    story.step("steady_again", held=True)
    story.step("replay", trace="one", outcome="pass")
    return story.history()


def measure(story: Story, number: int) -> None:
    story.probe("door", upstream_passed=number * 1_000_000)
    story.probe("behind", upstream_passed=number)
    story.probe("memory", resident_bytes=1_000_000, pid=1)


def look(story: Story, service: str, pids: Iterable[int]) -> None:
    workers = [{"pid": pid, "started_ticks": pid, "own_pid": pid, "state": "S"} for pid in pids]
    story.probe("workers", service=service, main={"pid": 1, "started_ticks": 1}, workers=workers)


def crews(story: Story, names: list[str]) -> None:
    """Of the shop every second process hung, was told, killed and replaced, and wrote late; of the bank none."""
    hung = names[::2]
    for name in hung:
        story.alert(f"{name} hung")
        story.probe("log", service="shop", id=name, stack='File "shop.py"', says="it hung")
        story.probe("log", service="shop", id=name, says="too late")
        story.probe("log", service="shop", pid=int(name), signal="SIGKILL", says="it was killed")
    story.probe("hung", rows=[{"id": name, "pid": name, "started_ticks": name} for name in hung])
    look(story, "shop", [*range(1, len(names), 2), *range(len(names), len(names) + len(hung))])
    look(story, "bank", range(len(names)))


def test_all_of_them_are_here() -> None:
    others = {"Checker", "Claim", "judge"}
    assert {type(checker).__name__ for checker in ALL} == set(checkers.__all__) - others


@pytest.mark.parametrize("checker", ALL, ids=lambda checker: checker.name)
def test_an_empty_history_is_unknown(checker: Checker) -> None:
    verdict = judge(checker, Story().history())
    assert verdict.outcome is Outcome.UNKNOWN
    assert "the checker itself failed" not in verdict.summary


@pytest.mark.parametrize("checker", ALL, ids=lambda checker: checker.name)
def test_a_checker_is_a_frozen_value_with_claims(checker: Checker) -> None:
    assert {"called", "claims"} <= {field.name for field in fields(checker)}  # type: ignore[arg-type]
    assert hash(checker) == hash(checker)
    with pytest.raises(AttributeError):
        checker.claims = ()  # type: ignore[misc]


def test_a_busy_drill_is_judged_by_each() -> None:
    outcomes = {checker.name: judge(checker, busy(400)).outcome for checker in ALL}
    failed = {name for name, outcome in outcomes.items() if outcome is not Outcome.PASS}
    assert failed == {"NothingLost"}


@pytest.mark.slow
def test_a_history_that_is_eight_times_as_long_takes_about_eight_times_as_long() -> None:
    """A quadratic one would take 64 times as long; the limit of 24 leaves room for a noisy machine."""
    steady = (success_ratio.at_least(0.99),)
    objectives = (
        rto(limit_s=1, steady=steady),
        rpo(limit_s=1, write="write", snapshot="promoted_rows"),
        time_to_alert(text="lost", limit_s=1),
    )
    short, long = busy(2_000), busy(16_000)

    def took_s(history: History, judged: object) -> float:
        took: list[float] = []
        for _ in range(3):
            began_s = thread_time()  # of the processor, which no neighbour takes part in
            judged.check(history) if hasattr(judged, "check") else judged.measure(history)  # type: ignore[attr-defined]
            took.append(thread_time() - began_s)
        return min(took)

    for judged in (*ALL, *objectives):
        assert took_s(long, judged) < 24 * max(took_s(short, judged), _TOO_SHORT_TO_COMPARE_S), judged
