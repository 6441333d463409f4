"""Which scenarios there are, and which ones a name means.

A name is a scenario, or a module for all its variants, or `all`. A name that is neither is answered with the nearest.
"""

import difflib
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self

from harness.config import Config
from harness.scenario import Recovery, Scenario, ScenarioError
from harness.topology import Topology, TopologyError

ALL = "all"


@dataclass(frozen=True, slots=True, kw_only=True)
class Catalogue:
    """The scenarios of a project by module, in the order of their modules' names, and the topology they run in."""

    topology: Topology
    modules: Mapping[str, tuple[Scenario, ...]]

    @classmethod
    def of(cls, config: Config) -> Self:
        """Load everything that the configuration names; raises ScenarioError for what is not a scenario."""
        topology = config.load_topology()
        if not isinstance(topology, Topology):
            raise TopologyError(f"{config.topology} is not a Topology but {type(topology).__name__}")
        modules: dict[str, tuple[Scenario, ...]] = {}
        for module, found in config.discover_scenarios().items():
            for scenario in found:
                if not isinstance(scenario, Scenario):
                    raise ScenarioError(f"SCENARIOS of {module} holds {scenario!r}, which is not a Scenario")
                scenario.check_against(topology)
            modules[module] = tuple(found)
        return cls(topology=topology, modules=modules)

    @property
    def scenarios(self) -> tuple[Scenario, ...]:
        """All scenarios, in order."""
        return tuple(scenario for found in self.modules.values() for scenario in found)

    def named(self, names: Sequence[str]) -> tuple[Scenario, ...]:
        """What `names` mean, each scenario once; raises ScenarioError, with the nearest, for a name that means
        nothing.
        """
        chosen: dict[str, Scenario] = {}
        by_name = {scenario.name: scenario for scenario in self.scenarios}
        for name in names:
            if name == ALL:
                found = self.scenarios
            elif name in self.modules:
                found = self.modules[name]
            elif name in by_name:
                found = (by_name[name],)
            else:
                raise ScenarioError(_unknown(name, [*self.modules, *by_name]))
            chosen.update({scenario.name: scenario for scenario in found})
        return tuple(chosen.values())

    def drillable(self, names: Sequence[str], may_break: Collection[str] | None) -> tuple[Scenario, ...]:
        """What `names` mean, all of it allowed; raises ScenarioError before anything is started."""
        chosen = self.named(names)
        for scenario in chosen:
            scenario.check_allowed(may_break)
        return chosen

    def listing(self) -> list[dict[str, Any]]:
        """One row a scenario, as `harness list --json` prints it."""
        return [
            {
                "name": scenario.name,
                "module": module,
                "title": scenario.title,
                "playbook": scenario.playbook,
                "faults": [f"{fault.name} {fault.target}" for fault in scenario.faults],
                "conditions": [f"{hold.fault.name} {hold.fault.target}" for hold in scenario.conditions],
                "recovery": _recovery(scenario),
                "invariants": [checker.name for checker in scenario.invariants],
                "objectives": [f"{objective.name} {objective.limit_s:g} s" for objective in scenario.objectives],
                "negative_controls": [
                    {"name": control.name, "must_fail": control.must_fail, "why": control.why}
                    for control in scenario.negative_controls
                ],
                "needs": sorted(need.value for need in scenario.needs()),
            }
            for module, found in self.modules.items()
            for scenario in found
        ]


def _recovery(scenario: Scenario) -> list[str]:
    if not isinstance(scenario.recovery, Recovery):
        return ["heals with its fault"]
    return [" ".join(words) for step in scenario.recovery.steps if (words := getattr(step, "words", None))]


def _unknown(name: str, known: Sequence[str]) -> str:
    nearest = difflib.get_close_matches(name, [*known, ALL], n=1, cutoff=0.4)
    hint = f"; did you mean {nearest[0]!r}?" if nearest else "."
    return f"no scenario or module is called {name!r}{hint} `harness list` shows what there is."
