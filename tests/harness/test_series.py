"""Several drills in one environment that stays warm, on the toy environment: what each is given, and what is kept."""

import asyncio
from dataclasses import replace
from pathlib import Path

import pytest

from harness.config import Config
from harness.environments.base import Capability
from harness.history import History
from harness.judgement import Judgement
from harness.run import ExitCode, Run
from harness.scenario import NegativeControl, Scenario, ScenarioError
from harness.series import Answer, Series, drill_all, jobs_of, settings_of
from harness.topology import TopologyError
from harness.verdict import Outcome, Verdict
from tests.harness.toy_project import InSeries, make_project
from tests.harness.toy_scenario import SHOP_DIES
from tests.toy import TOPOLOGY

CONTROL = NegativeControl(name="c", settings={"UNSAFE_DOOR": "1"}, must_fail="SomethingWasBought", why="toys")


@pytest.fixture
def config(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Config:
    monkeypatch.setattr("harness.drill._EVIDENCE_WITHIN_S", 0.2)
    return Config.load(make_project(tmp_path, monkeypatch))


def drilled(
    config: Config, *scenarios: Scenario, seeds: tuple[int, ...] = (1,), negative: bool = False, lanes: int = 1
) -> Answer:
    shown: list[Run] = []
    jobs = jobs_of(scenarios, seeds, negative=negative)

    async def go() -> Answer:
        return await drill_all(
            lambda: Series(config=config, topology=TOPOLOGY), jobs, negative=negative, show=shown.append, lanes=lanes
        )

    answer = asyncio.run(go())
    assert sorted(run.id for run in shown) == sorted(run.id for run in answer.runs)
    assert [(run.scenario, run.seed) for run in answer.runs] == [(job.scenario.name, job.seed) for job in jobs]
    return answer


def test_each_seed_drills_every_scenario_in_one_environment(config: Config) -> None:
    answer = drilled(config, SHOP_DIES, replace(SHOP_DIES, name="again"), seeds=(3,))
    assert [(one.scenario, one.seed) for one in answer.runs] == [("shop_dies", 3), ("again", 3)]
    assert (answer.outcome, answer.exit_code) == (Outcome.PASS, ExitCode.PASS)
    assert len(InSeries.made) == 1
    assert (InSeries.made[0].log[0], InSeries.made[0].log[-1]) == ("up", "down")
    assert len(list(config.runs.iterdir())) == 2


def test_lanes_share_the_drills_and_each_has_an_environment_of_its_own(config: Config) -> None:
    answer = drilled(config, SHOP_DIES, seeds=(1, 2, 3, 4, 5), lanes=2)
    assert answer.outcome is Outcome.PASS
    assert len(InSeries.made) == 2
    assert [(one.log[0], one.log[-1]) for one in InSeries.made] == [("up", "down")] * 2
    assert all(one.log.count("reset") for one in InSeries.made)


def test_no_more_lanes_than_drills(config: Config) -> None:
    drilled(config, SHOP_DIES, lanes=8)
    assert len(InSeries.made) == 1


def test_a_lane_that_fails_ends_the_others(config: Config, monkeypatch: pytest.MonkeyPatch) -> None:
    async def broken(self: InSeries, **_: object) -> None:
        raise OSError("no room")

    monkeypatch.setattr(InSeries, "reset", broken)
    with pytest.raises(OSError, match="no room"):
        drilled(config, SHOP_DIES, seeds=(1, 2, 3, 4, 5), lanes=2)
    assert [one.log[-1] for one in InSeries.made] == ["down"] * 2


def test_an_environment_that_did_not_come_up_is_ended(config: Config, monkeypatch: pytest.MonkeyPatch) -> None:
    async def no_room(self: InSeries) -> None:
        raise OSError("no room")

    monkeypatch.setattr(InSeries, "up", no_room)
    with pytest.raises(OSError, match="no room"):
        drilled(config, SHOP_DIES)
    assert InSeries.made[0].log == ["down"]


def test_what_the_environment_cannot_do_is_a_run_skipped_with_its_reason(
    config: Config, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(InSeries, "capabilities", frozenset({Capability.OPERATOR}))
    answer = drilled(config, SHOP_DIES)
    assert answer.runs[0].skipped == "the toy environment has no processes"
    assert answer.exit_code is ExitCode.UNKNOWN
    assert answer.document()["runs"][0]["outcome"] == "skipped"
    assert (config.runs / answer.runs[0].id / "run.json").is_file()


def test_a_scenario_that_does_not_fit_the_topology_starts_nothing(config: Config) -> None:
    with pytest.raises(ScenarioError, match="no service bank"):
        drilled(config, replace(SHOP_DIES, blast_radius=replace(SHOP_DIES.blast_radius, services=frozenset({"bank"}))))
    assert InSeries.made == []


def test_an_unsafe_switch_is_on_in_its_control_and_nowhere_else() -> None:
    scenario = replace(SHOP_DIES, settings={"A": "1", "UNSAFE_DOOR": "0"})
    assert settings_of(scenario, None) == scenario.settings
    assert settings_of(scenario, CONTROL) == {"A": "1", "UNSAFE_DOOR": "1", "ALLOW_UNSAFE": "1"}


def test_settings_do_not_outlive_their_drill(config: Config) -> None:
    """The control first, then the plain drill in the same environment: the switch is off again."""

    async def go() -> None:
        async with Series(config=config, topology=TOPOLOGY) as series:
            await series.drill(SHOP_DIES, seed=1, control=CONTROL)
            assert InSeries.made[0].words["overrides"] == {"ALLOW_UNSAFE": "1", "UNSAFE_DOOR": "1"}
            await series.drill(SHOP_DIES, seed=1)
            assert InSeries.made[0].words["overrides"] == {}

    asyncio.run(go())


def test_a_control_drills_the_seed_of_the_drill_that_it_controls(config: Config) -> None:
    answer = drilled(config, replace(SHOP_DIES, negative_controls=(CONTROL,)), seeds=(9,), negative=True)
    assert [(one.seed, one.control, one.must_fail) for one in answer.runs] == [(9, "c", "SomethingWasBought")]
    assert answer.document()["controls"][0]["caught"] is False


CAUGHT, ESCAPED = (
    Run(
        id="20261124-021530-shop_dies-s7-4f2a",
        scenario="shop_dies",
        seed=7,
        commit="abc",
        environment="toy",
        versions={},
        settings={},
        started_at="2026-11-24T02:15:30+00:00",
        duration_s=1.0,
        history=History(),
        judgement=Judgement(invariants=(Verdict(checker="Held", outcome=outcome, summary=""),)),
        control="c",
        must_fail="Held",
    )
    for outcome in (Outcome.FAIL, Outcome.PASS)
)


@pytest.mark.parametrize(
    ("runs", "outcome"),
    [((CAUGHT,), Outcome.PASS), ((CAUGHT, ESCAPED), Outcome.FAIL), ((ESCAPED,), Outcome.FAIL), ((), Outcome.FAIL)],
)
def test_controls_pass_when_every_one_of_them_is_caught(runs: tuple[Run, ...], outcome: Outcome) -> None:
    answer = Answer(runs=runs, negative=True)
    assert answer.outcome is outcome
    assert answer.exit_code is (ExitCode.PASS if outcome is Outcome.PASS else ExitCode.INVARIANT)


def test_a_drill_that_needs_few_services_gets_an_environment_of_those(config: Config) -> None:
    few = replace(SHOP_DIES, name="few", services=frozenset({"shop"}))
    answer = drilled(config, SHOP_DIES, few, replace(SHOP_DIES, name="again"))
    assert answer.outcome is Outcome.PASS
    assert [[service.name for service in one.topology.services] for one in InSeries.made] == [
        ["shop", "inbox"],
        ["shop"],
        ["shop", "inbox"],
    ]
    assert [(one.log[0], one.log[-1]) for one in InSeries.made] == [("up", "down")] * 3


def test_a_service_that_is_not_there_is_said(config: Config) -> None:
    with pytest.raises(TopologyError, match="no service 'shoop'"):
        drilled(config, replace(SHOP_DIES, services=frozenset({"shoop"})))
