"""A clone of a small project, for tests of what works in one: plain processes, and no guardian."""

import asyncio
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from harness.environments.base import OperatorAnswer
from harness.environments.operating import document_in
from tests.toy import ToyEnvironment

WHO = {
    "GIT_AUTHOR_NAME": "A. Developer",
    "GIT_AUTHOR_EMAIL": "dev@there.invalid",
    "GIT_COMMITTER_NAME": "A. Developer",
    "GIT_COMMITTER_EMAIL": "dev@there.invalid",
    "GIT_CONFIG_GLOBAL": "/dev/null",
    "PATH": os.environ["PATH"],
}


@dataclass
class ToyClone(ToyEnvironment):
    """A toy environment with a clone in `folder`; `python` means this interpreter, `typed` is what was run in it."""

    folder: Path = Path("/nonexistent")
    typed: list[tuple[str, ...]] = field(default_factory=list)

    async def worktree(self) -> Path:
        return self.folder

    async def head(self) -> str:
        return self.git("rev-parse", "HEAD").strip()

    async def work(
        self, words: Sequence[str], limit_s: float = 60.0, *, environ: Mapping[str, str] | None = None
    ) -> OperatorAnswer:
        self.typed.append(tuple(words))
        known = {"python": [sys.executable, *words[1:]]}
        done = await asyncio.to_thread(
            subprocess.run,
            known.get(words[0], list(words)),
            cwd=self.folder,
            env={**WHO, **(environ or {})},
            capture_output=True,
            text=True,
            check=False,
        )
        return OperatorAnswer(
            command=tuple(words),
            exit_code=done.returncode,
            output=done.stdout,
            errors=done.stderr,
            document=document_in(done.stdout),
        )

    def git(self, *words: str) -> str:
        return subprocess.run(
            ["git", *words], cwd=self.folder, env=WHO, check=True, capture_output=True, text=True
        ).stdout


def make_clone(folder: Path, **files: str) -> ToyClone:
    """A repository with these files (a dot for the slash is not needed: they stand at its top), in one commit."""
    clone = ToyClone(folder=folder)
    for name, text in {"shop.txt": "price = 1\n", **files}.items():
        (folder / name).write_text(text)
    clone.git("init", "--quiet", "--initial-branch=main")
    clone.git("add", "--all")
    clone.git("commit", "--quiet", "--message=as it stands")
    return clone
