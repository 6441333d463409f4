"""The gate of a pull request: every trace as before, every drill passed, and what that says of each claim.

One answer from many. It decides nothing that its parts have not: traces are judged against their baselines, drills by
their checkers, and a claim is as good as the worst of what carries it. What is not asked for is said to be not drilled.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from harness.claims import StatedClaim
from harness.clock import Clock
from harness.config import Config
from harness.gate.alert import Sent
from harness.replaying.comparison import TraceOutcome, configured
from harness.replaying.corpus import ALL, chosen
from harness.replaying.findings import Findings
from harness.replaying.inventory import LastReplays
from harness.replaying.replay import replay
from harness.replaying.revisions import WORKTREE, Revisions
from harness.reports.coverage import Coverage
from harness.run import ExitCode, Run, exit_code, run_document
from harness.verdict import Outcome, worst

REPLAY_MISMATCH = "Trace replay mismatch"

BY_TESTS, NOT_DRILLED = "by tests", "not drilled"
"""What is known of a claim that only tests hold, and of one whose drill was not asked for or was skipped."""

OUTCOMES_MAX = 10_000
"""Traces whose outcome is listed by itself; a larger corpus is counted."""

REGRESSIONS = frozenset({TraceOutcome.BROKEN, TraceOutcome.CHANGED})
"""What a trace comes to where behaviour changed for certain."""

_WORST_FIRST = (ExitCode.INVARIANT, ExitCode.OBJECTIVE, ExitCode.UNKNOWN, ExitCode.PASS)


@dataclass(frozen=True, slots=True, kw_only=True)
class ClaimRow:
    """One claim and what the gate knows of it: an outcome, `by tests`, or `not drilled`."""

    id: str
    text: str
    outcome: str
    carried_by: tuple[str, ...] = ()

    def to_json(self) -> dict[str, Any]:
        return {"id": self.id, "text": self.text, "outcome": self.outcome, "carried_by": list(self.carried_by)}


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplayedTraces:
    """What the replay of the project's traces found, with the outcome of each."""

    findings: Findings
    revision: dict[str, str | None]
    outcomes: tuple[tuple[str, str], ...]
    unmet_masks: tuple[str, ...]
    took_s: float

    @property
    def mismatch(self) -> bool:
        """Whether some trace does not give what it gave, or not each time."""
        return self.findings.exit_code is ExitCode.INVARIANT

    @property
    def regression(self) -> bool:
        """Whether behaviour changed for certain."""
        return self.findings.outcome in REGRESSIONS

    @property
    def reason(self) -> str:
        """The first cause, in one line."""
        return _first_of(self.findings)

    def document(self) -> dict[str, Any]:
        """As the gate prints it with `--json`."""
        return {
            "revision": self.revision,
            "took_s": round(self.took_s, 3),
            **self.findings.document(),
            "unmet_masks": list(self.unmet_masks),
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class GateAnswer:
    """All that the gate found. `drilled` says which drills were asked for: `all`, `none`, or their names."""

    traces: ReplayedTraces
    drilled: str
    runs: tuple[Run, ...] = ()
    claims: tuple[ClaimRow, ...] = ()
    alert: Sent | None = None

    @property
    def exit_code(self) -> ExitCode:
        """The worst of the parts; and where all was drilled, unknown when nothing carries some claim."""
        codes = {self.traces.findings.exit_code}
        if self.runs:
            codes.add(exit_code(self.runs))
        if self.drilled == "all" and any(row.outcome == Outcome.UNKNOWN for row in self.claims):
            codes.add(ExitCode.UNKNOWN)
        return next(code for code in _WORST_FIRST if code in codes)

    @property
    def outcome(self) -> str:
        """In a word."""
        return {ExitCode.PASS: "pass", ExitCode.UNKNOWN: "unknown"}.get(self.exit_code, "fail")

    def document(self) -> dict[str, Any]:
        """As the gate prints it with `--json`."""
        return {
            "outcome": self.outcome,
            "exit_code": int(self.exit_code),
            "message": REPLAY_MISMATCH if self.traces.mismatch else None,
            "traces": self.traces.document(),
            "drilled": self.drilled,
            "drills": [run_document(run) for run in self.runs],
            "claims": [row.to_json() for row in self.claims],
            "alert": None if self.alert is None else self.alert.to_json(),
        }


def _first_of(findings: Findings) -> str:
    causes = findings.causes.listed()
    return str(causes[0]) if causes else "; ".join(str(one.trace) for one in findings.listed[:3])


def claim_rows(coverage: Coverage, runs: Sequence[Run]) -> tuple[ClaimRow, ...]:
    """What the runs say of each claim, in the order of the claims."""
    carried: dict[str, list[tuple[Outcome, str]]] = {}
    for run in runs:
        for id_, outcome in run.judgement.claims.items() if run.skipped is None else ():
            carried.setdefault(id_, []).append((outcome, run.scenario))
    return tuple(
        _row(claim, carried.get(id_, []), [check.scenario for check in coverage.checks(id_)])
        for id_, claim in coverage.claims.claims.items()
    )


def _row(claim: StatedClaim, carried: Sequence[tuple[Outcome, str]], could: Sequence[str]) -> ClaimRow:
    by: Sequence[str] = [name for _, name in carried] or claim.tests or could
    if carried:
        outcome = worst(outcome for outcome, _ in carried).value
    elif claim.tests:
        outcome = BY_TESTS
    else:
        outcome = NOT_DRILLED if could else Outcome.UNKNOWN.value
    return ClaimRow(id=claim.id, text=claim.text, outcome=outcome, carried_by=tuple(dict.fromkeys(by)))


def replay_all(
    config: Config,
    session: Revisions,
    names: Sequence[str] = (ALL,),
    *,
    first_regression: Callable[[str], None] = lambda reason: None,
) -> ReplayedTraces:
    """Replay every trace of the project at the checkout, or those that `names` mean, and note when that was.

    `first_regression` is told the reason of the first that changed for certain, while the others are still replayed.
    """
    clock = Clock()
    at, rules = session.named(WORKTREE), configured(config)
    outcomes: list[tuple[str, str]] = []
    findings = Findings()
    for verdict in LastReplays(config).noting(replay(session, at, chosen(config, names), rules), at):
        certain_before = findings.outcome in REGRESSIONS
        findings.add(verdict)
        if not certain_before and findings.outcome in REGRESSIONS:
            first_regression(_first_of(findings))
        if len(outcomes) < OUTCOMES_MAX:
            outcomes.append((verdict.trace, verdict.outcome.value))
    return ReplayedTraces(
        findings=findings,
        revision=at.to_json(),
        outcomes=tuple(outcomes),
        unmet_masks=tuple(mask.path for mask in rules.unmet(findings.met)),
        took_s=clock.now_s(),
    )
