"""The scenarios carry claims and hazards that are stated in claims.toml, which says each of them once."""

import re
import tomllib
from typing import Any

import pytest

from harness.config import Config
from harness.judging import course_of, objectives_of
from harness.scenario import Scenario

CONFIG = Config.load()
SCENARIOS: list[Scenario] = [one for found in CONFIG.discover_scenarios().values() for one in found]


@pytest.fixture(scope="module")
def stated() -> dict[str, Any]:
    assert CONFIG.claims is not None
    return tomllib.loads(CONFIG.claims.read_text(encoding="utf-8"))


def test_every_claim_has_a_section_and_words(stated: dict[str, Any]) -> None:
    assert set(stated) == {"sections", "claims", "hazards"}
    for claim, words in stated["claims"].items():
        section, number = re.fullmatch(r"(\d)\.(\d)", claim).groups()  # type: ignore[union-attr]
        assert section in stated["sections"]
        assert number == "1" or f"{section}.{int(number) - 1}" in stated["claims"], f"{claim} leaves a gap"
        assert len(words) > 20
    assert len(set(stated["claims"].values())) == len(stated["claims"])


def test_every_hazard_says_its_harm_and_the_right_recovery(stated: dict[str, Any]) -> None:
    assert list(stated["hazards"]) == [f"H{number + 1}" for number in range(len(stated["hazards"]))]
    for hazard in stated["hazards"].values():
        assert set(hazard) == {"harm", "recovery"}
        assert all(hazard.values())


@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda scenario: scenario.name)
def test_a_scenario_carries_what_is_stated(scenario: Scenario, stated: dict[str, Any]) -> None:
    carried = {claim for checker in (*scenario.invariants, *course_of(scenario)) for claim in checker.claims}
    carried |= {claim for objective in objectives_of(scenario) for claim in objective.claims}
    carried |= {claim for control in scenario.negative_controls for claim in control.claims}
    assert carried, "a scenario that carries no claim checks nothing of the playbook"
    assert carried <= set(stated["claims"])
    assert set(scenario.hazards) <= set(stated["hazards"])
