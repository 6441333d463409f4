"""The gate: traces, drills and claims as one answer, said to whoever is on call and to whoever reviews."""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
from click.testing import CliRunner, Result

from harness.cli import HARNESS_ERROR, main
from harness.config import Config
from harness.drill import quiet
from harness.gate import replay_all
from harness.replaying.comparison import TraceOutcome, TraceVerdict
from harness.replaying.revisions import Revisions
from tests.answering import Request, answering_beside
from tests.harness.replaying.toy_repository import PRICE, ToyRepository, make_repository, price
from tests.harness.toy_project import make_project

MORE = """\
traces = "traces"
replay = "shop.replay:replay"
code = ["shop"]
claims = "claims.toml"
alert_contact = "Shop keeper"
"""
CLAIMS = """\
[sections]
0 = "Toys"
[claims]
"0.1" = "Nobody can buy"
"0.2" = "Bought"
"""
HELD_BY_TESTS = '"0.3" = { text = "Prices are whole", tests = ["shop/replay.py"] }\n'


@dataclass(slots=True)
class OnCall:
    """Takes alerts, and keeps what it was told."""

    url: str = ""
    told: list[dict[str, Any]] = field(default_factory=list)
    status: int = 200

    def answer(self, asked: Request) -> tuple[int, Any]:
        self.told.append(json.loads(asked.body))
        return self.status, b""


@pytest.fixture
def on_call() -> Iterator[OnCall]:
    found = OnCall()
    with answering_beside(found.answer) as served:
        found.url = f"{served.url}/alerts"
        yield found


@pytest.fixture
def toy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ToyRepository:
    monkeypatch.setattr("harness.drill._EVIDENCE_WITHIN_S", 0.2)
    toy = make_repository(tmp_path, monkeypatch)
    make_project(toy.folder, monkeypatch, more=MORE)
    (toy.folder / "claims.toml").write_text(CLAIMS + HELD_BY_TESTS)
    toy.commit("drills and claims")
    return toy


def gate(*words: str) -> Result:
    return CliRunner().invoke(main, ("gate", *words))


def document(result: Result) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(result.stdout)
    return found


def test_all_of_it(toy: ToyRepository) -> None:
    result = gate("--json")
    assert result.exit_code == 0, result.output
    found = document(result)
    assert (found["outcome"], found["message"], found["alert"]) == ("pass", None, None)
    assert (found["traces"]["total"], found["traces"]["outcome"]) == (1, "pass")
    assert [run["scenario"] for run in found["drills"]] == ["shop_dies", "shop_dies_twice"]
    assert [(row["id"], row["outcome"], row["carried_by"]) for row in found["claims"]] == [
        ("0.1", "pass", ["shop_dies", "shop_dies_twice"]),
        ("0.2", "pass", ["shop_dies", "shop_dies_twice"]),
        ("0.3", "by tests", ["shop/replay.py"]),
    ]


def test_a_change_is_a_mismatch_and_an_alert(toy: ToyRepository, on_call: OnCall) -> None:
    toy.write({PRICE: price("len(name) + 1")})
    result = gate("--drills", "none", "--alert-url", on_call.url, "--json")
    assert result.exit_code == 10
    assert "Trace replay mismatch: 1. 1 trace: intents[*].price" in result.stderr
    assert "alert firing for Shop keeper: Regression detected in trace test" in result.stderr
    found = document(result)
    assert (found["message"], found["outcome"]) == ("Trace replay mismatch", "fail")
    assert found["alert"] == {
        "status": "firing",
        "summary": "Regression detected in trace test",
        "contact": "Shop keeper",
        "problem": None,
    }
    (told,) = on_call.told
    (alert,) = told["alerts"]
    assert (told["version"], alert["status"], alert["labels"]["contact"]) == ("4", "firing", "Shop keeper")
    assert alert["annotations"]["summary"] == "Regression detected in trace test"
    assert "intents[*].price" in alert["annotations"]["reason"]
    assert [(row["id"], row["outcome"]) for row in found["claims"]][:2] == [
        ("0.1", "not drilled"),
        ("0.2", "not drilled"),
    ]


