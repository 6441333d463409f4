"""The doctor tells what is there and what is missing, with one command each, and changes nothing."""

import os
import stat
from dataclasses import asdict
from pathlib import Path

import pytest

from harness import doctor
from harness.doctor import Check, examine
from harness.environments.guardian import KEPT
from harness.environments.run_directory import RunDirectory


@pytest.fixture(autouse=True)
def somewhere_else(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Runs and templates of this machine's user are not looked at."""
    monkeypatch.setattr(doctor, "default_root", lambda: tmp_path / "runs")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


def found(name: str) -> Check:
    return next(check for check in examine().checks if check.name == name)


def test_every_check_says_what_it_saw_and_what_is_missing_has_a_remedy() -> None:
    report = examine()
    assert len({check.name for check in report.checks}) == len(report.checks)
    assert all(check.seen and (check.ok or check.remedy) for check in report.checks)
    assert asdict(report)["checks"][0]["name"] == "python"


def test_a_missing_server_rules_the_processes_out_and_names_its_package(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("harness.services.mariadb.server_version", lambda: None)
    report = examine()
    assert not report.can_run_processes
    check = next(check for check in report.checks if check.name == "mariadb")
    assert (check.ok, check.seen) == (False, "no mariadbd")
    assert check.remedy == "apt-get install --yes mariadb-server-core mariadb-client-core"


def test_a_server_without_its_installer_is_not_enough(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("harness.services.mariadb.server_version", lambda: "10.11")
    monkeypatch.setattr("harness.services.mariadb.install_program", lambda: None)
    assert found("mariadb").seen == "10.11, but no mariadb-install-db"


def test_a_missing_redis_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("harness.services.redis.server_version", lambda: None)
    assert found("redis").remedy == "apt-get install --yes redis-server"


def test_left_runs_are_told_apart_from_kept_ones_and_nothing_is_removed(tmp_path: Path) -> None:
    assert found("left-over runs").seen == "none"
    kept = RunDirectory.create(tmp_path / "runs", "kept")
    (kept.path / KEPT).touch()
    kept.release()
    assert found("left-over runs").ok
    assert found("left-over runs").remedy == f"rm -r {kept.path}"
    left = RunDirectory.create(tmp_path / "runs", "left")
    held = RunDirectory.create(tmp_path / "runs", "held")
    left.release()
    assert not found("left-over runs").ok
    assert found("left-over runs").seen == "1 left by killed harnesses, with 0 processes"
    held.release()
    assert left.path.exists()
    assert kept.path.exists()


def test_templates_are_counted(tmp_path: Path) -> None:
    assert found("database templates").seen.startswith("none yet")
    (tmp_path / "cache" / "drill-harness" / "templates" / "abc").mkdir(parents=True)
    assert found("database templates").seen.startswith("1 in ")


def test_a_directory_of_runs_that_is_not_ours_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "link").symlink_to(tmp_path)
    monkeypatch.setattr(doctor, "default_root", lambda: tmp_path / "link")
    assert found("directory of runs").remedy == "set TMPDIR to a directory of your own"


@pytest.mark.parametrize(
    ("script", "seen", "remedy"),
    [
        ("echo 28.2.2", "docker 28.2.2", None),
        ("echo Cannot connect to the daemon >&2; exit 1", "Cannot connect to the daemon", "systemctl start docker"),
        ("echo got permission denied >&2; exit 1", "got permission denied", "usermod"),
    ],
)
def test_a_container_engine_is_asked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, script: str, seen: str, remedy: str | None
) -> None:
    program = tmp_path / "bin" / "docker"
    program.parent.mkdir()
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    monkeypatch.setenv("PATH", f"{program.parent}:{os.environ['PATH']}")
    check = found("container engine")
    assert (check.ok, check.seen) == (remedy is None, seen)
    assert (remedy or "") in (check.remedy or "")


def test_without_a_container_engine_the_processes_can_still_run(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shutil.which", lambda *_, **__: None)
    assert found("container engine").remedy == "apt-get install --yes docker.io"
    assert "processes" not in found("container engine").needed_for


def test_mysql_is_nothing_that_a_machine_must_have(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("harness.services.base.SEARCH_PATH", "/nowhere")
    check = found("mysql")
    assert (check.ok, check.needed_for) == (True, ())
    assert "containers bring their own" in check.seen
