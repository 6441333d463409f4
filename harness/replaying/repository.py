"""Reads a git repository and leaves it as it is: commits, what stood in them, and copies of them elsewhere.

Nothing here writes below `.git` or into the user's checkout: a copy of a commit goes through an index of its own, no
hook runs, and git is kept from refreshing the user's index when it is only asked. What the caller's environment says to
git (as it does inside a hook) is dropped.
"""

import os
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Self

_LIMIT_S = 60.0
_COPY_LIMIT_S = 600.0
_FIELDS = "%H%x00%an%x00%aI%x00%s"
_QUIET = [word for name in ("core.hooksPath=/dev/null", "core.fsmonitor=false") for word in ("-c", name)]


class RevisionError(ValueError):
    """A revision that cannot be used: which, what git said, what to do instead."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Commit:
    """One commit: its full id, who wrote it, when (ISO 8601 with its zone), and the first line of what they said."""

    id: str
    author: str
    at: str
    subject: str

    @property
    def short(self) -> str:
        """The id as people write it."""
        return self.id[:12]

    def to_json(self) -> dict[str, str]:
        """As listings and verdicts print it."""
        return {"commit": self.id, "author": self.author, "date": self.at, "subject": self.subject}


@dataclass(frozen=True, slots=True, kw_only=True)
class Repository:
    """The repository whose checkout begins at `top`; `prefix` is the project's place in it: empty, or ends in /."""

    top: Path
    prefix: str

    @classmethod
    def of(cls, project: Path) -> Self:
        """The repository that `project` lies in; raises RevisionError where there is none."""
        said = _git(project, "rev-parse", "--show-toplevel", "--show-prefix").decode().split("\n")
        return cls(top=Path(said[0]), prefix=said[1])

    def commit(self, revision: str) -> Commit:
        """The commit that a name means; raises RevisionError for one that means none."""
        if not revision or revision.startswith("-") or "\0" in revision:
            raise RevisionError(f"{revision!r} is no revision; name a commit, a branch or a tag")
        try:
            found = self._ask("rev-parse", "--verify", "--quiet", "--end-of-options", f"{revision}^{{commit}}")
        except RevisionError as error:
            raise RevisionError(f"{self.top} has no revision {revision!r}; `git log` shows what there is") from error
        return self._commits("--max-count=1", found.decode().strip())[0]

    def first_parents(self, good: Commit, bad: Commit) -> list[Commit]:
        """The commits after `good` up to `bad`, oldest first, along first parents; RevisionError when none are."""
        if good.id == bad.id:
            raise RevisionError(f"{good.short} is given as good and as bad; nothing lies between")
        if not self.is_ancestor(good, bad):
            raise RevisionError(
                f"{bad.short} does not descend from {good.short}: name a good commit that it comes from"
            )
        return self._commits("--first-parent", "--reverse", bad.id, f"^{good.id}")

    def is_ancestor(self, one: Commit, other: Commit) -> bool:
        """Whether `other` descends from `one`."""
        base = self._ask("rev-list", "--max-count=1", one.id, f"^{other.id}")
        return not base.strip()

    def object_ids(self, commits: Sequence[Commit], path: str) -> list[str | None]:
        """The id of what stands at `path` (below the project) in each commit, so equal ids are equal contents."""
        names = "".join(f"{commit.id}:{self._place(path)}\n" for commit in commits)
        lines = self._ask("cat-file", "--batch-check=%(objectname)", asked=names.encode()).decode().splitlines()
        return [None if line.endswith(" missing") else line for line in lines]

    def contents(self, commit: Commit, path: str) -> bytes | None:
        """The file at `path` (below the project) as it stands in `commit`; None where there is none."""
        (found,) = self.object_ids([commit], path)
        return None if found is None else self._ask("cat-file", "blob", found)

    def changed(self, paths: Sequence[str]) -> bool:
        """Whether the checkout differs from its commit at any of `paths`, files that git does not know included."""
        places = [f":(top,literal){self._place(path)}" for path in paths]
        return bool(self._ask("status", "--porcelain", "--untracked-files=all", "-z", "--", *places))

    def copy(self, commit: Commit, folder: Path) -> Path:
        """Write all of `commit` below `folder`, which has to be there; returns the project's place in it."""
        index = folder / ".index"
        more = {"GIT_INDEX_FILE": str(index)}
        inside = folder / "tree"
        inside.mkdir()
        self._ask("read-tree", commit.id, more=more, limit_s=_COPY_LIMIT_S)
        self._ask("checkout-index", "--all", "--quiet", f"--prefix={inside}/", more=more, limit_s=_COPY_LIMIT_S)
        index.unlink(missing_ok=True)
        return inside / self.prefix

    def last_changed(self, path: str) -> dict[str, str]:
        """When each file below `path` was last committed (ISO 8601), by its place below `path`."""
        place = self._place(path)
        words = ("log", "-z", "--format=%x01%cI", "--name-only", "--no-renames", "--no-show-signature")
        said = self._ask(*words, "--", f":(top,literal){place}").decode("utf-8", "surrogateescape")
        found: dict[str, str] = {}
        for entry in said.split("\x01")[1:]:
            at, _, names = entry.partition("\0")
            for name in names.strip("\n\0").split("\0"):
                found.setdefault(name.removeprefix(f"{place}/"), at.strip())
        return found

    def user(self) -> str:
        """Who works here, as a commit of theirs would say: `Name <address>`."""
        said = self._ask("var", "GIT_AUTHOR_IDENT").decode("utf-8", "replace")
        return said[: said.rindex(">") + 1]

    def _place(self, path: str) -> str:
        return (self.prefix + path).rstrip("/") if path != "." else self.prefix.rstrip("/")

    def _commits(self, *words: str) -> list[Commit]:
        said = self._ask("log", "-z", f"--format={_FIELDS}", "--no-show-signature", *words, "--")
        fields = said.decode("utf-8", "replace").removesuffix("\0").split("\0")
        return [
            Commit(id=id_, author=author, at=at, subject=subject)
            for id_, author, at, subject in zip(*(iter(fields),) * 4, strict=True)
        ]

    def _ask(
        self, *words: str, asked: bytes | None = None, more: Mapping[str, str] | None = None, limit_s: float = _LIMIT_S
    ) -> bytes:
        return _git(self.top, *words, asked=asked, more=more, limit_s=limit_s)


