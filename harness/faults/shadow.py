"""A package that cannot be imported: what stands in the clone in its place says why, and nothing else."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from harness.environments.base import Capability, Environment, Worktree
from harness.faults.base import Evidence, Witness, capability

_WORDS = "is out of order, for a drill"


@dataclass(frozen=True, slots=True, kw_only=True)
class Shadow:
    """Whatever imports `module` (one that no name below it is needed of) in the clone fails."""

    module: str

    @property
    def name(self) -> str:
        return "shadow"

    @property
    def target(self) -> str:
        return Capability.WORKTREE.value

    @property
    def needs(self) -> frozenset[Capability]:
        return frozenset({Capability.WORKTREE})

    async def watch(self, environment: Environment) -> Witness:
        return _Importing(worktree=capability(environment, Worktree), module=self.module)

    @asynccontextmanager
    async def apply(self, environment: Environment) -> AsyncIterator[None]:
        file = await capability(environment, Worktree).worktree() / f"{self.module}.py"
        await asyncio.to_thread(file.write_text, f'raise ImportError("{self.module} {_WORDS}")\n', encoding="utf-8")
        try:
            yield
        finally:
            await asyncio.to_thread(file.unlink, missing_ok=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Importing:
    """Imports it, in a process of its own."""

    worktree: Worktree
    module: str

    async def evidence(self) -> Evidence:
        answer = await self.worktree.work(("python", "-B", "-c", f"import {self.module}"))
        return Evidence(proof=_WORDS in answer.errors, facts={"module": self.module, "exit_code": answer.exit_code})
