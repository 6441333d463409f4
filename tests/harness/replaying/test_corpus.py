"""Names of traces: what they mean, each place once, and what comes near when they mean nothing."""

from pathlib import Path

import pytest

from harness.config import ConfigError
from harness.replaying.corpus import NoSuchTrace, chosen, drafts, one
from harness.traces import pack
from tests.harness.replaying.toy_repository import ToyRepository, make_repository


@pytest.fixture
def toy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ToyRepository:
    toy = make_repository(tmp_path, monkeypatch)
    for name in ("fruit/long", "fruit/short", "other"):
        toy.add_trace(name, name, 1)
    monkeypatch.chdir(toy.folder)
    return toy


@pytest.mark.parametrize(
    ("names", "found"),
    [
        (["all"], ["fruit/long", "fruit/short", "one", "other"]),
        (["one"], ["one"]),
        (["fruit"], ["fruit/long", "fruit/short"]),
        (["other", "fruit/long", "other", "traces/other"], ["other", "fruit/long"]),
        (["traces/fruit"], ["fruit/long", "fruit/short"]),
        (["traces/fruit/long/"], ["fruit/long"]),
    ],
)
def test_what_names_mean(toy: ToyRepository, names: list[str], found: list[str]) -> None:
    assert [trace.id for trace in chosen(toy.config(), names)] == found


def test_a_folder_elsewhere_is_called_after_itself(toy: ToyRepository, tmp_path: Path) -> None:
    (toy.folder / "traces" / "fruit").rename(tmp_path / "elsewhere")
    for folder in (tmp_path / "elsewhere").iterdir():
        text = (folder / "trace.yaml").read_text()
        (folder / "trace.yaml").write_text(text.replace("id: fruit/", "id: "))
    assert [trace.id for trace in chosen(toy.config(), [str(tmp_path / "elsewhere")])] == ["long", "short"]
    assert one(toy.config(), str(tmp_path / "elsewhere" / "long")).id == "long"


@pytest.mark.parametrize("name", ["frut", "traces/frut/long", "", "drills", "one/trace.yml"])
def test_a_name_that_means_nothing(toy: ToyRepository, name: str) -> None:
    if name == "":
        assert len(list(chosen(toy.config(), [name]))) == 4, "the root itself"
        return
    with pytest.raises(NoSuchTrace, match=r"no trace is called .*`harness trace list`"):
        chosen(toy.config(), ["one", name])


def test_drafts_may_lack_their_cassette_and_stand_in_folders(toy: ToyRepository, tmp_path: Path) -> None:
    (toy.folder / "traces" / "other" / "cassette.yaml").unlink()
    assert [trace.id for trace in drafts(toy.config(), ["other", "fruit", "traces/fruit/long"])] == [
        "other",
        "fruit/long",
        "fruit/short",
    ]
    (tmp_path / "x.packed").touch()
    with pytest.raises(NoSuchTrace, match="unpack it first"):
        drafts(toy.config(), [str(tmp_path / "x.packed")])
    with pytest.raises(NoSuchTrace, match="no trace is called 'nowhere'"):
        drafts(toy.config(), ["nowhere"])


def test_a_packed_file_is_read_like_a_folder(toy: ToyRepository, tmp_path: Path) -> None:
    pack(toy.folder / "traces", tmp_path / "x.packed")
    found = chosen(toy.config(), [str(tmp_path / "x.packed"), "one"])
    assert [trace.id for trace in found] == ["fruit/long", "fruit/short", "one", "other", "one"]


def test_what_is_one_trace_and_what_is_not(toy: ToyRepository) -> None:
    assert one(toy.config(), "other").id == "other"
    with pytest.raises(NoSuchTrace, match="means 2 traces; name one of them, such as fruit/long"):
        one(toy.config(), "fruit")


def test_a_project_that_names_no_traces(toy: ToyRepository) -> None:
    pyproject = toy.folder / "pyproject.toml"
    pyproject.write_text(pyproject.read_text().replace('traces = "traces"\n', ""))
    with pytest.raises(ConfigError, match="names no traces"):
        chosen(toy.config(), ["all"])
    assert [trace.id for trace in chosen(toy.config(), ["traces/one"])] == ["one"]