def test_the_first_that_changed_is_told_before_the_others_are_replayed(
    toy: ToyRepository, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody who is on call waits for the rest of a large corpus; and is told of it once."""
    seen: list[str] = []

    def verdicts(*_: Any) -> Iterator[TraceVerdict]:
        for name, outcome in (("a", "pass"), ("b", "unknown"), ("c", "changed"), ("d", "broken"), ("e", "pass")):
            seen.append(name)
            yield TraceVerdict(trace=name, outcome=TraceOutcome(outcome), error="why" if outcome == "unknown" else None)

    monkeypatch.setattr("harness.gate.replay", verdicts)
    with Revisions(config=Config.load(toy.folder), progress=quiet) as session:
        found = replay_all(Config.load(toy.folder), session, first_regression=lambda reason: seen.append("told"))
    assert seen == ["a", "b", "c", "told", "d", "e"]
    assert found.regression


def test_some_of_the_traces(toy: ToyRepository) -> None:
    """By name, or all of them where none is named; a name that means nothing is refused."""
    for words in ((), ("--traces", "all"), ("--traces", "one")):
        assert document(gate("--drills", "none", *words, "--json"))["traces"]["total"] == 1
    wrong = gate("--drills", "none", "--traces", "ona")
    assert (wrong.exit_code, "did you mean 'one'?" in wrong.output) == (HARNESS_ERROR, True)


def test_its_end_is_told_once_and_is_the_same_alert(toy: ToyRepository, on_call: OnCall) -> None:
    toy.write({PRICE: price("len(name) + 1")})
    for _ in range(2):
        gate("--drills", "none", "--alert-url", on_call.url)
    toy.write({PRICE: price("len(name)")})
    for _ in range(2):
        assert gate("--drills", "none", "--alert-url", on_call.url).exit_code == 0
    alerts = [told["alerts"][0] for told in on_call.told]
    assert [alert["status"] for alert in alerts] == ["firing", "firing", "resolved"]
    assert len({(alert["fingerprint"], alert["startsAt"]) for alert in alerts}) == 1
    assert alerts[0]["endsAt"].startswith("0001")
    assert alerts[2]["endsAt"] > alerts[2]["startsAt"]


@pytest.mark.parametrize("how", ["refused", "gone", "nonsense"])
def test_nobody_there_is_said_and_tried_again_next_time(toy: ToyRepository, on_call: OnCall, how: str) -> None:
    toy.write({PRICE: price("len(name) + 1")})
    on_call.status = 503
    url = {"refused": on_call.url, "gone": "http://127.0.0.1:9/alerts", "nonsense": "no address"}[how]
    result = gate("--drills", "none", "--alert-url", url)
    assert result.exit_code == 10
    assert "it was not taken: " in result.stderr
    on_call.status = 200
    toy.write({PRICE: price("len(name)")})
    assert "alert" not in gate("--drills", "none", "--alert-url", on_call.url).stderr, (
        "nothing stands that nobody was told"
    )


def test_the_address_can_come_from_the_environment(
    toy: ToyRepository, on_call: OnCall, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HARNESS_ALERT_URL", on_call.url)
    toy.write({PRICE: price("len(name) + 1")})
    gate("--drills", "none")
    assert len(on_call.told) == 1


def test_what_nobody_can_tell_is_no_pass_and_no_alert(toy: ToyRepository, on_call: OnCall) -> None:
    toy.write({PRICE: "def priced(name:\n"})
    result = gate("--drills", "none", "--alert-url", on_call.url, "--json")
    assert (result.exit_code, document(result)["outcome"], on_call.told) == (12, "unknown", [])
    assert "mismatch" not in result.stderr


def test_noise_is_a_mismatch_and_no_regression(toy: ToyRepository, on_call: OnCall) -> None:
    toy.write({PRICE: "import random\n\ndef priced(name):\n    return random.random()\n"})
    result = gate("--drills", "none", "--alert-url", on_call.url)
    assert (result.exit_code, on_call.told) == (10, [])
    assert "Trace replay mismatch" in result.stderr


def test_a_claim_that_nothing_carries_is_unknown(toy: ToyRepository) -> None:
    (toy.folder / "claims.toml").write_text(CLAIMS + '"0.4" = "Unseen"\n')
    result = gate("--json")
    assert (result.exit_code, document(result)["claims"][-1]["outcome"]) == (12, "unknown")
    assert gate("--drills", "none").exit_code == 0, "what is not asked for is not counted"


def test_a_drill_by_name(toy: ToyRepository) -> None:
    found = document(gate("--drills", "shop_dies", "--json"))
    assert [run["scenario"] for run in found["drills"]] == ["shop_dies"]
    wrong = gate("--drills", "shop_dise")
    assert (wrong.exit_code, "did you mean 'shop_dies'?" in wrong.output) == (HARNESS_ERROR, True)


def test_for_the_pull_request(toy: ToyRepository) -> None:
    toy.write({PRICE: price("len(name) + 1")})
    junit, summary = toy.folder / "gate.xml", toy.folder / "summary.md"
    summary.write_text("what came before\n")
    result = gate("--drills", "shop_dies", "--junit", str(junit), "--summary", str(summary))
    assert result.exit_code == 10
    assert "Trace replay mismatch" in result.stdout
    suites = {suite.get("name"): suite for suite in ElementTree.parse(junit).getroot()}
    assert set(suites) == {"traces", "shop_dies", "claims"}
    (case,) = suites["traces"]
    failure = case.find("failure")
    assert (case.get("name"), failure is not None and failure.text) == ("one", "intents[0].price: was 5, now 6")
    text = summary.read_text()
    assert text.startswith("what came before\n# ❌ Gate: fail\n")
    assert "**Trace replay mismatch**" in text
    assert "| 1 | 1 |  | `intents[*].price: a number -> a number` | `one`: `intents[0].price: was 5, now 6` |" in text
    assert 'harness trace refresh all --cluster N --reason "..."' in text
