"""`harness trace record`: from words to written traces, and a mistake is one clear message."""

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from harness.cli import main
from harness.traces import load_trace
from tests.harness.replaying.toy_repository import PRICE, ToyRepository, make_repository, price

LINE = {"at_s": 0, "partner": "T1", "content_type": "text/plain", "body": "melon"}


@pytest.fixture
def toy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ToyRepository:
    toy = make_repository(tmp_path, monkeypatch)
    toy.write({"saved.jsonl": json.dumps(LINE)})
    monkeypatch.chdir(toy.folder)
    return toy


def harness(*words: str) -> Result:
    return CliRunner().invoke(main, ("trace", "record", *words))


def document(result: Result) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(result.stdout)
    return found


def test_saved_signals_become_a_trace_that_replays(toy: ToyRepository) -> None:
    result = harness("fruit/melon", "--signals", "saved.jsonl", "--title", "A melon", "--under", "slow", "--json")
    assert result.exit_code == 0, result.output
    (made,) = document(result)["recorded"]
    assert (made["trace"], made["answers"], made["baseline"]) == ("fruit/melon", 0, "new")
    found = load_trace(toy.folder / "traces" / "fruit" / "melon", root=toy.folder / "traces")
    assert found.baseline == {"intents": [{"identity": "melon", "price": 5}]}
    assert (found.made.source, found.made.faults) == ("signals of saved.jsonl", ("slow",))
    assert CliRunner().invoke(main, ("trace", "replay", "fruit/melon")).exit_code == 0
    again = harness("fruit/melon", "--signals", "saved.jsonl", "--title", "A melon")
    assert again.exit_code == 13
    assert "is there already" in again.output


def test_a_draft_gets_its_baseline_and_a_changed_one_needs_a_reason(toy: ToyRepository) -> None:
    file = toy.folder / "traces" / "one" / "trace.yaml"
    whole = file.read_text()
    file.write_text(whole[: whole.index("baseline:")] + "# by hand\n")
    (file.parent / "cassette.yaml").unlink()
    result = harness("one")
    assert result.exit_code == 0, result.output
    assert result.stdout.split("\n")[1].split() == ["one", "0", "new", "none", "found"]
    assert "# by hand\nbaseline:" in file.read_text()
    toy.write({PRICE: price("len(name) + 1")})
    refused = harness("one", "--json")
    assert refused.exit_code == 10
    assert "intents[0].price: was 5, now 6" in document(refused)["refused"][0]
    assert document(harness("one", "--reason", "apples are dearer", "--json"))["recorded"][0]["baseline"] == "renewed"
    (approved,) = load_trace(file.parent).approvals
    assert (approved.by, approved.why) == ("A. Developer <dev@there.invalid>", "apples are dearer")


def test_what_is_secret_is_replaced_but_where_all_is_fictional(toy: ToyRepository) -> None:
    toy.write({"saved.jsonl": json.dumps({**LINE, "body": "ask jo@there.example"})})
    for name, more, kept in (("redacted", (), False), ("plain", ("--fictional",), True)):
        result = harness(name, "--signals", "saved.jsonl", "--title", "T", *more, "--json")
        assert document(result)["recorded"][0]["redacted"] is not kept
        assert ("jo@there.example" in (toy.folder / "traces" / name / "trace.yaml").read_text()) is kept


@pytest.mark.parametrize(
    ("words", "exit_code", "said"),
    [
        (("nowhere",), 13, "no trace is called 'nowhere'"),
        (("one", "--running", "saved.jsonl"), 2, "--running and --exchanges go together"),
        (("one", "--running", "saved.jsonl", "--exchanges", "x", "--upstream", "a=b"), 2, "one of the two"),
        (("one", "--running", "saved.jsonl", "--exchanges", "x"), 13, "expected what `harness up --json` prints"),
        (("one", "--reason", " "), 13, "say why, in words"),
        (("one", "--afresh"), 2, "--afresh and --header are for --upstream"),
        (("one", "--upstream", "there"), 13, "expected two texts with '=' between"),
        (("one", "--upstream", "a=b", "--header", "x"), 13, "expected two texts with ':' between"),
        (("one", "--upstream", "a=b", "--header", "@nowhere"), 13, "--header @nowhere: "),
        (("one", "two", "--signals", "saved.jsonl", "--title", "T"), 13, "one TRACE, the id of the new one"),
        (("two", "--signals", "saved.jsonl"), 13, "and its --title"),
        (("Two", "--signals", "saved.jsonl", "--title", "T"), 13, "expected an id of small letters"),
        (("two", "--signals", "pyproject.toml", "--title", "T"), 13, "pyproject.toml, line 1: expected JSON"),
    ],
)
def test_a_mistake_is_one_clear_message(toy: ToyRepository, words: tuple[str, ...], exit_code: int, said: str) -> None:
    if "--running" in words:
        toy.write({"pyproject.toml": (toy.folder / "pyproject.toml").read_text().replace("none:NONE", "shop:NONE")})
        toy.write({"shop/__init__.py": "NONE = None\n"})
    before = {file: file.read_bytes() for file in (toy.folder / "traces").rglob("*.yaml")}
    result = harness(*words)
    assert (result.exit_code, said in result.output) == (exit_code, True), result.output
    assert "Traceback" not in result.output
    assert {file: file.read_bytes() for file in (toy.folder / "traces").rglob("*.yaml")} == before
