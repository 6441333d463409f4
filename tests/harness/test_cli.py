"""The command line: what it prints, how it ends, and that a user's mistake is no traceback."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from harness.cli import HARNESS_ERROR, main
from harness.cli.drills import STALE
from tests.harness.toy_project import InSeries, make_project


@pytest.fixture(autouse=True)
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr("harness.drill._EVIDENCE_WITHIN_S", 0.2)
    return make_project(tmp_path, monkeypatch)


def harness(*words: str) -> Result:
    return CliRunner().invoke(main, words)


def test_list_prints_one_document() -> None:
    result = harness("list", "--json")
    assert result.exit_code == 0
    assert [row["name"] for row in json.loads(result.stdout)["scenarios"]] == ["shop_dies", "shop_dies_twice"]


def test_a_drill_prints_one_document_and_progress_elsewhere(project: Path) -> None:
    result = harness("drill", "shop_dies", "--seed", "7", "--json")
    assert result.exit_code == 0, result.output
    document = json.loads(result.stdout)
    run = document["runs"][0]
    assert (document["outcome"], run["outcome"], run["seed"]) == ("pass", "pass", 7)
    assert run["claims"] == {"0.1": "pass", "0.2": "pass"}
    assert run["measured"]["rto_s"] is not None
    assert "starting the system" in result.stderr
    assert (project / "runs" / run["id"] / "history.jsonl").is_file()


def test_the_environment_is_started_once_and_ended() -> None:
    harness("drill", "toys", "--seed", "1", "--repeat", "2")
    assert len(InSeries.made) == 1
    log = InSeries.made[0].log
    assert (log[0], log.count("reset"), log[-1]) == ("up", 3, "down")


def test_a_dry_run_shows_what_would_be_done_and_starts_nothing(project: Path) -> None:
    result = harness("drill", "shop_dies", "--dry-run", "--json")
    assert result.exit_code == 0, result.output
    plan = json.loads(result.stdout)["plans"][0]
    assert {"does": "inject", "what": "kill", "target": "shop"} in plan["steps"]
    shown = harness("drill", "toys", "--dry-run")
    assert [word in shown.stdout for word in ("shop_dies_twice", "open back door", "may suffer: shop")] == [True] * 3
    assert InSeries.made == []
    assert not (project / "runs").exists()


def test_what_may_not_be_broken_is_refused_before_anything_starts(project: Path) -> None:
    with (project / "pyproject.toml").open("a") as file:
        file.write('may_break = ["bank"]\n')
    result = harness("drill", "shop_dies")
    assert result.exit_code == HARNESS_ERROR
    assert "'shop' is not on the allow-list" in result.output
    assert "Traceback" not in result.output
    assert InSeries.made == []


def test_noop_ends_unknown() -> None:
    assert harness("drill", "shop_dies", "--noop").exit_code == 12


def test_a_control_that_is_not_caught_fails() -> None:
    """The toy's control turns nothing off, so nothing fails, and that is what has to be said."""
    result = harness("drill", "shop_dies", "--negative", "--json")
    assert result.exit_code == 10
    assert json.loads(result.stdout)["controls"][0]["caught"] is False
    assert InSeries.made[0].words["overrides"] == {"ALLOW_UNSAFE": "1"}


def test_a_saved_run_is_judged_again_to_the_same_verdicts() -> None:
    drilled = json.loads(harness("drill", "shop_dies", "--json").stdout)["runs"][0]
    InSeries.made.clear()
    judged = json.loads(harness("judge", "last", "--json").stdout)
    assert judged == drilled
    assert InSeries.made == []


def test_report_writes_the_text_of_a_run(project: Path) -> None:
    harness("drill", "shop_dies")
    result = harness("report", "last", "--output", str(project / "report.txt"))
    assert result.exit_code == 0
    assert "SomethingWasBought" in (project / "report.txt").read_text()


def test_report_writes_the_review_of_a_run(project: Path) -> None:
    harness("drill", "shop_dies")
    printed = harness("report", "last", "--format", "review")
    assert printed.exit_code == 0
    assert printed.stdout.startswith("# Post-incident review: The shop dies\n")
    assert "`open back door`, to sell there: exit code 0" in printed.stdout
    assert harness("report", "last", "--format", "review", "--output", str(project / "review.md")).exit_code == 0
    assert (project / "review.md").read_text() == printed.stdout


