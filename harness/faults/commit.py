"""A commit that changes behaviour, among others that do not: in the clone of the project that a drill works in."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from harness.environments.base import Capability, Environment, EnvironmentFault, Worktree
from harness.faults.base import Evidence, Witness, capability


@dataclass(frozen=True, slots=True, kw_only=True)
class Edit:
    """In the file at `path` the words `before` become `after`. They have to stand there once."""

    path: str
    before: str
    after: str

    def of(self, root: Path) -> str:
        """The file's new content; raises EnvironmentFault when the words are not there, or more than once."""
        file = root / self.path
        text = file.read_text(encoding="utf-8") if file.is_file() else ""
        if text.count(self.before) != 1:
            raise EnvironmentFault(f"{self.path}: expected {self.before!r} once, seen {text.count(self.before)} times")
        return text.replace(self.before, self.after)


@dataclass(frozen=True, slots=True, kw_only=True)
class Commit:
    """Commits `edit`, with `earlier` commits before it and `later` ones after it that change nothing.

    Healed by putting the clone back to the commit that it was at.
    """

    edit: Edit
    subject: str
    earlier: int = 2
    later: int = 2

    @property
    def name(self) -> str:
        return "commit"

    @property
    def target(self) -> str:
        return Capability.WORKTREE.value

    @property
    def needs(self) -> frozenset[Capability]:
        return frozenset({Capability.WORKTREE})

    async def watch(self, environment: Environment) -> Witness:
        worktree = capability(environment, Worktree)
        return _Watched(worktree=worktree, before=await worktree.head(), path=self.edit.path)

    @asynccontextmanager
    async def apply(self, environment: Environment) -> AsyncIterator[None]:
        worktree = capability(environment, Worktree)
        before = await worktree.head()
        try:
            last = await self._commits(worktree, before)
            # All at once, as they are pushed: whoever looks sees all of them or none.
            await git(worktree, "merge", "--quiet", "--ff-only", last)
            yield
        finally:
            await git(worktree, "reset", "--quiet", "--hard", before)
            await git(worktree, "clean", "--quiet", "--force", "-d")

    async def _commits(self, worktree: Worktree, before: str) -> str:
        """Make the commits on top of `before`, beside what is checked out; the last one's id."""
        old = (await git(worktree, "rev-parse", f"{before}^{{tree}}")).strip()
        new = await self._changed_tree(worktree, before)
        last = before
        for subject, tree in (
            *((f"earlier, {number + 1}", old) for number in range(self.earlier)),
            (self.subject, new),
            *((f"later, {number + 1}", new) for number in range(self.later)),
        ):
            last = (await git(worktree, "commit-tree", tree, "-p", last, "-m", subject)).strip()
        return last

    async def _changed_tree(self, worktree: Worktree, before: str) -> str:
        root = await worktree.worktree()
        content = await asyncio.to_thread(self.edit.of, root)
        draft, index = root / ".git" / "drill-edit", {"GIT_INDEX_FILE": str(root / ".git" / "drill-index")}
        await asyncio.to_thread(draft.write_text, content, encoding="utf-8")
        blob = (await git(worktree, "hash-object", "-w", "--path", self.edit.path, str(draft))).strip()
        mode = (await git(worktree, "ls-tree", before, "--", self.edit.path)).split()[0]
        await git(worktree, "read-tree", before, environ=index)
        await git(worktree, "update-index", "--cacheinfo", f"{mode},{blob},{self.edit.path}", environ=index)
        return (await git(worktree, "write-tree", environ=index)).strip()


@dataclass(frozen=True, slots=True, kw_only=True)
class _Watched:
    """Asks git, which the injector has only told."""

    worktree: Worktree
    before: str
    path: str

    async def evidence(self) -> Evidence:
        head = await self.worktree.head()
        since = f"{self.before}..{head}"
        changed = (await git(self.worktree, "log", "--format=%H", since, "--", self.path)).split()
        commits = (await git(self.worktree, "log", "--format=%H", since)).split()
        facts = {
            "before": self.before,
            "head": head,
            "commit": changed[0] if changed else None,
            "commits": len(commits),
            "changed_id": (await git(self.worktree, "rev-parse", f"{head}:{self.path}")).strip(),
        }
        return Evidence(proof=len(changed) == 1 and head != self.before, facts=facts)


async def git(worktree: Worktree, *words: str, environ: Mapping[str, str] | None = None) -> str:
    """What git answers in the clone; raises EnvironmentFault with its complaint."""
    answer = await worktree.work(("git", *words), environ=environ)
    if answer.exit_code:
        raise EnvironmentFault(f"`git {' '.join(words)}` in the clone: {answer.errors.strip()[-500:]}")
    return answer.output