def _environ() -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("GIT_") or _is_users(name)}
    return {**kept, "GIT_OPTIONAL_LOCKS": "0", "GIT_TERMINAL_PROMPT": "0", "LC_ALL": "C.UTF-8"}


def _is_users(name: str) -> bool:
    """Who the user is and where their configuration lies; not which repository, index or work tree to use."""
    return name.startswith(("GIT_AUTHOR_", "GIT_COMMITTER_", "GIT_CONFIG_")) and name != "GIT_CONFIG_PARAMETERS"


def _git(
    folder: Path,
    *words: str,
    asked: bytes | None = None,
    more: Mapping[str, str] | None = None,
    limit_s: float = _LIMIT_S,
) -> bytes:
    """What git answers; RevisionError with what it complained about."""
    try:
        done = subprocess.run(  # noqa: S603 -- words of ours; a revision among them is an id, or follows --end-of-options
            ["git", *_QUIET, *words],  # noqa: S607 -- whichever git the user has
            cwd=folder,
            env={**_environ(), **(more or {})},
            input=asked,
            stdin=subprocess.DEVNULL if asked is None else None,
            capture_output=True,
            check=False,
            timeout=limit_s,
        )
    except FileNotFoundError as error:
        raise RevisionError("there is no git on PATH; revisions are read with it, so install it") from error
    except subprocess.TimeoutExpired as error:
        raise RevisionError(f"`git {words[0]}` in {folder} took longer than {limit_s:g} s") from error
    if done.returncode:
        said = done.stderr.decode("utf-8", "replace").strip() or f"exit code {done.returncode}"
        raise RevisionError(f"`git {words[0]}` in {folder}: {said[:500]}")
    return done.stdout
