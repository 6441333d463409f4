"""Replays traces at any revision of the project, with that revision's own code and packages.

A revision is a commit, or `WORKTREE`: the checkout as it stands, with all that was not committed. A commit is copied
elsewhere and runs there; the checkout is never touched. What a replay of committed code gave is kept, and found again
by the code (what `[tool.harness] code` names), the lock file, the runner and the trace. A revision that cannot be
replayed gives results with the reason, never an exception in the middle of a corpus.
"""

import hashlib
import platform
import sys
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from types import TracebackType
from typing import Self

from harness.config import FILE_NAME, Config, ConfigError
from harness.environments.base import EnvironmentFault
from harness.replaying import runner
from harness.replaying.checkouts import Checkouts
from harness.replaying.comparison import ReplayResult
from harness.replaying.interpreters import Interpreters, has_all, installed
from harness.replaying.repository import Commit, Repository, RevisionError
from harness.replaying.results import Results
from harness.replaying.runner_process import Target
from harness.replaying.runners import LIMIT_S, Asked, Runners
from harness.traces import Trace, digest

WORKTREE = "WORKTREE"
"""The revision that is not committed yet: the checkout as it stands."""

Replayed = tuple[Trace, ReplayResult]


@dataclass(frozen=True, slots=True, kw_only=True)
class Revision:
    """One revision of the project, as far as replays go.

    `commit` is None for a checkout that differs from its commit, or has none. `code` tells what decides its results
    apart from other revisions; None where nobody can say, and then nothing of it is kept. `problem` says why it cannot
    be replayed.
    """

    name: str
    commit: Commit | None = None
    in_place: bool = False
    entry: str = ""
    lock: str | None = None
    code: str | None = None
    problem: str | None = None

    def __str__(self) -> str:
        """As it was named, and which commit that is."""
        if self.commit is None or self.commit.id.startswith(self.name):
            return self.name
        return f"{self.name} ({self.commit.short})"

    def to_json(self) -> dict[str, str | None]:
        """As verdicts print it."""
        commit = {} if self.commit is None else self.commit.to_json()
        return {"name": self.name, **commit, "problem": self.problem}


