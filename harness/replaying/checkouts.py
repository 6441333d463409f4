"""Copies of commits to run code from: away from the user's checkout, and gone afterwards, however this ends.

All copies of one session lie in one directory below the user's cache, with a lease on it that ends with this process.
What a killed session left, its processes included, is removed by the next one.
"""

from dataclasses import dataclass, field
from pathlib import Path

from harness.cache import cache_folder
from harness.environments.guardian import RUN_VARIABLE, remove_run_directory
from harness.environments.run_directory import RunDirectory, sweep
from harness.replaying.repository import Commit, Repository
from harness.services.base import own_environ


@dataclass(slots=True, kw_only=True)
class Checkouts:
    """Copies of commits of `repository`, made when they are first asked for; `close` removes them."""

    repository: Repository
    root: Path = field(default_factory=lambda: cache_folder("checkouts"))
    _run: RunDirectory | None = None
    _copied: dict[str, Path] = field(default_factory=dict)

    def project(self, commit: Commit) -> Path:
        """Where the project stands in the copy of `commit`."""
        if commit.id not in self._copied:
            folder = self._held().path / commit.id
            folder.mkdir()
            self._copied[commit.id] = self.repository.copy(commit, folder)
        return self._copied[commit.id]

    def environ(self) -> dict[str, str]:
        """What a process that runs from a copy sees of an environment: it is ended with the copy."""
        return own_environ({RUN_VARIABLE: str(self._held().path)})

    def close(self) -> None:
        """Remove all copies."""
        run, self._run = self._run, None
        self._copied.clear()
        if run is not None:
            remove_run_directory(run.path)
            run.release()

    def _held(self) -> RunDirectory:
        if self._run is None:
            sweep(self.root)
            self._run = RunDirectory.create(self.root)
        return self._run
