"""The key: from the environment, or from a file outside of the project, else a fresh one; and the project's rules."""

import sys
from pathlib import Path

import pytest

from harness.config import Config, ConfigError
from harness.traces import Redactor, redactor_of
from harness.traces.redaction_key import KEY, KEY_FILE, redaction_key


@pytest.fixture
def project(tmp_path: Path) -> Path:
    project = tmp_path / "project"
    project.mkdir()
    return project


def key_file(path: Path, content: str = "0123456789abcdef\n", mode: int = 0o600) -> Path:
    path.write_text(content)
    path.chmod(mode)
    return path


def test_where_it_comes_from(project: Path, tmp_path: Path) -> None:
    file = key_file(tmp_path / "key")
    assert redaction_key(project, {KEY: "from the environment", KEY_FILE: str(file)}) == b"from the environment"
    assert redaction_key(project, {KEY_FILE: str(file)}) == b"0123456789abcdef"
    fresh = redaction_key(project, {})
    assert len(fresh) == 32
    assert fresh != redaction_key(project, {KEY: "", KEY_FILE: ""})


def test_a_key_that_is_no_good_is_refused_and_not_shown(project: Path, tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(key_file(project / "key", "inside the project"))
    for environ, said in (
        ({KEY: "short"}, f"{KEY}: expected a key of at least 16 bytes, seen 5"),
        ({KEY_FILE: str(tmp_path / "nowhere")}, "No such file"),
        ({KEY_FILE: str(tmp_path)}, "expected a file of at most"),
        ({KEY_FILE: str(key_file(tmp_path / "short", "tiny"))}, "at least 16 bytes, seen 4"),
        ({KEY_FILE: str(key_file(tmp_path / "open", mode=0o644))}, "others can read it; run chmod 600"),
        ({KEY_FILE: str(project / "key")}, "expected a file outside of"),
        ({KEY_FILE: str(tmp_path / "link")}, "expected a file outside of"),
        ({KEY_FILE: str(key_file(tmp_path / "large", "x" * 5_000))}, "expected a file of at most"),
    ):
        with pytest.raises(ConfigError) as refused:
            redaction_key(project, environ)
        assert said in str(refused.value)
        assert "inside the project" not in str(refused.value)


def _config(project: Path, line: str = "") -> Config:
    (project / "pyproject.toml").write_text(f'[tool.harness]\ntopology = "t:T"\nscenarios = "s"\n{line}\n')
    return Config.load(project)


def test_rules_come_from_the_project(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "path", [*sys.path])
    module = f"redaction_of_{abs(hash(str(project))):x}"
    (project / f"{module}.py").write_text(
        "from harness.traces import RedactionRules\nRULES = RedactionRules(fields={'nick': 'person'})\nNONE = 5\n"
    )
    environ = {KEY: "0123456789abcdef"}
    assert isinstance(redactor_of(_config(project), environ), Redactor)
    assert isinstance(redactor_of(_config(project, f'redaction = "{module}:RULES"'), environ), Redactor)
    with pytest.raises(ConfigError, match=r"expected .*:NONE to be a harness.traces.RedactionRules, saw int"):
        redactor_of(_config(project, f'redaction = "{module}:NONE"'), environ)
