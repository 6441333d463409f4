"""How the clone of the project stands: its commit, what some files are in it, and what is not committed."""

from dataclasses import dataclass

from harness.clock import Clock
from harness.environments.base import Capability, Environment, Worktree
from harness.history import History, Kind


@dataclass(frozen=True, slots=True, kw_only=True)
class CloneProbe:
    """Writes `called`: `head`, `ids` (of each path as it is committed; equal ids are equal contents), `uncommitted`."""

    called: str
    paths: tuple[str, ...]
    every_s: float = 1.0

    @property
    def name(self) -> str:
        return self.called

    @property
    def needs(self) -> frozenset[Capability]:
        return frozenset({Capability.WORKTREE})

    async def observe(self, environment: Environment, history: History, clock: Clock) -> None:
        if not isinstance(environment, Worktree):
            raise TypeError(f"the {environment.name} environment has no clone to look at")
        head = await environment.head()
        asked = await environment.work(("git", "rev-parse", *(f"{head}:{path}" for path in self.paths)))
        status = await environment.work(("git", "status", "--porcelain", "--", *self.paths))
        history.append(
            actor=f"probe {self.name}",
            kind=Kind.PROBE,
            action=self.called,
            value={
                "head": head,
                "ids": dict(zip(self.paths, asked.output.split(), strict=False)),
                "uncommitted": status.output.splitlines(),
            },
        )
