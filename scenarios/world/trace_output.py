"""What a recorded trace gives in the clone of the project now, seen without the harness's comparison and its rules.

For whoever has to tell that behaviour changed although nobody stopped it. The bytes of the output are compared with
those of the first look, and nothing else is.
"""

import asyncio
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from harness.clock import Clock
from harness.environments.base import Capability, Environment, Worktree
from harness.faults.base import capability
from harness.history import History, Kind
from harness.replaying.comparison import ReplayResult
from harness.replaying.runner_process import Target
from harness.replaying.runners import Runners
from harness.traces import digest, load_trace

ENTRY = "system.replay:replay"


@dataclass(frozen=True, slots=True, kw_only=True)
class TraceOutput:
    """Replays `trace` in the clone; `changed` is 1 when its output is not what the first look saw."""

    trace: str
    every_s: float = 1.0

    @property
    def name(self) -> str:
        return "trace_output"

    @property
    def needs(self) -> frozenset[Capability]:
        return frozenset({Capability.WORKTREE})

    async def observe(self, environment: Environment, history: History, clock: Clock) -> None:
        root = await capability(environment, Worktree).worktree()
        result = await asyncio.to_thread(self._replayed, root)
        first = next(iter(history.where(kind=Kind.PROBE, action=self.name)), None)
        seen: dict[str, Any] = {"trace": self.trace, "error": result.error}
        if result.error is None:
            seen["digest"] = digest(result.output)
            seen["changed"] = 0 if first is None or first.value.get("digest") == seen["digest"] else 1
        history.append(actor=f"probe {self.name}", kind=Kind.PROBE, action=self.name, value=seen)

    def _replayed(self, root: Path) -> ReplayResult:
        trace = load_trace(root / "traces" / self.trace, root=root / "traces")
        with Runners(Target(entry=ENTRY, directory=root, instead_of=Path.cwd()), processes=1) as runners:
            return runners.one(trace)
