"""Continuous integration: whatever is committed to the clone of the project is held against a gate, once.

Each commit is one operation: ok when the gate lets it pass, fail when it stops it, info when it cannot tell.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from harness.clock import monotonic_s
from harness.environments.base import Capability, OperatorAnswer, Worktree
from harness.history import Kind
from harness.traffic.base import Stage, ends_within

_LOOK_EVERY_S = 0.05
_KINDS = {0: Kind.OK, 10: Kind.FAIL}
_CAUSES_KEPT = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class ContinuousIntegration:
    """Runs `command` in the clone for each commit that is checked out; it may tell whoever is on call, at `alerts`."""

    command: tuple[str, ...] = ("harness", "gate", "--drills", "none")
    alerts: str = "inbox"
    action: str = "gate"
    limit_s: float = 60.0

    @property
    def name(self) -> str:
        return "continuous integration"

    @property
    def needs(self) -> frozenset[Capability]:
        return frozenset({Capability.WORKTREE})

    async def play(self, stage: Stage) -> None:
        worktree = stage.environment
        if not isinstance(worktree, Worktree):
            raise TypeError(f"the {worktree.name} environment has no clone to commit to")
        host, port = worktree.address(self.alerts)
        command = (*self.command, "--alert-url", f"http://{host}:{port}/alerts")
        last = None
        while not await ends_within(stage, _LOOK_EVERY_S):
            head = await worktree.head()
            if head == last:
                continue
            last = head
            stage.history.append(
                actor=self.name, kind=Kind.INVOKE, action=self.action, value={"commit": head}, operation_id=head
            )
            began_s = monotonic_s()
            answer = await worktree.work(command, limit_s=self.limit_s)
            stage.history.append(
                actor=self.name,
                kind=_KINDS.get(answer.exit_code, Kind.INFO),
                action=self.action,
                value={"commit": head, "duration_s": round(monotonic_s() - began_s, 3), **_told(answer)},
                operation_id=head,
            )


def _told(answer: OperatorAnswer) -> Mapping[str, Any]:
    document = answer.document if isinstance(answer.document, dict) else {}
    traces = document.get("traces", {})
    return {
        "exit_code": answer.exit_code,
        "message": document.get("message"),
        "counts": traces.get("counts"),
        "causes": [cause.get("lines") for cause in traces.get("causes", [])[:_CAUSES_KEPT]],
        "errors": "" if document else answer.errors[-2000:],
    }
