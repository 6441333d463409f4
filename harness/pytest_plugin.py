"""`pytest scenarios/`: every scenario is a test, and with `--harness-negative` every negative control is one too.

The environment is started by the first drill and shared by all; each begins with fresh data. It is ended with the
session, and by its guardian if the session dies. Heavy imports wait until there is a scenario to collect, because this
plugin is loaded by every pytest run of the interpreter it is installed in.
"""

import asyncio
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from _pytest._code.code import ExceptionInfo, TerminalRepr

    from harness.config import Config
    from harness.run import Run
    from harness.scenario import NegativeControl, Scenario
    from harness.series import Series

_RUNNER = pytest.StashKey["_Runner"]()


class _Runner:
    """One event loop and one series of drills for the whole session."""

    def __init__(self, config: "Config", environment: str, database: str | None) -> None:
        self._config = config
        self._environment = environment
        self._database = database
        self._loop: asyncio.Runner | None = None
        self._reason: str | None = None
        self._series: Series | None = None

    def drill(self, scenario: "Scenario", seed: int, control: "NegativeControl | None") -> "Run":
        if self._loop is None or self._series is None:
            self._series = self._begin()
            self._loop = asyncio.Runner()
        return self._loop.run(self._series.drill(scenario, seed=seed, control=control))

    def _begin(self) -> "Series":
        """Skips the test where this machine cannot run the environment; looks once."""
        from harness.catalogue import Catalogue
        from harness.environments.choice import cannot_run
        from harness.series import Series
        from harness.services import on_database

        topology = on_database(Catalogue.of(self._config).topology, self._database)
        if self._reason is None:
            self._reason = cannot_run(self._environment, topology, self._config.project) or ""
        if self._reason:
            pytest.skip(self._reason)
        return Series(config=self._config, topology=topology, environment=self._environment, database=self._database)

    def close(self) -> None:
        if self._loop is not None and self._series is not None:
            self._loop.run(self._series.__aexit__(None, None, None))
            self._loop.close()


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("harness", "drills")
    group.addoption(
        "--harness-environment",
        choices=["processes", "containers"],
        default="processes",
        help="where drills run (default: processes)",
    )
    group.addoption(
        "--harness-database",
        choices=["mariadb", "mysql"],
        help="what the topology's databases are (default: what it says)",
    )
    group.addoption("--harness-seed", type=int, default=1, help="the seed of every drill (default: 1)")
    group.addoption("--harness-negative", action="store_true", help="run the negative controls as tests too")


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "slow: starts real servers or takes seconds; leave out with -m 'not slow'")


def pytest_collect_file(file_path: Path, parent: pytest.Collector) -> "ScenarioFile | None":
    if file_path.suffix != ".py" or file_path.name.startswith(("_", "test_", "conftest")):
        return None
    project = next((folder for folder in file_path.parents if (folder / "pyproject.toml").is_file()), None)
    if project is None or "[tool.harness]" not in (project / "pyproject.toml").read_text(encoding="utf-8"):
        return None
    from harness.config import Config

    config = Config.load(project)
    if file_path.parent != config.scenarios_directory:
        return None
    return ScenarioFile.from_parent(parent, path=file_path)


class ScenarioFile(pytest.File):
    """One module of scenarios."""

    def collect(self) -> Iterator["ScenarioItem"]:
        from harness.catalogue import Catalogue
        from harness.config import Config

        config = Config.load(self.path.parent)
        environment, database = (self.config.getoption(f"--harness-{what}") for what in ("environment", "database"))
        self.config.stash.setdefault(_RUNNER, _Runner(config, environment, database))
        for scenario in Catalogue.of(config).modules.get(self.path.stem, ()):
            yield ScenarioItem.from_parent(self, name=scenario.name, scenario=scenario, control=None)
            if self.config.getoption("--harness-negative"):
                for control in scenario.negative_controls:
                    name = f"{scenario.name}[without {control.name}]"
                    yield ScenarioItem.from_parent(self, name=name, scenario=scenario, control=control)


class DrillFailed(Exception):
    """A drill that did not end as it should; holds its report."""


class ScenarioItem(pytest.Item):
    """One drill, or one drill with a protection off, which has to be caught."""

    def __init__(self, *, scenario: "Scenario", control: "NegativeControl | None", **rest: Any) -> None:
        super().__init__(**rest)
        self.scenario = scenario
        self.control = control
        self.add_marker("slow")

    def runtest(self) -> None:
        from harness.reports.text import report_text
        from harness.verdict import Outcome

        seed = self.config.getoption("--harness-seed")
        run = self.config.stash[_RUNNER].drill(self.scenario, seed, self.control)
        if run.skipped:
            pytest.skip(run.skipped)
        if self.control is None:
            if run.outcome is not Outcome.PASS:
                raise DrillFailed(report_text(run))
        elif not run.caught:
            raise DrillFailed(f"{self.control.must_fail} did not fail with {self.control.why}\n{report_text(run)}")

    def repr_failure(self, excinfo: "ExceptionInfo[BaseException]", style: Any = None) -> "str | TerminalRepr":
        if isinstance(excinfo.value, DrillFailed):
            return str(excinfo.value)
        return super().repr_failure(excinfo, style)

    def reportinfo(self) -> tuple[Path, int | None, str]:
        return self.path, None, f"drill {self.name}"


def pytest_sessionfinish(session: pytest.Session) -> None:
    runner = session.config.stash.get(_RUNNER, None)
    if runner is not None:
        runner.close()