@dataclass(slots=True, kw_only=True)
class Revisions:
    """One session of replays; use as a context manager, which removes what it made.

    With `fresh` no kept result is used, and new ones are kept all the same. `replays` counts the traces that were
    really replayed.
    """

    config: Config
    progress: Callable[[str], None]
    processes: int | None = None
    limit_s: float = LIMIT_S
    fresh: bool = False
    results: Results = field(default_factory=Results)
    replays: int = 0
    _repository: Repository | None = None
    _checkouts: Checkouts | None = None
    _interpreters: Interpreters | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._checkouts is not None:
            self._checkouts.close()
        if self._interpreters is not None:
            self._interpreters.close()

    @property
    def repository(self) -> Repository:
        """The project's repository; RevisionError where there is none."""
        if self._repository is None:
            self._repository = Repository.of(self.config.project)
        return self._repository

    def named(self, name: str) -> Revision:
        """The revision that a name means: what git understands, or WORKTREE. RevisionError when it means none."""
        return self._worktree() if name == WORKTREE else self.at(self.repository.commit(name), name)

    def at(self, commit: Commit, name: str | None = None) -> Revision:
        """The revision of one commit."""
        return self.all_at([commit], name)[0]

    def all_at(self, commits: Sequence[Commit], name: str | None = None) -> list[Revision]:
        """The revision of each commit: a few questions to git for all of them, not for each."""
        stated = self.repository.object_ids(commits, FILE_NAME)
        found: dict[str, Revision] = {}
        for content_id in dict.fromkeys(stated):
            same = [commit for commit, other in zip(commits, stated, strict=True) if other == content_id]
            for revision in self._stating(content_id, same, name):
                assert revision.commit is not None
                found[revision.commit.id] = revision
        return [found[commit.id] for commit in commits]

    def _stating(self, content_id: str | None, commits: list[Commit], name: str | None) -> Iterator[Revision]:
        """The revisions of commits that have the same configuration."""
        try:
            content = self.repository.contents(commits[0], FILE_NAME)
            if content is None:
                raise ConfigError(f"it has no {FILE_NAME}")
            config = Config.of_revision(self.config.project, content, name or commits[0].short)
            if config.replay is None:
                raise ConfigError("its [tool.harness] names no replay entry")
        except ConfigError as error:
            for commit in commits:
                yield Revision(name=name or commit.short, commit=commit, problem=str(error))
            return
        parts = {path: self.repository.object_ids(commits, path) for path in config.code or (".",)}
        locks = self.repository.object_ids(commits, config.lock) if config.lock else [None] * len(commits)
        for number, (commit, lock) in enumerate(zip(commits, locks, strict=True)):
            code = {path: ids[number] for path, ids in parts.items()}
            packages = lock or installed()
            yield Revision(
                name=name or commit.short,
                commit=commit,
                entry=config.replay,
                lock=config.lock if lock else None,
                code=digest({"entry": config.replay, "code": code, "packages": packages}),
            )

    def _worktree(self) -> Revision:
        config = self.config
        if config.replay is None:
            return Revision(name=WORKTREE, in_place=True, problem="[tool.harness] names no replay entry")
        as_it_is = Revision(name=WORKTREE, in_place=True, entry=config.replay)
        try:
            commit = self.repository.commit("HEAD")
        except RevisionError:
            return as_it_is
        paths = [FILE_NAME, *(config.code or (".",)), *([config.lock] if config.lock else ())]
        if self.repository.changed(paths):
            return as_it_is
        lock = self.repository.contents(commit, config.lock) if config.lock else None
        committed = self.at(commit)
        # It runs on this interpreter, whatever that has; only with the locked packages is it the commit's own.
        code = committed.code if lock is None or has_all(lock) else None
        return Revision(name=WORKTREE, commit=commit, in_place=True, entry=config.replay, code=code)

    def replay(self, revision: Revision, traces: Iterable[Trace]) -> Generator[Replayed, None, None]:
        """What `revision` makes of each trace, in order, as it comes."""
        if revision.problem is not None:
            for trace in traces:
                yield trace, ReplayResult(trace=trace.id, error=f"{revision} cannot be replayed: {revision.problem}")
            return
        yield from self._completed(revision, ((trace, None) for trace in traces), nth=1)

    def again(
        self, revision: Revision, traces: Iterable[tuple[Trace, bool]]
    ) -> Iterator[tuple[Trace, ReplayResult | None]]:
        """A second result of each trace that is marked, from another process; None for the others."""
        passed = ReplayResult(trace="")
        asked = ((trace, None if marked else passed) for trace, marked in traces)
        for trace, result in self._completed(revision, asked, nth=2):
            yield trace, None if result is passed else result

    def _completed(self, revision: Revision, traces: Iterable[Asked], *, nth: int) -> Generator[Replayed, None, None]:
        """Results in order: those that are given, those that were kept, and else what a replay gives."""
        keys: deque[tuple[str | None, bool]] = deque()

        def asked() -> Iterator[Asked]:
            for trace, given in traces:
                key = None if given is not None else _key(revision, trace, nth)
                kept = given if key is None or self.fresh else self.results.get(key, trace.id)
                keys.append((key, kept is None))
                yield trace, kept

        with Runners(
            lambda: self._target(revision),
            processes=self.processes,
            limit_s=self.limit_s,
            refusals=(RevisionError, EnvironmentFault, OSError),
        ) as runners:
            for trace, result in runners.complete(asked()):
                key, replayed = keys.popleft()
                if replayed:
                    self.replays += 1
                    if key is not None:
                        self.results.put(key, result)
                yield trace, result

    def _target(self, revision: Revision) -> Target:
        if revision.in_place:
            return Target(entry=revision.entry, directory=self.config.project)
        assert revision.commit is not None
        try:
            if self._checkouts is None:
                self._checkouts = Checkouts(repository=self.repository)
            if self._interpreters is None:
                self._interpreters = Interpreters(progress=self.progress)
            lock = self.repository.contents(revision.commit, revision.lock) if revision.lock else None
            return Target(
                entry=revision.entry,
                python=(str(self._interpreters.for_lock(lock)),),
                directory=self._checkouts.project(revision.commit),
                instead_of=self.config.project,
                environ=self._checkouts.environ(),
            )
        except (RevisionError, EnvironmentFault, OSError) as error:
            raise RevisionError(f"{revision} cannot be replayed: {error}") from error


def _key(revision: Revision, trace: Trace, nth: int) -> str | None:
    """All that decides a result; None for a revision whose code nobody can name."""
    if revision.code is None:
        return None
    return digest(
        {
            "code": revision.code,
            "python": [sys.version, platform.machine()],
            "runner": _digest_of_runner(),
            "trace": digest(trace.to_contract()),
            "nth": nth,
        }
    )


@cache
def _digest_of_runner() -> str:
    return hashlib.sha256(Path(runner.__file__).read_bytes()).hexdigest()
