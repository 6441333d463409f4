"""Where a project says what it brings; a mistake in it is answered with what was expected and what was seen."""

import sys
from pathlib import Path

import pytest

from harness.config import Config, ConfigError

TABLE = """
[tool.harness]
topology = "shop.parts:TOPOLOGY"
scenarios = "failures"
"""


def project(folder: Path, text: str) -> Path:
    folder.mkdir(exist_ok=True)
    (folder / "pyproject.toml").write_text(text)
    return folder


def test_the_nearest_project_upwards_is_read(tmp_path: Path) -> None:
    outer = project(tmp_path / "outer", TABLE + 'operator = ["shop", "-v"]\nclaims = "claims.toml"\nruns = "kept"\n')
    inner = project(outer / "inner", "[tool.other]\n")
    config = Config.load(inner)
    assert config.project == outer
    assert config.scenarios_directory == outer / "failures"
    assert (config.claims, config.traces, config.runs) == (outer / "claims.toml", None, outer / "kept")
    assert config.operator == ("shop", "-v")


def test_runs_have_a_folder_of_their_own_unless_said_otherwise(tmp_path: Path) -> None:
    assert Config.load(project(tmp_path, TABLE)).runs == tmp_path / "runs"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "no pyproject.toml with a .tool.harness. in"),
        ("[tool]\nharness = 7\n", "no pyproject.toml with a .tool.harness. in"),
        ("[tool.harness]\n", "wants topology = ... as text, saw None"),
        ('[tool.harness]\ntopology = "a:B"\nscenarios = 7\n', "wants scenarios = ... as text, saw 7"),
        (TABLE + 'topologie = "a:B"\n', "knows no topologie; it has"),
        (TABLE + 'operator = "shop -v"\n', "wants operator = .*, saw 'shop -v'"),
        (TABLE + "operator = [7]\n", "wants operator = "),
        ("[tool.harness\n", "is not TOML"),
        ("x = 1\n" * 200_000, "is larger than 1000000 bytes"),
    ],
)
def test_a_mistake_is_named(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        Config.load(project(tmp_path, text))


def test_text_that_is_not_utf_8_is_no_toml(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_bytes(b"\xff\xfe")
    with pytest.raises(ConfigError, match="is not TOML"):
        Config.load(tmp_path)


@pytest.fixture
def config(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Config:
    """A project whose scenarios are in a package that no other test has."""
    monkeypatch.setattr(sys, "path", [*sys.path])
    folder = "config_of_" + tmp_path.name.replace("-", "_")
    loaded = Config.load(project(tmp_path, TABLE.replace("failures", folder)))
    loaded.scenarios_directory.mkdir()
    return loaded


def test_scenarios_are_those_of_the_public_modules(config: Config) -> None:
    for name, text in (("b_fire", "SCENARIOS = (1, 2)"), ("a_flood", "SCENARIOS = (3,)"), ("_private", "1 / 0")):
        (config.scenarios_directory / f"{name}.py").write_text(text)
    found = config.discover_scenarios()
    assert list(found.items()) == [("a_flood", (3,)), ("b_fire", (1, 2))]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("SCENARIOS = [1]", "SCENARIOS must be a tuple, saw list"),
        ("", "has no SCENARIOS"),
        ("import no_such_module_at_all", "No module named 'no_such_module_at_all'"),
    ],
)
def test_a_module_without_scenarios_is_named(config: Config, text: str, message: str) -> None:
    (config.scenarios_directory / "wrong.py").write_text(text)
    with pytest.raises(ConfigError, match=message):
        config.discover_scenarios()


def test_a_folder_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="failures is not a folder"):
        Config.load(project(tmp_path, TABLE)).discover_scenarios()


@pytest.mark.parametrize(
    ("reference", "message"), [("json.dumps", "write package.module:ATTRIBUTE"), ("no_such_thing:A", "cannot load")]
)
def test_a_reference_that_leads_nowhere_is_named(tmp_path: Path, reference: str, message: str) -> None:
    loaded = Config.load(project(tmp_path, TABLE.replace("shop.parts:TOPOLOGY", reference)))
    with pytest.raises(ConfigError, match=message):
        loaded.load_topology()


def test_a_topology_is_whatever_its_reference_names(tmp_path: Path) -> None:
    loaded = Config.load(project(tmp_path, TABLE.replace("shop.parts:TOPOLOGY", "tests.toy:TOPOLOGY")))
    assert loaded.load_topology().name == "toy"
