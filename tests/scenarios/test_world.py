"""The scenarios carry claims and hazards that are stated in claims.toml, which says each of them once."""

import pytest

from harness.catalogue import Catalogue
from harness.claims import Claims
from harness.config import Config
from harness.judging import course_of, objectives_of
from harness.reports.coverage import Coverage
from harness.reports.playbook import FILE_NAME, HINT, render_playbook
from harness.scenario import Scenario

CONFIG = Config.load()
SCENARIOS: list[Scenario] = [one for found in CONFIG.discover_scenarios().values() for one in found]


@pytest.fixture(scope="module")
def stated() -> Claims:
    return Claims.of(CONFIG)


def test_every_claim_has_a_section_and_words(stated: Claims) -> None:
    for claim in stated.claims.values():
        number = int(claim.id.partition(".")[2])
        assert number == 1 or f"{claim.section}.{number - 1}" in stated.claims, f"{claim.id} leaves a gap"
        assert len(claim.text) > 20
    assert len({claim.text for claim in stated.claims.values()}) == len(stated.claims)


def test_every_hazard_is_counted(stated: Claims) -> None:
    assert list(stated.hazards) == [f"H{number + 1}" for number in range(len(stated.hazards))]


def test_what_is_carried_is_stated(stated: Claims) -> None:
    assert Coverage(scenarios=tuple(SCENARIOS), claims=stated).document()["claims"]


@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda scenario: scenario.name)
def test_a_scenario_carries_what_is_stated(scenario: Scenario, stated: Claims) -> None:
    carried = {claim for checker in (*scenario.invariants, *course_of(scenario)) for claim in checker.claims}
    carried |= {claim for objective in objectives_of(scenario) for claim in objective.claims}
    carried |= {claim for control in scenario.negative_controls for claim in control.claims}
    assert carried, "a scenario that carries no claim checks nothing of the playbook"
    assert carried <= set(stated.claims)
    assert set(scenario.hazards) <= set(stated.hazards)
    assert scenario.cause, "a review of the incident wants its root cause"
    assert scenario.prevention, "a review of the incident wants what prevents it"


def test_the_playbook_says_what_the_scenarios_say(stated: Claims) -> None:
    file = CONFIG.scenarios_directory / FILE_NAME
    rendered = render_playbook(Catalogue.of(CONFIG).modules, stated, CONFIG.operator)
    assert file.is_file(), f"{file} is not there; {HINT}"
    assert file.read_text(encoding="utf-8") == rendered, f"{file} is stale; {HINT}"
