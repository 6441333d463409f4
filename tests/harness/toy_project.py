"""A small project on disk with the toy shop's scenario, for tests of everything that starts from a configuration."""

from pathlib import Path

import pytest

from harness.series import Series
from harness.topology import Topology
from tests.toy import ToyEnvironment

PYPROJECT = """
[tool.harness]
topology = "tests.toy:TOPOLOGY"
scenarios = "drills"
"""
MODULE = '''"""The toy shop."""

from dataclasses import replace

from tests.harness.toy_scenario import SHOP_DIES

SCENARIOS = (SHOP_DIES, replace(SHOP_DIES, name="shop_dies_twice"))
'''


class InSeries(ToyEnvironment):
    """Takes what a series gives to the environment that it makes."""

    made: "list[InSeries]"

    def __init__(self, topology: Topology, **words: object) -> None:
        super().__init__(topology=topology)
        self.words = words
        type(self).made.append(self)

    async def reset(self, *, overrides: object = None) -> None:
        self.log = [*(entry for entry in self.log if entry != "open back door"), "reset"]
        self.state = "running"
        self.words["overrides"] = overrides


def make_project(folder: Path, monkeypatch: pytest.MonkeyPatch, *, more: str = "") -> Path:
    """Write the project into `folder`, go there, and let drills run on the toy environment; `more` is configuration."""
    (folder / "drills").mkdir(exist_ok=True)
    (folder / "drills" / "toys.py").write_text(MODULE)
    (folder / "pyproject.toml").write_text(PYPROJECT + more)
    monkeypatch.chdir(folder)
    monkeypatch.syspath_prepend(str(folder))
    InSeries.made = []
    monkeypatch.setattr("harness.series.environment_called", lambda name: InSeries)
    assert Series.__module__ == "harness.series"
    return folder
