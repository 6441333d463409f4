"""One drill of the killed primary from beginning to end, in each environment, and how long each of its phases took.

The drill is the one that `harness drill db_failover_killed` runs; its run is saved in a folder that is removed. A drill
waits on purpose, for steady state to mean something, so its floor is not zero: what it waits by plan is shown beside.
"""

import asyncio
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter

from benchmarks.figures import Figure, Report
from harness.catalogue import Catalogue
from harness.config import Config
from harness.environments.choice import NAMES, cannot_run
from harness.history import Kind
from harness.run import Run
from harness.series import Series

SCENARIO = "db_failover_killed"
TARGET_S = 12.0
"""Of a drill on processes."""
SEED = 7
LIMIT_S = 180.0
_ROOT = Path(__file__).resolve().parent.parent


async def measure() -> Report:
    """Drill once in a fresh environment of each kind that this machine can run."""
    with TemporaryDirectory(prefix="drill-bench-") as folder:
        config = replace(Config.load(_ROOT), runs=Path(folder))
        catalogue = Catalogue.of(config)
        (scenario,) = catalogue.named([SCENARIO])
        figures: list[Figure] = []
        said = [f"waits by plan: steady for {scenario.steady_for_s:g} s before and after, recovered for 1 s"]
        for environment in NAMES:
            if problem := cannot_run(environment, catalogue.topology, _ROOT):
                said.append(f"no {environment}: {problem}")
                continue
            series = Series(config=config, topology=catalogue.topology, environment=environment)
            async with asyncio.timeout(LIMIT_S), series:
                started_s = perf_counter()
                run = await series.drill(scenario, seed=SEED)
                whole_s = perf_counter() - started_s
            said.append(f"on {environment} it ended {run.outcome}")
            figures += [replace(one, name=f"{environment}: {one.name}") for one in _figures(run, whole_s)]
    return Report(title=f"One drill: {SCENARIO}", figures=tuple(figures), conditions="; ".join(said))


def _figures(run: Run, whole_s: float) -> list[Figure]:
    said = ", ".join(
        f"{measurement.text} {measurement.value_s:.2f} s"
        for measurement in run.judgement.measurements
        if measurement.value_s is not None
    )
    target_s = TARGET_S if run.environment == NAMES[0] else None
    figures = [
        Figure(name="the drill", value=run.duration_s, unit="s", target=target_s, beside=said),
        Figure(name="starting, judging and saving", value=whole_s - run.duration_s, unit="s"),
        *(Figure(name=f"phase {phase.name}", value=phase.to_s - phase.from_s, unit="s") for phase in run.phases),
    ]
    settled = run.history.last(kind=Kind.STEP, action="settled")
    if settled is not None:
        waited_s = float(settled.value["after_s"])
        figures.append(Figure(name="of the wait, for work to settle", value=waited_s, unit="s"))
    return figures


def run() -> Report:
    """Measure in an event loop of its own."""
    return asyncio.run(measure())