@pytest.mark.parametrize(
    ("form", "begins", "holds"),
    [
        ("junit", "<?xml version", 'name="SomethingWasBought"'),
        ("github", "# \N{WHITE HEAVY CHECK MARK} shop_dies: pass", "SomethingWasBought"),
        ("html", "<!DOCTYPE html>", "SomethingWasBought"),
        ("text", "shop_dies  pass", "SomethingWasBought"),
    ],
)
def test_report_in_each_form(project: Path, form: str, begins: str, holds: str) -> None:
    harness("drill", "shop_dies")
    file = project / "report"
    assert harness("report", "last", "--format", form, "--output", str(file)).exit_code == 0
    text = file.read_text(encoding="utf-8")
    assert text.startswith(begins)
    assert holds in text


def test_the_playbook_is_written_where_the_scenarios_are_and_checked(project: Path) -> None:
    file = project / "drills" / "PLAYBOOK.md"
    missing = harness("playbook", "--check")
    assert (missing.exit_code, file.exists()) == (STALE, False)
    assert harness("playbook").exit_code == 0
    assert "open back door" in file.read_text()
    assert harness("playbook", "--check").exit_code == 0
    file.write_text(file.read_text().replace("The shop dies", "The shop sleeps"))
    stale = harness("playbook", "--check")
    assert stale.exit_code == STALE
    assert "does not say what the scenarios say; `harness playbook` renders it" in stale.output


def test_the_playbook_as_one_document_writes_nothing(project: Path) -> None:
    (project / "claims.toml").write_text(
        '[sections]\n0 = "Toys"\n[claims]\n"0.1" = "Nobody can buy"\n"0.2" = "Bought"\n"0.3" = "Unseen"\n'
    )
    with (project / "pyproject.toml").open("a") as configuration:
        configuration.write('claims = "claims.toml"\n')
    result = harness("playbook", "--json")
    assert result.exit_code == 0
    document = json.loads(result.stdout)
    assert document["carried_by_nothing"] == ["0.3"]
    assert document["claims"][0]["checked_by"][0] == {
        "scenario": "shop_dies",
        "kind": "symptom",
        "name": "nobody can buy",
    }
    assert document["stale"] is True
    assert not (project / "drills" / "PLAYBOOK.md").exists()
    (project / "claims.toml").write_text('[sections]\n0 = "Toys"\n[claims]\n"0.1" = "Nobody can buy"\n')
    wrong = harness("playbook")
    assert wrong.exit_code == HARNESS_ERROR
    assert "carries 0.2, which the claims do not state" in wrong.output


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("drill", "shop_dise"), "did you mean 'shop_dies'?"),
        (("judge", "../../etc/passwd"), "is not the id of a run"),
        (("judge", "last"), "`harness drill NAME` makes one"),
        (("report", "20260101-000000-shop_dies-s1-abcd"), "no run 20260101-000000-shop_dies-s1-abcd"),
    ],
)
def test_a_mistake_is_one_clear_message(words: tuple[str, ...], said: str) -> None:
    result = harness(*words)
    assert result.exit_code == HARNESS_ERROR
    assert said in result.output
    assert "Traceback" not in result.output


@pytest.mark.parametrize("setting", ["NAME", "=x", ""])
def test_a_setting_that_says_nothing_is_a_wrong_command_line(setting: str) -> None:
    result = harness("up", "--set", "NAME=a=b", "--set", setting)
    assert result.exit_code == 2
    assert "--set wants NAME=VALUE" in result.output


def test_a_folder_without_a_project_is_said(
    tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path_factory.mktemp("elsewhere"))
    result = harness("list")
    assert result.exit_code == HARNESS_ERROR
    assert "no pyproject.toml with a [tool.harness]" in result.output


def test_help_imports_nothing_heavy() -> None:
    """`--help` has to be there at once, so it may not import what only a drill needs."""
    script = (
        "import sys; from harness.cli import main\n"
        "try: main(['--help'])\n"
        "except SystemExit: pass\n"
        "heavy = {'httpx', 'rich', 'yaml', 'pymysql', 'redis', 'starlette', 'deepdiff'} & set(sys.modules)\n"
        "sys.exit(str(heavy) if heavy else 0)"
    )
    root = Path(__file__).parents[2]
    done = subprocess.run([sys.executable, "-c", script], cwd=root, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "drill" in done.stdout
