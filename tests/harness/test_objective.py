"""Times are measured from the main fault; what was not seen is unknown, and what never came is missed."""

from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.history import History, Kind
from harness.metric import success_ratio
from harness.objective import Measurement, Objective, RecoveryTime, measure, rpo, rto, time_to_alert
from harness.verdict import Outcome
from tests.histories import Story

STEADY = (success_ratio.at_least(0.99),)
RTO = rto(limit_s=10, steady=STEADY, sustain_s=1.0)
RPO = rpo(limit_s=10, write="write", snapshot="promoted_rows")
ALERT = time_to_alert(text="lost", limit_s=10)


def traffic(*, every_s: float = 0.1, until_s: float = 20.0, bad: tuple[tuple[float, float], ...] = ()) -> Story:
    """An operation each `every_s`, ok but within the stretches of `bad`; the fault comes at 5 s."""
    story = Story()
    for number in range(1, round(until_s / every_s)):
        at_s = round(number * every_s, 6)
        if at_s > 5.0 and not any(event.kind is Kind.FAULT for event in story.events):
            story.fault(at_s=5.0)
        failing = any(from_s <= at_s < to_s for from_s, to_s in bad)
        story.tell(Kind.INFO if failing else Kind.OK, "write", at_s=at_s, actor="client")
    return story


def test_recovery_time_is_from_the_fault_to_the_first_of_a_sustained_steady_state() -> None:
    answer = RTO.measure(traffic(bad=((5.0, 8.0),)).history())
    assert answer.value_s == 3.0
    assert answer.outcome is Outcome.PASS
    assert answer.summary == "steady again 3.00 s after the fault"
    assert answer.limit_s == answer.nominal_limit_s == 10


def test_a_short_good_spell_is_not_yet_recovery() -> None:
    answer = RTO.measure(traffic(bad=((5.0, 7.0), (7.5, 9.0))).history())
    assert answer.value_s == 4.0


def test_one_answer_and_then_silence_is_not_steady() -> None:
    """What hangs completes nothing, so the success ratio of the silence is that of the one late answer."""
    story = Story()
    for number in range(1, 50):
        story.tell(Kind.OK, "write", at_s=number / 10)
    story.fault(at_s=5.0)
    story.tell(Kind.OK, "write", at_s=5.01)
    for number in range(90, 200):
        story.tell(Kind.OK, "write", at_s=number / 10)
    assert RTO.measure(story.history()).value_s == 4.0


def test_steady_state_has_to_be_sustained_before_the_traffic_ends() -> None:
    answer = RTO.measure(traffic(bad=((5.0, 19.5),)).history())
    assert answer.value_s is None
    assert answer.outcome is Outcome.FAIL


@pytest.mark.parametrize(("bad_until_s", "measured"), [(18.8, True), (19.5, False)])
def test_traffic_reaches_a_little_past_its_last_operation(bad_until_s: float, measured: bool) -> None:
    """A drill ends its traffic as soon as it has seen enough: the last window may lack what was still on its way."""
    answer = RTO.measure(traffic(bad=((5.0, bad_until_s),), until_s=19.8).history())
    assert (answer.value_s is not None) is measured


def test_an_objective_that_is_missed_fails_with_its_time() -> None:
    answer = RTO.measure(traffic(bad=((5.0, 15.1),), until_s=30.0).history())
    assert answer.value_s == 10.1
    assert answer.outcome is Outcome.FAIL


@given(st.lists(st.tuples(st.floats(5.0, 15.0), st.floats(0.05, 3.0)), max_size=5))
def test_looking_coarsely_first_finds_the_same_moment_or_a_later_one(spells: list[tuple[float, float]]) -> None:
    """And a later one only where a steady state began and ended again between two coarse looks."""
    history = traffic(every_s=0.05, bad=tuple((from_s, from_s + long_s) for from_s, long_s in spells)).history()
    fault = next(event for event in history if event.kind is Kind.FAULT)
    done = [
        event for event in history.since(fault.number) if event.kind is Kind.OK and event.at_s <= 18.95 + 0.15 - 0.01
    ]
    times = [event.at_s for event in history.where(kind=Kind.OK)]

    def is_steady(at_s: float) -> bool:
        inside = [event for event in history.between(at_s, at_s + 1.0) if event.kind in (Kind.OK, Kind.INFO)]
        ok = [event for event in inside if event.kind is Kind.OK]
        before = [one for one in times if one < 5.0]
        return len(ok) / len(inside) >= 0.99 and len(ok) >= 0.5 * len(before) / (5.0 - before[0])

    exact = next((round(event.at_s - 5.0, 3) for event in done if is_steady(event.at_s)), None)
    found = RTO.measure(history).value_s
    if exact is None:
        assert found is None or found > 14.0, "only the very last candidate was not looked at here"
    else:
        assert found is not None
        assert exact <= found
        assert found - exact <= 0.05 or not all(is_steady(event.at_s) for event in done if event.at_s < 5.0 + found)
        assert is_steady(5.0 + found)


def lost(*identities: str) -> Story:
    """`a` was acknowledged 4 s before the fault, `b` 3 s, `c` 2 s; those that are given are lost."""
    story = Story()
    for identity, at_s in (("a", 0.99), ("b", 1.99), ("c", 2.99)):
        story.write(identity, at_s=at_s)
        assert story.events[-1].at_s == at_s + 0.01
    story.fault(at_s=5.0)
    story.step("promoted", told_at_s=7.0, at_s=6.0)
    story.rows(*({"a", "b", "c"} - {*identities}), name="promoted_rows")
    return story


