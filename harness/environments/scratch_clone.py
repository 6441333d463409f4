"""A clone of the project for one drill: changed, committed to, worked in, and gone with the run.

It is no clone of git's: the files that stand in the project, committed or not, are copied and become the first commit
of a repository of their own. So nothing that is done here can reach the project's, and what a drill tries is what is
there. Commands run below the guardian, which ends them with the run, and see a small environment of our own.
"""

import asyncio
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from importlib.util import cache_from_source
from itertools import count
from pathlib import Path

from harness.environments.base import EnvironmentFault, OperatorAnswer, ProcessIdentity
from harness.environments.channel import outcome_of
from harness.environments.guardian import send_signal
from harness.environments.guardian_client import GuardianClient
from harness.environments.operating import document_in
from harness.environments.running import KILLED_STATUS
from harness.services.base import own_environ

FOLDER = "worktree"
_GIT_WITHIN_S = 60.0
_LEFT_OUT = frozenset({".git", ".venv", "node_modules", ".mypy_cache", ".ruff_cache", ".pytest_cache", ".hypothesis"})
"""What is not worth copying where git does not say which files are the project's."""

_AUTHOR = {
    "GIT_AUTHOR_NAME": "Drill",
    "GIT_AUTHOR_EMAIL": "drill@harness.invalid",
    "GIT_COMMITTER_NAME": "Drill",
    "GIT_COMMITTER_EMAIL": "drill@harness.invalid",
    "GIT_CONFIG_GLOBAL": "/dev/null",
    "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_TERMINAL_PROMPT": "0",
}


class ScratchClone:
    """The clone of one run, in a folder of its directory. Made by `made`."""

    def __init__(self, project: Path, run: Path, guardian: GuardianClient) -> None:
        self.folder = run / FOLDER
        self._project = project
        self._guardian = guardian
        self._kept = run / f"{FOLDER}-work"
        self._numbers = count(1)

    @classmethod
    async def made(cls, project: Path, run: Path, guardian: GuardianClient) -> "ScratchClone":
        """Copy the project and make it the first commit; raises EnvironmentFault when git is not there."""
        clone = cls(project, run, guardian)
        await asyncio.to_thread(clone._make)
        return clone

    async def run(self, words: Sequence[str], limit_s: float, environ: Mapping[str, str]) -> OperatorAnswer:
        """Run a command to its end. Past `limit_s` it is killed, and its exit code is that of SIGKILL, -9."""
        name = f"work-{next(self._numbers)}"
        output, errors = self._kept / f"{name}.out", self._kept / f"{name}.err"
        identity = await self._guardian.start(
            name, _typed(words), environ=self._environ(environ), cwd=self.folder, log=output, errors=errors
        )
        status = await self._ended(identity, limit_s)
        said, complaint = (file.read_text(encoding="utf-8", errors="replace") for file in (output, errors))
        if status is None:
            complaint += f"\nkilled by the harness: it still ran after {limit_s:g} s"
        return OperatorAnswer(
            command=tuple(words),
            exit_code=KILLED_STATUS if status is None else status,
            output=said,
            errors=complaint,
            document=document_in(said),
        )

    def head(self) -> str:
        """The id of the commit that is checked out; read from git's own files, which nothing packs here."""
        git = self.folder / ".git"
        said = (git / "HEAD").read_text(encoding="ascii").strip()
        place = said.removeprefix("ref: ")
        return said if place == said else (git / place).read_text(encoding="ascii").strip()

    def remove(self) -> None:
        """Throw it away."""
        for folder in (self.folder, self._kept):
            shutil.rmtree(folder, ignore_errors=True)

    async def _ended(self, identity: ProcessIdentity, limit_s: float) -> int | None:
        try:
            return await outcome_of(self._guardian.exits.of(identity), limit_s)
        except (TimeoutError, asyncio.CancelledError) as ended:
            send_signal(identity.pid, identity.started_ticks, 9)
            if isinstance(ended, asyncio.CancelledError):
                raise
            return None

    def _environ(self, more: Mapping[str, str]) -> dict[str, str]:
        return own_environ({"XDG_CACHE_HOME": str(self._kept / "cache"), **_AUTHOR, **more})

    def _make(self) -> None:
        self.remove()
        self._kept.mkdir(mode=0o700)
        self.folder.mkdir(mode=0o700)
        names = _files(self._project)
        for name in names:
            target = self.folder / name
            target.parent.mkdir(parents=True, exist_ok=True)
            _copy(self._project / name, target)
        environ = self._environ({})
        listed = "\0".join(names).encode("utf-8", "surrogateescape")
        _git(self.folder, "init", "--quiet", "--initial-branch=main", environ=environ)
        _git(
            self.folder, "add", "--force", "--pathspec-from-file=-", "--pathspec-file-nul", environ=environ, said=listed
        )
        _git(self.folder, "commit", "--quiet", "--allow-empty", "--message=as it stands", environ=environ)


def _typed(words: Sequence[str]) -> list[str]:
    """`harness` is the one that stands in the clone, run by this interpreter, and asked for its one document."""
    if words[0] == "python":
        return [sys.executable, *words[1:]]
    if words[0] != "harness":
        return list(words)
    asked = [] if "--json" in words else ["--json"]
    return [sys.executable, "-m", "harness", *words[1:], *asked]


def _files(project: Path) -> list[str]:
    """The project's files as git knows them, those that are not committed yet included.

    Where it is no repository: all but what is plainly not the project's.
    """
    try:
        said = _git(project, "ls-files", "-z", "--cached", "--others", "--exclude-standard", environ=own_environ({}))
        names = dict.fromkeys(said.decode("utf-8", "surrogateescape").split("\0"))
    except EnvironmentFault:
        found = (path.relative_to(project) for path in project.rglob("*"))
        names = dict.fromkeys(path.as_posix() for path in found if not _LEFT_OUT & {*path.parts})
    return [name for name in names if name and ((project / name).is_symlink() or (project / name).is_file())]


def _copy(source: Path, target: Path) -> None:
    """With its times, so that what was compiled of it counts as compiled of the copy."""
    shutil.copy2(source, target, follow_symlinks=False)
    if source.suffix == ".py":
        compiled = Path(cache_from_source(str(source)))
        if compiled.is_file():
            into = Path(cache_from_source(str(target)))
            into.parent.mkdir(exist_ok=True)
            shutil.copy2(compiled, into)


def _git(folder: Path, *words: str, environ: Mapping[str, str], said: bytes = b"") -> bytes:
    try:
        done = subprocess.run(  # noqa: S603 -- words of ours
            ["git", "-c", f"safe.directory={folder}", *words],  # noqa: S607 -- whichever git the machine has
            cwd=folder,
            env=dict(environ),
            input=said,
            capture_output=True,
            check=False,
            timeout=_GIT_WITHIN_S,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise EnvironmentFault(f"`git {words[0]}` in {folder}: {error}; install git, or look there") from error
    if done.returncode:
        raise EnvironmentFault(f"`git {words[0]}` in {folder}: {done.stderr.decode('utf-8', 'replace').strip()[:500]}")
    return done.stdout
