"""The commands about traces: one document each, exit codes, tables that line up, and no traceback for a mistake."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from harness.cache import cache_folder
from harness.cli import HARNESS_ERROR, main
from harness.clock import Deadline, block_s
from tests.harness.replaying.toy_repository import PRICE, ToyRepository, make_repository, price


@pytest.fixture
def toy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ToyRepository:
    """Two traces and three commits: a shop, notes, and long names that became dearer."""
    toy = make_repository(tmp_path, monkeypatch)
    toy.add_trace("fruit/long", "pineapple", 9)
    toy.commit("notes", {"notes": "x"})
    toy.commit("long names are dearer", {PRICE: price("len(name) + 10 * (len(name) > 5)")})
    monkeypatch.chdir(toy.folder)
    return toy


def harness(*words: str) -> Result:
    return CliRunner().invoke(main, ("trace", *words))


def document(result: Result) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(result.stdout)
    return found


def test_replay_says_what_did_not_pass_and_ends_with_ten(toy: ToyRepository) -> None:
    result = harness("replay", "all", "--json")
    assert result.exit_code == 10
    found = document(result)
    assert found["counts"] == {"pass": 1, "unknown": 0, "noisy": 0, "changed": 1, "broken": 0}
    assert found["revision"]["name"] == "WORKTREE"
    assert [one["trace"] for one in found["traces"]] == ["fruit/long"]
    assert found["causes"][0]["example"]["lines"] == ["intents[0].price: was 9, now 19"]
    assert "replaying at WORKTREE" in result.stderr
    assert harness("replay", "all", "--at", "HEAD~1").exit_code == 0
    assert harness("replay", "one").exit_code == 0
    assert harness("replay", "fruit").exit_code == 10
    assert harness("replay", "traces/fruit/long").exit_code == 10


def test_replay_in_words(toy: ToyRepository) -> None:
    words = harness("replay", "all").stdout
    assert "2 traces: 1 pass, 1 changed" in words
    assert "1. as in fruit/long" in words
    assert "intents[0].price: was 9, now 19" in words


def test_compare_shows_old_against_new(toy: ToyRepository) -> None:
    result = harness("compare", "all", "HEAD", "HEAD~1", "--json")
    assert result.exit_code == 10
    found = document(result)
    assert (found["before"]["subject"], found["after"]["subject"]) == ("notes", "long names are dearer")
    assert found["replays"] == 4 + 2
    again = document(harness("compare", "all", "HEAD~1", "HEAD", "--json"))
    assert (again["replays"], again["causes"]) == (0, found["causes"])
    assert harness("compare", "all", "HEAD~1", "HEAD~2").exit_code == 0
    words = harness("compare", "fruit/long", "HEAD", "HEAD~1").stdout
    assert "before: HEAD~1" in words
    assert "what differs\n  intents[0].price: was 9, now 19" in words


def test_bisect_names_the_commit(toy: ToyRepository) -> None:
    toy.commit("half of it", {PRICE: "def priced(name:\n"})
    toy.commit("more notes", {PRICE: price("len(name) + 10 * (len(name) > 5)  # more")})
    result = harness("bisect", "fruit/long", "--good", "HEAD~4", "--json")
    assert result.exit_code == 0, result.output
    found = document(result)
    assert [suspect["subject"] for suspect in found["suspects"]] == ["long names are dearer"]
    words = harness("bisect", "fruit/long", "--good", "HEAD~4").stdout
    for told in ("this commit changed what fruit/long gives", "A. Developer", "2026-03-01", "was 9, now 19"):
        assert told in words
    not_bad = harness("bisect", "one", "--good", "HEAD~4")
    assert not_bad.exit_code == HARNESS_ERROR
    assert "bad is not bad" in not_bad.output


def test_refresh_takes_the_new_output_and_says_who_when_and_why(toy: ToyRepository) -> None:
    before = (toy.folder / "traces" / "one" / "trace.yaml").read_bytes()
    dry = harness("refresh", "all", "--reason", "long names cost more", "--dry-run")
    assert dry.exit_code == 0
    assert "would be refreshed: 1\n  fruit/long" in dry.stdout
    assert toy.git("status", "--porcelain", "traces") == ""
    result = harness("refresh", "all", "--reason", "long names cost more", "--json")
    assert result.exit_code == 0, result.output
    found = document(result)
    assert (found["refreshed"], found["left"], found["written"]) == (["fruit/long"], [], True)
    shown = document(harness("show", "fruit/long", "--json"))
    (approval,) = shown["approvals"]
    assert approval["by"] == "A. Developer <dev@there.invalid>"
    assert (approval["why"], approval["commit"]) == ("long names cost more", toy.commits[-1])
    assert (toy.folder / "traces" / "one" / "trace.yaml").read_bytes() == before
    assert harness("replay", "all").exit_code == 0
    row, _ = document(harness("list", "--json"))["traces"]
    assert (row["approved_by"], row["baseline_at"]) == (approval["by"], approval["at"])


def test_refresh_that_is_refused_says_why_and_how_it_ends(toy: ToyRepository) -> None:
    toy.write({PRICE: "def priced(name:\n"})
    result = harness("refresh", "all", "--reason", "because", "--json")
    assert (result.exit_code, result.stdout) == (12, "")
    assert "refused, and nothing was written:\n  fruit/long: unknown: SyntaxError" in result.stderr
    assert harness("refresh", "all").exit_code == 2, "a reason is wanted"
    empty = harness("refresh", "all", "--reason", " ")
    assert (empty.exit_code, "say why" in empty.output) == (HARNESS_ERROR, True)


def test_what_a_killed_refresh_left_is_put_back_by_any_command(toy: ToyRepository) -> None:
    file = toy.folder / "traces" / "one" / "trace.yaml"
    journal = toy.folder / "traces" / ".refresh"
    journal.mkdir()
    (journal / "files.json").write_text('["one/trace.yaml"]')
    (journal / "0.old").write_bytes(file.read_bytes())
    old = file.read_bytes()
    file.write_text("half")
    result = harness("list")
    assert result.exit_code == 0
    assert "a refresh was ended in its middle; put back as they were: one/trace.yaml" in result.stderr
    assert file.read_bytes() == old


def test_list_tells_age_last_replay_and_what_it_covers(toy: ToyRepository) -> None:
    before = document(harness("list", "--json"))["traces"]
    assert [row["id"] for row in before] == ["fruit/long", "one"]
    assert all(row["last_replay"] is None and row["age_s"] >= 0 for row in before)
    harness("replay", "fruit")
    row, other = document(harness("list", "--json"))["traces"]
    assert (row["last_replay"]["outcome"], row["last_replay"]["commit"]) == ("changed", toy.commits[-1])
    assert other["last_replay"] is None
    words = harness("list").stdout
    assert "fruit/long" in words
    assert "never" in words


def test_show_shows_all_of_one(toy: ToyRepository) -> None:
    found = document(harness("show", "one", "--json"))
    assert (found["id"], found["inputs"][0]["body"], found["baseline"]["intents"][0]["price"]) == ("one", "apple", 5)
    words = harness("show", "one").stdout
    assert "in 1, after 0 s: signal T1 text/plain\n  apple" in words
    assert "price: 5" in words


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("replay", "frit/long"), "did you mean 'fruit/long'?"),
        (("replay", "../elsewhere"), "no trace is called '../elsewhere'"),
        (("show", "all"), "means 2 traces; name one of them, such as fruit/long"),
        (("compare", "all", "HEAD", "nothing"), "no revision 'nothing'"),
        (("compare", "all", "HEAD", "--", "--all"), "'--all' is no revision"),
        (("replay", "drills"), "no trace is called 'drills'"),
    ],
)
def test_a_mistake_is_one_clear_message(toy: ToyRepository, words: tuple[str, ...], said: str) -> None:
    result = harness(*words)
    assert result.exit_code == HARNESS_ERROR
    assert said in result.output
    assert "Traceback" not in result.output


def test_a_trace_that_cannot_be_read_is_no_absent_one(toy: ToyRepository) -> None:
    (toy.folder / "traces" / "one" / "trace.yaml").write_text("id: [\n")
    result = harness("replay", "all")
    assert result.exit_code == HARNESS_ERROR
    assert "traces/one/trace.yaml" in result.output


def test_a_project_without_traces_or_entry_is_told_what_to_write(toy: ToyRepository) -> None:
    pyproject = toy.folder / "pyproject.toml"
    stated = pyproject.read_text()
    pyproject.write_text(stated.replace('traces = "traces"\n', ""))
    assert 'add traces = "traces"' in harness("replay", "all").output
    pyproject.write_text(stated.replace('replay = "shop.replay:replay"\n', ""))
    result = harness("replay", "all")
    assert (result.exit_code, "names no replay entry" in result.output) == (12, True)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_it_and_leaves_nothing(toy: ToyRepository, number: signal.Signals) -> None:
    said = toy.folder.parent / "pid"
    hangs = f"from pathlib import Path\nimport os, time\nPath({str(said)!r}).write_text(str(os.getpid()))\n"
    toy.commit("hangs", {PRICE: hangs + "time.sleep(600)\n"})
    started = subprocess.Popen(
        [sys.executable, "-m", "harness", "trace", "compare", "one", "HEAD", "HEAD~1"],
        cwd=toy.folder,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[3])},
        stderr=subprocess.PIPE,
        text=True,
    )
    deadline = Deadline(30)
    while not (said.exists() and said.read_text()) and not deadline.passed:
        block_s(0.01)
    os.kill(started.pid, number)
    _, errors = started.communicate(timeout=30)
    assert started.returncode == 130
    assert f"{number.name}: ended, and nothing was left behind" in errors
    assert "Traceback" not in errors
    assert not Path(f"/proc/{said.read_text()}").exists()
    assert list(cache_folder("checkouts").glob("*/")) == []


def test_the_words_of_the_playbook_are_the_same_commands(toy: ToyRepository) -> None:
    def playbook(*words: str) -> Result:
        return CliRunner().invoke(main, words)

    said = playbook("compare_trace_outputs", "fruit/long", "HEAD", "HEAD~1", "--json")
    assert (said.exit_code, document(said)["counts"]["changed"]) == (10, 1)
    refreshed = playbook("refresh_trace_fixture", "fruit/long", "--reason", "it is meant", "--json")
    assert (refreshed.exit_code, document(refreshed)["refreshed"]) == (0, ["fruit/long"])
    assert harness("replay", "all").exit_code == 0
    assert "compare_trace_outputs" not in playbook("--help").stdout


def test_what_is_said_hangs_neither_on_hashes_nor_on_the_zone_nor_on_who_was_first(toy: ToyRepository) -> None:
    for number in range(9):
        toy.add_trace(f"more/t{number}", "x" * (number + 1), number + 1)
    toy.write({PRICE: price("{3: 'three', 5: None}.get(len(name), len(name) + 10 * (len(name) > 7))")})
    surroundings: list[tuple[dict[str, str], str]] = [
        ({"PYTHONHASHSEED": "1", "TZ": "UTC"}, "1"),
        ({"PYTHONHASHSEED": "4711", "TZ": "Asia/Kathmandu", "LC_ALL": "C"}, "3"),
    ]
    said: list[dict[str, Any]] = []
    for environ, processes in surroundings:
        command = [sys.executable, "-m", "harness", "trace", "replay", "all", "--json", "--processes", processes]
        done = subprocess.run(
            command,
            cwd=toy.folder,
            env={**os.environ, **environ},
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 10, done.stderr
        said.append(json.loads(done.stdout))
    assert len(said[0]["causes"]) == 3
    assert said[0] == said[1]
