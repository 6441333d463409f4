"""A clone for one drill: the project as it stands, a repository of its own, commands that end with the run."""

import asyncio
import json
import os
import signal
import subprocess
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TypeVar

import pytest

from harness.clock import Deadline, block_s, sleep_s
from harness.environments.base import EnvironmentFault
from harness.environments.guardian_client import GuardianClient
from harness.environments.run_directory import RunDirectory
from harness.environments.scratch_clone import ScratchClone
from tests.harness.clones import WHO

Result = TypeVar("Result")


def git(folder: Path, *words: str) -> str:
    return subprocess.run(["git", *words], cwd=folder, env=WHO, check=True, capture_output=True, text=True).stdout


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """One file is committed, one is changed, one is new, one is ignored, one was deleted."""
    folder = tmp_path / "project"
    folder.mkdir()
    for name in ("kept.py", "changed.py", "deleted.py"):
        (folder / name).write_text("x = 1\n")
    (folder / ".gitignore").write_text("ignored.py\n__pycache__/\n")
    git(folder, "init", "--quiet")
    git(folder, "add", "--all")
    git(folder, "commit", "--quiet", "--message=first")
    (folder / "changed.py").write_text("x = 2\n")
    (folder / "new.py").write_text("x = 3\n")
    (folder / "ignored.py").write_text("secret = 1\n")
    (folder / "deleted.py").unlink()
    (folder / "link").symlink_to("kept.py")
    return folder


def cloned(project: Path, tmp_path: Path, use: Callable[[ScratchClone], Awaitable[Result]]) -> Result:
    async def go() -> Result:
        run = RunDirectory.create(tmp_path / "runs")
        guardian = GuardianClient(run)
        try:
            await guardian.ready()
            return await use(await ScratchClone.made(project, run.path, guardian))
        finally:
            guardian.finish(10.0)

    return asyncio.run(go())


def test_it_is_the_project_as_it_stands_and_the_projects_repository_is_left_alone(
    project: Path, tmp_path: Path
) -> None:
    before = git(project, "status", "--porcelain"), git(project, "rev-parse", "HEAD")

    async def look(clone: ScratchClone) -> None:
        names = {path.name for path in clone.folder.iterdir()}
        assert names == {".git", ".gitignore", "kept.py", "changed.py", "new.py", "link"}
        assert (clone.folder / "changed.py").read_text() == "x = 2\n"
        assert (clone.folder / "link").is_symlink()
        answer = await clone.run(("git", "status", "--porcelain"), 10, {})
        assert (answer.exit_code, answer.output) == (0, "")
        assert (await clone.run(("git", "rev-parse", "HEAD"), 10, {})).output.strip() == clone.head()
        (clone.folder / "kept.py").write_text("x = 9\n")
        assert (await clone.run(("git", "commit", "--quiet", "--all", "--message=mine"), 10, {})).exit_code == 0
        assert "mine" in (await clone.run(("git", "log", "--format=%an %s"), 10, {})).output

    cloned(project, tmp_path, look)
    assert (git(project, "status", "--porcelain"), git(project, "rev-parse", "HEAD")) == before
    assert (project / "kept.py").read_text() == "x = 1\n"


def test_a_project_without_a_repository_is_copied_whole(tmp_path: Path) -> None:
    project = tmp_path / "bare"
    (project / "deep").mkdir(parents=True)
    (project / "deep" / "a.py").write_text("x = 1\n")
    (project / ".venv").mkdir()
    (project / ".venv" / "large").write_text("x")

    async def look(clone: ScratchClone) -> None:
        assert (clone.folder / "deep" / "a.py").is_file()
        assert not (clone.folder / ".venv").exists()

    cloned(project, tmp_path, look)


def test_what_was_compiled_need_not_be_again(project: Path, tmp_path: Path) -> None:
    subprocess.run([sys.executable, "-c", "import kept"], cwd=project, env={}, check=True)

    async def look(clone: ScratchClone) -> None:
        compiled = list((clone.folder / "__pycache__").glob("kept.*"))
        before = {path: path.stat().st_mtime_ns for path in compiled}
        assert compiled
        assert (await clone.run(("python", "-c", "import kept"), 20, {})).exit_code == 0
        assert {path: path.stat().st_mtime_ns for path in before} == before

    cloned(project, tmp_path, look)


def test_a_command_sees_what_it_is_given_and_nothing_of_the_callers(
    project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("A_SECRET", "x")
    script = "import json, os; print(json.dumps(dict(os.environ)))"

    async def look(clone: ScratchClone) -> None:
        answer = await clone.run(("python", "-c", script), 20, {"UNSAFE_DOOR": "1"})
        assert answer.document["UNSAFE_DOOR"] == "1"
        assert "A_SECRET" not in answer.document
        assert Path(answer.document["XDG_CACHE_HOME"]).parent.parent == clone.folder.parent
        failed = await clone.run(("python", "-c", "import sys; print('so', file=sys.stderr); sys.exit(3)"), 20, {})
        assert (failed.exit_code, failed.errors, failed.document) == (3, "so\n", None)

    cloned(project, tmp_path, look)


def test_harness_is_the_one_in_the_clone_and_asked_for_a_document(project: Path, tmp_path: Path) -> None:
    (project / "harness").mkdir()
    (project / "harness" / "__init__.py").touch()
    (project / "harness" / "__main__.py").write_text("import json, sys\nprint(json.dumps(sys.argv[1:]))\n")

    async def look(clone: ScratchClone) -> None:
        assert (await clone.run(("harness", "gate", "--drills", "none"), 20, {})).document == [
            *("gate", "--drills", "none", "--json")
        ]

    cloned(project, tmp_path, look)


def test_a_command_that_takes_too_long_is_killed(project: Path, tmp_path: Path) -> None:
    async def look(clone: ScratchClone) -> None:
        answer = await clone.run(("sleep", "60"), 0.3, {})
        assert answer.exit_code == -signal.SIGKILL
        assert "killed by the harness: it still ran after 0.3 s" in answer.errors

    cloned(project, tmp_path, look)


def test_whoever_stops_waiting_ends_the_command(project: Path, tmp_path: Path) -> None:
    script = "import os, time; open('pid', 'w').write(str(os.getpid())); time.sleep(60)"

    async def look(clone: ScratchClone) -> int:
        working = asyncio.create_task(clone.run(("python", "-c", script), 60, {}))
        deadline = Deadline(20)
        while not ((clone.folder / "pid").exists() and (clone.folder / "pid").read_text()) and not deadline.passed:
            await sleep_s(0.01)
        pid = int((clone.folder / "pid").read_text())
        working.cancel()
        with pytest.raises(asyncio.CancelledError):
            await working
        return pid

    deadline = Deadline(20)
    pid = cloned(project, tmp_path, look)
    while Path(f"/proc/{pid}").exists() and not deadline.passed:
        block_s(0.01)
    assert not Path(f"/proc/{pid}").exists()


def test_without_git_it_is_said(project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("harness.services.base.SEARCH_PATH", str(tmp_path / "nothing"))

    async def never(clone: ScratchClone) -> None:
        raise AssertionError(json.dumps(dict(os.environ)))

    with pytest.raises(EnvironmentFault, match="install git"):
        cloned(project, tmp_path, never)
