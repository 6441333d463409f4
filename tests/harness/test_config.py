"""[tool.harness] of the nearest project, and clear words for whatever is wrong with it."""

import sys
from pathlib import Path

import pytest

from harness.config import Config, ConfigError

GOOD = '[tool.harness]\ntopology = "{package}.world:TOPOLOGY"\nscenarios = "{package}"\n'


@pytest.fixture(autouse=True)
def import_path_is_put_back(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "path", [*sys.path])


@pytest.fixture
def package(request: pytest.FixtureRequest) -> str:
    """A package name of its own for each test: imports are remembered for the whole session."""
    return f"drills_of_{abs(hash(request.node.name)):x}"


def project(folder: Path, text: str) -> Path:
    (folder / "pyproject.toml").write_text(text)
    return folder


def test_the_nearest_project_counts(tmp_path: Path) -> None:
    outer = project(tmp_path, GOOD.format(package="outer"))
    inner = tmp_path / "a" / "b"
    inner.mkdir(parents=True)
    project(tmp_path / "a", '[project]\nname = "without a harness"\n')
    config = Config.load(inner)
    assert config.project == outer.resolve()
    assert config.scenarios_directory == outer.resolve() / "outer"
    assert config.runs == outer.resolve() / "runs"
    assert (config.claims, config.traces, config.replay, config.operator) == (None, None, None, ())


def test_everything_that_can_be_said(tmp_path: Path) -> None:
    more = 'claims = "c.toml"\ntraces = "t"\nreplay = "r:replay"\ncomparison = "c:RULES"\nredaction = "c:REDACTION"\n'
    more += 'driver = "c:driver"\n'
    more += 'operator = ["python", "-m", "x"]\nruns = "out/runs"\ncode = ["src", "a.py"]\nlock = "deep/x.lock"\n'
    config = Config.load(project(tmp_path, GOOD.format(package="p") + more))
    assert config.claims == config.project / "c.toml"
    assert config.traces == config.project / "t"
    assert config.replay == "r:replay"
    assert config.comparison == "c:RULES"
    assert (config.redaction, config.driver) == ("c:REDACTION", "c:driver")
    assert config.operator == ("python", "-m", "x")
    assert (config.code, config.lock) == (("src", "a.py"), "deep/x.lock")
    assert config.runs == config.project / "out" / "runs"


