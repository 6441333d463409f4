"""`harness trace pack` and `unpack`: there and back, byte for byte, and what cannot be done is said."""

from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from harness.cli import HARNESS_ERROR, main
from tests.harness.replaying.toy_repository import ToyRepository, make_repository


@pytest.fixture
def toy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ToyRepository:
    toy = make_repository(tmp_path, monkeypatch)
    toy.add_trace("fruit/long", "pineapple", 9)
    monkeypatch.chdir(toy.folder)
    return toy


def harness(*words: str) -> Result:
    return CliRunner().invoke(main, ("trace", *words))


def test_there_and_back_and_replayed_from_the_file(toy: ToyRepository, tmp_path: Path) -> None:
    file, folder = tmp_path / "all.packed", tmp_path / "out"
    assert "2 traces in" in harness("pack", str(file)).stderr
    assert harness("unpack", str(file), str(folder)).exit_code == 0
    root = toy.folder / "traces"
    files = {path.relative_to(root): path.read_bytes() for path in root.rglob("*.yaml")}
    assert {path.relative_to(folder): path.read_bytes() for path in folder.rglob("*.yaml")} == files
    assert len(files) == 4
    replayed = harness("replay", str(file))
    assert (replayed.exit_code, "2 traces: 2 pass" in replayed.stdout) == (0, True)
    assert harness("pack", str(tmp_path / "again"), "--from", str(folder)).exit_code == 0
    assert (tmp_path / "again").read_bytes() == file.read_bytes()


def test_what_cannot_be_done_is_said(toy: ToyRepository, tmp_path: Path) -> None:
    file = tmp_path / "all.packed"
    harness("pack", str(file))
    whole = file.read_bytes()
    for words, said in (
        (("unpack", str(file), "traces"), "is there and not empty"),
        (("unpack", "pyproject.toml", str(tmp_path / "x")), "pyproject.toml"),
        (("pack", str(tmp_path / "no" / "such"), "--from", "traces"), "No such file"),
        (("pack", str(file), "--from", "drills"), "expected folders with a trace.yaml"),
    ):
        result = harness(*words)
        assert (result.exit_code, said in result.output) == (HARNESS_ERROR, True), result.output
        assert "Traceback" not in result.output
    assert file.read_bytes() == whole
    file.write_bytes(whole[:-20])
    cut_off = harness("replay", str(file))
    assert cut_off.exit_code == HARNESS_ERROR
    assert str(file) in cut_off.output
