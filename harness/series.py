"""Several drills in environments that stay warm between them, one drill at a time in each.

Each drill begins with fresh data: the environment is reset, not cleaned. A drill that cannot be run because the
environment lacks something is a run too, skipped with its reason. Several series side by side (`lanes`) take turns at
one list of drills; nothing is shared between them but the machine.
"""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Self

from harness.clock import Clock
from harness.config import Config
from harness.drill import Progress, quiet, run_drill
from harness.environments.base import Environment
from harness.environments.choice import LocalEnvironment, environment_called
from harness.history import History
from harness.judgement import Judgement
from harness.judging import judge_history
from harness.run import ExitCode, Run, commit_of, exit_code, new_run_id, outcome_of, own_versions, run_document
from harness.scenario import NegativeControl, Scenario
from harness.services import on_database
from harness.store import Store
from harness.topology import Topology
from harness.verdict import Outcome

_UNSAFE_ALLOWED = {"ALLOW_UNSAFE": "1"}


@dataclass(slots=True, kw_only=True)
class Series:
    """Use as an async context manager; the environment is started by the first drill and ended on exit.

    `database` is the kind that the topology's databases are to be, where it is not what the topology says.
    """

    config: Config
    topology: Topology
    environment: str = "processes"
    database: str | None = None
    keep: bool = False
    progress: Progress = quiet
    _environment: LocalEnvironment | None = field(init=False, default=None)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._environment is not None:
            await self._environment.down()

    async def drill(self, scenario: Scenario, *, seed: int, control: NegativeControl | None = None) -> Run:
        """Drill once, judge, save, and return what is left of it."""
        scenario.check_against(self.topology)
        scenario.check_allowed(self.config.may_break)
        settings = settings_of(scenario, control)
        environment = await self._ready(scenario, settings, seed)
        clock = Clock()
        store = Store(self.config.runs)
        run_id = new_run_id(scenario.name, seed, clock)

        def run(history: History, judgement: Judgement, skipped: str | None = None) -> Run:
            return store.save(
                Run(
                    id=run_id,
                    scenario=scenario.name,
                    seed=seed,
                    commit=commit_of(self.config.project),
                    environment=environment.name,
                    database=self.database,
                    versions={**own_versions(), **environment.versions()},
                    settings=settings,
                    started_at=clock.started_at.isoformat(timespec="milliseconds"),
                    duration_s=clock.now_s(),
                    history=history,
                    judgement=judgement,
                    control=control.name if control else None,
                    must_fail=control.must_fail if control else None,
                    skipped=skipped,
                )
            )

        if missing := scenario.needs() - environment.capabilities:
            reason = f"the {environment.name} environment has no {', '.join(sorted(missing))}"
            return run(History(clock=clock), Judgement(), skipped=reason)
        history = await run_drill(
            scenario, environment, seed=seed, clock=clock, path=store.begin(run_id), progress=self.progress
        )
        return run(history, judge_history(scenario, history))

    async def _ready(self, scenario: Scenario, settings: Mapping[str, str], seed: int) -> Environment:
        topology = on_database(self.topology, self.database)
        if scenario.services is not None:
            topology = topology.only(scenario.services)
        if self._environment is not None and self._environment.topology != topology:
            environment, self._environment = self._environment, None
            await environment.down()
        if self._environment is None:
            self.progress("starting the system")
            environment = environment_called(self.environment)(
                topology,
                seed=seed,
                keep=self.keep,
                operator=self.config.operator,
                overrides=settings,
                project=self.config.project,
            )
            # Kept before it is up, so that what a failed start has begun is ended too.
            self._environment = environment
            await environment.up()
        else:
            self.progress("resetting the system")
            await self._environment.reset(overrides=settings)
        return self._environment


def settings_of(scenario: Scenario, control: NegativeControl | None) -> Mapping[str, str]:
    """The variables of a drill: the scenario's own, and for a control also its unsafe switch, expressly allowed."""
    if control is None:
        return dict(scenario.settings)
    return {**scenario.settings, **_UNSAFE_ALLOWED, **control.settings}


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What several drills came to. With `negative`, passing means that every control was caught."""

    runs: tuple[Run, ...]
    negative: bool

    @property
    def outcome(self) -> Outcome:
        if self.negative:
            return Outcome.PASS if self.runs and all(run.caught for run in self.runs) else Outcome.FAIL
        return outcome_of(self.runs)

    @property
    def exit_code(self) -> ExitCode:
        if self.negative:
            return ExitCode.PASS if self.outcome is Outcome.PASS else ExitCode.INVARIANT
        return exit_code(self.runs)

    def document(self) -> dict[str, Any]:
        """As `drill --json` prints it."""
        document: dict[str, Any] = {"outcome": self.outcome.value, "runs": [run_document(run) for run in self.runs]}
        if self.negative:
            document["controls"] = [
                {
                    "scenario": run.scenario,
                    "control": run.control,
                    "must_fail": run.must_fail,
                    "caught": run.caught,
                    "run": run.id,
                }
                for run in self.runs
            ]
        return document


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """One drill to do: a scenario as it stands, or under one of its negative controls."""

    scenario: Scenario
    seed: int
    control: NegativeControl | None = None

    def __str__(self) -> str:
        without = f" without {self.control.name}" if self.control else ""
        return f"{self.scenario.name}{without}, seed {self.seed}"


def jobs_of(scenarios: Sequence[Scenario], seeds: Sequence[int], *, negative: bool) -> tuple[Job, ...]:
    """Every scenario (or each of its negative controls) with every seed."""
    return tuple(
        Job(scenario=scenario, seed=seed, control=control)
        for seed in seeds
        for scenario in scenarios
        for control in (scenario.negative_controls if negative else (None,))
    )


async def drill_all(
    make_series: Callable[[], Series],
    jobs: Sequence[Job],
    *,
    negative: bool,
    show: Callable[[Run], None],
    lanes: int = 1,
) -> Answer:
    """Do every job; `show` gets each run as it ends, and the answer has them in the order of `jobs`.

    With several `lanes` as many series work side by side. The first error ends all of them.
    """
    runs: dict[int, Run] = {}
    waiting = iter(enumerate(jobs))

    async def work() -> None:
        async with make_series() as series:
            for number, job in waiting:
                series.progress(str(job))
                runs[number] = await series.drill(job.scenario, seed=job.seed, control=job.control)
                show(runs[number])

    working = [asyncio.create_task(work()) for _ in range(max(1, min(lanes, len(jobs))))]
    try:
        await asyncio.gather(*working)
    finally:
        for lane in working:
            lane.cancel()
        await asyncio.gather(*working, return_exceptions=True)
    return Answer(runs=tuple(runs[number] for number in sorted(runs)), negative=negative)
