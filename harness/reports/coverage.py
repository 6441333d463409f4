"""What checks each claim, and what shows each hazard: read from the scenarios, from the claims file, and nowhere else.

A claim is carried by a symptom, an alert, a step, a checker or an objective of a scenario, or held by tests. What
nothing carries is said to be carried by nothing. How a drill ended is a run's own affair.
"""

import re
import shlex
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from harness.claims import Claims, ClaimsError
from harness.scenario import NegativeControl, Recovery, Scenario
from harness.steps import Operate


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """A part of a scenario that carries claims. `kind` is symptom, alert, step, checker or objective."""

    scenario: str
    kind: str
    name: str
    claims: tuple[str, ...]


def checks_of(scenario: Scenario) -> Iterator[Check]:
    """Every part of `scenario` that carries a claim, in the order in which a scenario reads."""
    parts = [("symptom", symptom.text, symptom.claims) for symptom in scenario.symptoms]
    if scenario.alert is not None:
        parts.append(("alert", scenario.alert.text, scenario.alert.claims))
    if isinstance(scenario.recovery, Recovery):
        steps = (step for step in scenario.recovery.steps if isinstance(step, Operate))
        parts += [("step", shlex.join(step.words), step.claims) for step in steps]
    parts += [("checker", checker.name, checker.claims) for checker in scenario.invariants]
    parts += [("objective", objective.name, objective.claims) for objective in scenario.objectives]
    for kind, name, claims in parts:
        if claims:
            yield Check(scenario=scenario.name, kind=kind, name=name, claims=claims)


def hazards_shown_by(control: NegativeControl) -> set[str]:
    """The hazards whose harm a negative control shows: the ids in its `why`."""
    return set(re.findall(r"\bH\d+\b", control.why))


@dataclass(frozen=True, slots=True, kw_only=True)
class Coverage:
    """All scenarios beside all that is stated."""

    scenarios: tuple[Scenario, ...]
    claims: Claims

    def __post_init__(self) -> None:
        """Raise ClaimsError for an id that a scenario carries and the claims file, where there is one, lacks."""
        if not (self.claims.claims or self.claims.hazards):
            return
        for scenario in self.scenarios:
            carried = {id_ for check in checks_of(scenario) for id_ in check.claims}
            hazards = set(scenario.hazards) - set(self.claims.hazards)
            if strangers := sorted((carried - set(self.claims.claims)) | hazards):
                listed = ", ".join(strangers)
                raise ClaimsError(f"scenario {scenario.name!r} carries {listed}, which the claims do not state")

    def checks(self, claim: str) -> list[Check]:
        """Whatever carries this claim, in any scenario."""
        return [check for one in self.scenarios for check in checks_of(one) if claim in check.claims]

    def controls(self, hazard: str) -> list[tuple[Scenario, NegativeControl]]:
        """The negative controls that show this hazard's harm."""
        return [
            (one, control)
            for one in self.scenarios
            for control in one.negative_controls
            if hazard in hazards_shown_by(control)
        ]

    @property
    def carried_by_nothing(self) -> list[str]:
        """The claims that neither a scenario nor a test holds."""
        return [id_ for id_, claim in self.claims.claims.items() if not claim.tests and not self.checks(id_)]

    @property
    def shown_by_nothing(self) -> list[str]:
        """The hazards whose harm neither a negative control nor a test shows."""
        return [id_ for id_, hazard in self.claims.hazards.items() if not hazard.tests and not self.controls(id_)]

    def document(self) -> dict[str, Any]:
        """As `harness playbook --json` prints it."""
        nothing, unseen = self.carried_by_nothing, self.shown_by_nothing
        return {
            "claims": [
                {
                    "id": id_,
                    "section": self.claims.sections[claim.section],
                    "text": claim.text,
                    "carried": id_ not in nothing,
                    "checked_by": _documents(self.checks(id_)),
                    "tests": list(claim.tests),
                }
                for id_, claim in self.claims.claims.items()
            ],
            "hazards": [
                {
                    "id": id_,
                    "harm": hazard.harm,
                    "recovery": hazard.recovery,
                    "scenarios": [scenario.name for scenario in self.scenarios if id_ in scenario.hazards],
                    "shown": id_ not in unseen,
                    "controls": [
                        {"scenario": scenario.name, "control": control.name, "must_fail": control.must_fail}
                        for scenario, control in self.controls(id_)
                    ],
                    "tests": list(hazard.tests),
                }
                for id_, hazard in self.claims.hazards.items()
            ],
            "carried_by_nothing": nothing,
            "shown_by_nothing": unseen,
        }


def _documents(checks: Iterable[Check]) -> list[dict[str, str]]:
    return [{"scenario": one.scenario, "kind": one.kind, "name": one.name} for one in checks]
