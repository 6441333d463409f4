"""`pytest scenarios/` with the plugin: scenarios are collected as tests, and fail with their report."""

from pathlib import Path

import pytest

from tests.harness.toy_project import MODULE, PYPROJECT

pytest_plugins = ["pytester"]

CONFTEST = """
import pytest
from tests.harness.toy_project import InSeries

@pytest.fixture(autouse=True, scope="session")
def nothing(): ...

def pytest_configure(config):
    import harness.drill, harness.series
    InSeries.made = []
    harness.series.environment_called = lambda name: InSeries
    harness.drill._EVIDENCE_WITHIN_S = 0.2
"""
ROOT = Path(__file__).parents[2]


@pytest.fixture
def project(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> pytest.Pytester:
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    # Loaded by name, and so just once, whether or not the project is installed where this runs.
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
    pytester.makepyprojecttoml(PYPROJECT)
    pytester.makeconftest(CONFTEST)
    (pytester.mkdir("drills") / "toys.py").write_text(MODULE)
    return pytester


def run(project: pytest.Pytester, *words: str) -> pytest.RunResult:
    """In a process of its own."""
    return project.runpytest_subprocess("-p", "harness.pytest_plugin", *words)


def test_every_scenario_is_a_test(project: pytest.Pytester) -> None:
    result = run(project, "drills", "--harness-seed", "3", "-v")
    result.assert_outcomes(passed=2)
    result.stdout.fnmatch_lines(["*shop_dies PASSED*", "*shop_dies_twice PASSED*"])


def test_one_scenario_can_be_chosen(project: pytest.Pytester) -> None:
    run(project, "drills", "-k", "twice").assert_outcomes(passed=1, deselected=1)


def test_a_control_that_is_not_caught_fails_with_the_report(project: pytest.Pytester) -> None:
    result = run(project, "drills", "--harness-negative", "-k", "without")
    result.assert_outcomes(failed=2, deselected=2)
    result.stdout.fnmatch_lines(["*SomethingWasBought did not fail with toys*"])


def test_files_outside_the_scenarios_folder_are_left_alone(project: pytest.Pytester) -> None:
    project.makepyfile(test_plain="def test_plain(): pass", helper="SCENARIOS = ('not', 'ours')")
    run(project, "--ignore=drills").assert_outcomes(passed=1)


def test_a_mistake_in_a_scenario_is_told_as_such(project: pytest.Pytester) -> None:
    (project.path / "drills" / "toys.py").write_text('"""Wrong."""\nSCENARIOS = ("shop",)\n')
    result = run(project, "drills")
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(["*holds 'shop', which is not a Scenario*"])