def test_recovery_point_is_from_the_oldest_lost_write_to_the_fault() -> None:
    answer = RPO.measure(lost("b", "c").history())
    assert answer.value_s == 3.0
    assert answer.lost == (
        {"identity": "b", "acknowledged_at_s": 2.0},
        {"identity": "c", "acknowledged_at_s": 3.0},
    )
    assert answer.outcome is Outcome.PASS


def test_recovery_point_is_zero_where_nothing_was_lost() -> None:
    answer = RPO.measure(lost().history())
    assert answer.value_s == 0.0
    assert answer.outcome is Outcome.PASS
    assert answer.lost == ()


def test_an_acknowledgement_that_came_after_the_fault_is_no_older_than_it() -> None:
    story = lost()
    story.events.clear()
    story.fault(at_s=5.0)
    story.write("late", at_s=5.1)
    story.step("promoted", told_at_s=7.0, at_s=6.0)
    story.rows(name="promoted_rows")
    answer = RPO.measure(story.history())
    assert answer.value_s == 0.0
    assert [one["identity"] for one in answer.lost] == ["late"]


def test_an_old_loss_misses_the_recovery_point() -> None:
    strict = rpo(limit_s=2.9, write="write", snapshot="promoted_rows")
    assert strict.measure(lost("b").history()).outcome is Outcome.FAIL


def test_time_to_alert_is_to_its_receipt() -> None:
    """Not to the moment at which a probe read of it."""
    story = Story()
    story.fault(at_s=1.0)
    story.alert("other", at_s=1.5)
    story.alert("lost", at_s=4.0, received_at_s=3.0)
    answer = ALERT.measure(story.history())
    assert answer.value_s == 2.0
    assert answer.outcome is Outcome.PASS


def test_time_to_an_alert_that_names_what_nobody_could_know() -> None:
    story = Story()
    story.fault(at_s=1.0)
    story.alert("stuck: 7f3e", at_s=3.0)
    assert time_to_alert(text="stuck: *", limit_s=10).measure(story.history()).value_s == 2.0
    assert time_to_alert(text="late: *", limit_s=10).measure(story.history()).outcome is Outcome.FAIL


@pytest.mark.parametrize(
    "value", [{"received_at_s": 0.5}, {"status": "resolved"}], ids=["of before the fault", "resolved"]
)
def test_another_alert_with_these_words_is_not_the_one(value: dict[str, object]) -> None:
    story = Story()
    story.fault(at_s=1.0)
    story.tell(Kind.ALERT, "lost", {"status": "firing", **value}, at_s=2.0)
    answer = ALERT.measure(story.history())
    assert answer.value_s is None
    assert answer.outcome is Outcome.FAIL
    assert answer.summary == "the alert never came"


@pytest.mark.parametrize("objective", [RTO, RPO, ALERT], ids=lambda objective: objective.name)
def test_without_a_fault_nothing_is_measured(objective: Objective) -> None:
    story = Story()
    story.write("a")
    story.fault("withhold", main=False)
    answer = objective.measure(story.history())
    assert answer.value_s is None
    assert answer.outcome is Outcome.UNKNOWN


def test_without_a_promotion_a_look_or_a_write_the_recovery_point_is_unknown() -> None:
    story = Story()
    story.fault()
    assert RPO.measure(story.history()).summary == "no snapshot promoted_rows was taken"
    story.rows(name="promoted_rows")
    assert RPO.measure(story.history()).summary == "nothing was promoted"
    story.step("promoted")
    assert RPO.measure(story.history()).summary == "no write was acknowledged"
    assert RPO.measure(story.history()).outcome is Outcome.UNKNOWN


def test_a_limit_is_shortened_with_its_settings_and_both_are_told() -> None:
    tenth = time_to_alert(text="lost", limit_s=10, scale=0.1)
    assert tenth.limit_s == 1.0
    story = Story()
    story.fault(at_s=1.0)
    story.alert("lost", at_s=2.5)
    answer = tenth.measure(story.history())
    assert (answer.value_s, answer.limit_s, answer.nominal_limit_s) == (1.5, 1.0, 10)
    assert answer.outcome is Outcome.FAIL


@pytest.mark.parametrize(("limit_s", "scale"), [(10, 0.0), (10, 1.1), (10, -1), (0, 1), (-1, 1), (float("inf"), 1)])
def test_a_limit_is_a_time_and_never_lengthened(limit_s: float, scale: float) -> None:
    with pytest.raises(ValueError, match="an objective's"):
        RecoveryTime(nominal_limit_s=limit_s, scale=scale, steady=STEADY)


@dataclass(frozen=True)
class Broken:
    name: str = "broken"
    limit_s: float = 1.0
    claims: tuple[str, ...] = ("1.1",)

    def measure(self, history: History) -> Measurement:
        raise KeyError("rows")


def test_an_objective_that_raises_is_unknown_and_says_why() -> None:
    answer = measure(Broken(), Story().history())
    assert answer.outcome is Outcome.UNKNOWN
    assert answer.value_s is None
    assert answer.summary == "the objective itself failed: KeyError: 'rows'"
    assert answer.claims == ("1.1",)


def test_claims_are_carried() -> None:
    carrying = rto(limit_s=10, steady=STEADY, claims=("4.6",))
    assert carrying.measure(Story().history()).claims == ("4.6",)
