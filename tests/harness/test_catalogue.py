"""What a name on the command line means."""

from pathlib import Path

import pytest

from harness.catalogue import Catalogue
from harness.config import Config
from harness.scenario import ScenarioError
from tests.harness.toy_project import make_project


@pytest.fixture
def catalogue(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Catalogue:
    return Catalogue.of(Config.load(make_project(tmp_path, monkeypatch)))


@pytest.mark.parametrize(
    ("names", "found"),
    [
        (["shop_dies"], ["shop_dies"]),
        (["toys"], ["shop_dies", "shop_dies_twice"]),
        (["all"], ["shop_dies", "shop_dies_twice"]),
        (["shop_dies_twice", "toys"], ["shop_dies_twice", "shop_dies"]),
    ],
)
def test_a_name_is_a_scenario_or_a_module_or_all(catalogue: Catalogue, names: list[str], found: list[str]) -> None:
    assert [scenario.name for scenario in catalogue.named(names)] == found


def test_a_typo_is_answered_with_the_nearest(catalogue: Catalogue) -> None:
    with pytest.raises(ScenarioError, match="did you mean 'shop_dies'"):
        catalogue.named(["shop_dise"])


def test_a_name_like_nothing_is_answered_with_where_to_look(catalogue: Catalogue) -> None:
    with pytest.raises(ScenarioError, match="`harness list` shows what there is"):
        catalogue.named(["zzzz"])


def test_the_listing_holds_what_a_scenario_says_of_itself(catalogue: Catalogue) -> None:
    row = catalogue.listing()[0]
    assert row["name"] == "shop_dies"
    assert row["faults"] == ["kill shop"]
    assert row["recovery"] == ["open back door"]
    assert row["objectives"] == ["rto 60 s"]
    assert row["negative_controls"][0]["must_fail"] == "SomethingWasBought"


def test_what_is_not_a_scenario_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    project = make_project(tmp_path, monkeypatch)
    (project / "drills" / "wrong.py").write_text('"""No scenario."""\nSCENARIOS = ("shop",)\n')
    with pytest.raises(ScenarioError, match="holds 'shop', which is not a Scenario"):
        Catalogue.of(Config.load(project))