def test_what_another_revision_states(tmp_path: Path) -> None:
    content = (GOOD.format(package="p") + 'replay = "was.elsewhere:replay"\n').encode()
    assert Config.of_revision(tmp_path, content, "v1").replay == "was.elsewhere:replay"
    for wrong, said in ((b"[", "pyproject.toml of v1 is not TOML"), (b"\xff", "is not TOML"), (b"", "of v1 has no")):
        with pytest.raises(ConfigError, match=said):
            Config.of_revision(tmp_path, wrong, "v1")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[tool.harness", "is not TOML"),
        ("[tool]\nharness = 1\n", "has to be a table, saw 1"),
        ("[tool.harness]\n", "wants scenarios = ... as text, saw None"),
        ('[tool.harness]\nscenarios = "s"\n', "wants topology = ... as text, saw None"),
        (GOOD + "scenaros = 1\n", "knows no scenaros; it has alert_contact, claims, code, comparison"),
        (GOOD + "runs = 1\n", "wants runs = ... as text, saw 1"),
        (GOOD + "claims = []\n", "wants claims = ... as text"),
        (GOOD + 'operator = "python -m x"\n', r"wants operator = \[.*saw 'python -m x'"),
        (GOOD + "operator = [7]\n", "wants operator = "),
        (GOOD + 'code = "src"\n', r"wants code = \[.*saw 'src'"),
        (GOOD + 'code = ["src", "../other"]\n', "wants code and lock inside the project, saw '../other'"),
        (GOOD + 'code = ["./src"]\n', "inside the project, saw './src'"),
        (GOOD + 'lock = "/etc/passwd"\n', "inside the project, saw '/etc/passwd'"),
        (GOOD + 'lock = ""\n', "inside the project, saw ''"),
        ("", r"no pyproject\.toml with a \[tool\.harness\]"),
        ("x = 1\n" * 200_000, "is larger than 1000000 bytes"),
        ('[tool.harness]\ntopology = "t:T"\nscenarios = "../elsewhere"\n', "a folder inside"),
        ('[tool.harness]\ntopology = "t:T"\nscenarios = "."\n', "a folder inside"),
    ],
)
def test_what_is_wrong_is_said(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        Config.load(project(tmp_path, text))


def test_a_pyproject_of_another_kind_is_passed_over(tmp_path: Path) -> None:
    project(tmp_path, "tool = 1\n")
    with pytest.raises(ConfigError, match=r"no pyproject\.toml with a \[tool\.harness\]"):
        Config.load(tmp_path)


def test_what_cannot_be_read_or_is_too_large_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (project(tmp_path, "") / "pyproject.toml").write_bytes(b"\xff\xfe")
    with pytest.raises(ConfigError, match="is not TOML"):
        Config.load(tmp_path)
    monkeypatch.setattr("harness.config._SIZE_LIMIT_BYTES", 1)
    with pytest.raises(ConfigError, match="larger than 1 bytes"):
        Config.load(tmp_path)


def written(folder: Path, package: str, **modules: str) -> Config:
    """A project whose package holds these modules."""
    (folder / package).mkdir()
    for name, text in modules.items():
        (folder / package / f"{name}.py").write_text(text)
    return Config.load(project(folder, GOOD.format(package=package)))


def test_scenarios_are_found_by_their_folder(tmp_path: Path, package: str) -> None:
    config = written(tmp_path, package, b="SCENARIOS = (1, 2)", a="SCENARIOS = ()", _private="raise SystemExit")
    (config.scenarios_directory / "inner").mkdir()
    (config.scenarios_directory / "inner" / "c.py").write_text("raise SystemExit")
    assert config.discover_scenarios() == {"a": (), "b": (1, 2)}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("x = 1", r"wrong.*has no SCENARIOS"),
        ("SCENARIOS = [1]", "SCENARIOS must be a tuple, saw list"),
        ("x = 1\nimport not_there_at_all", r"ModuleNotFoundError: .*wrong\.py, line 2\)"),
        ("def f(:", "cannot load .*: SyntaxError"),
        ("x = 1\n\nraise ValueError('no name')", r"ValueError: no name \(.*wrong\.py, line 3\)"),
        ("import os\nos.no_such_name", r"AttributeError: .*wrong\.py, line 2\)"),
    ],
)
def test_a_module_that_cannot_be_loaded_is_named_with_the_place(
    tmp_path: Path, package: str, text: str, said: str
) -> None:
    with pytest.raises(ConfigError, match=said):
        written(tmp_path, package, wrong=text).discover_scenarios()


def test_a_folder_that_is_not_there_is_said(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="is not a folder"):
        Config.load(project(tmp_path, GOOD.format(package="nowhere"))).discover_scenarios()


def test_the_topology_is_loaded_by_its_reference(tmp_path: Path, package: str) -> None:
    assert written(tmp_path, package, world="TOPOLOGY = 'anything'").load_topology() == "anything"


def test_a_module_that_is_not_there_is_said(tmp_path: Path, package: str) -> None:
    with pytest.raises(ConfigError, match="cannot load"):
        written(tmp_path, package).load_topology()


@pytest.mark.parametrize("reference", ["t", "json.dumps", "t:", ":T", "", ".t:T"])
def test_what_is_no_reference_is_said(tmp_path: Path, reference: str) -> None:
    config = Config.load(project(tmp_path, f'[tool.harness]\ntopology = "{reference}"\nscenarios = "s"\n'))
    with pytest.raises(ConfigError, match=r"write package\.module:ATTRIBUTE"):
        config.load_topology()
