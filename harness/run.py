"""What one drill leaves behind: a value that can be saved, read again and judged again."""

import hashlib
import platform
import re
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import IntEnum
from pathlib import Path
from typing import Any

from harness.clock import Clock, epoch_s
from harness.history import Event, History, Kind
from harness.judgement import Judgement
from harness.verdict import Outcome, Verdict, worst

SEED_MAX = 2**31 - 1
_RUN_ID = re.compile(r"[0-9]{8}-[0-9]{6}-[a-z0-9_]{1,60}-s[0-9]{1,10}-[0-9a-f]{4}")


class ExitCode(IntEnum):
    """How the program ends; clear of pytest's own codes."""

    PASS = 0
    INVARIANT = 10
    OBJECTIVE = 11
    UNKNOWN = 12
    HARNESS = 13


@dataclass(frozen=True, slots=True, kw_only=True)
class Phase:
    """One phase of a drill, in seconds of its run."""

    name: str
    from_s: float
    to_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """One drill: what it was, what it saw, what came of it.

    `control` is the negative control that was on, `skipped` the reason why nothing was drilled. `settings` are the
    variables that differed from the topology's own; `database` is the kind of its databases where it was chosen.
    """

    id: str
    scenario: str
    seed: int
    commit: str
    environment: str
    versions: Mapping[str, str]
    settings: Mapping[str, str]
    started_at: str
    duration_s: float
    history: History
    judgement: Judgement
    control: str | None = None
    must_fail: str | None = None
    skipped: str | None = None
    facts: Mapping[str, Any] = field(default_factory=dict)
    database: str | None = None

    @property
    def place(self) -> str:
        """Where it ran, in words."""
        return self.environment if self.database is None else f"{self.environment} on {self.database}"

    @property
    def words(self) -> tuple[str, ...]:
        """The options that make the same drill again."""
        chosen = ("--seed", str(self.seed), "--environment", self.environment)
        return chosen if self.database is None else (*chosen, "--database", self.database)

    @property
    def outcome(self) -> Outcome:
        return self.judgement.outcome

    @property
    def phases(self) -> tuple[Phase, ...]:
        """The phases as the history tells them; each ends where the next begins."""
        starts = self.history.where(kind=Kind.STEP, action="phase")
        ends = [*(event.at_s for event in starts[1:]), self.duration_s][: len(starts)]
        return tuple(
            Phase(name=str(event.value["phase"]), from_s=event.at_s, to_s=to_s)
            for event, to_s in zip(starts, ends, strict=True)
        )

    @property
    def evidence(self) -> tuple[Event, ...]:
        """What was seen of the faults from outside."""
        return tuple(self.history.where(kind=Kind.STEP, action="evidence"))

    @property
    def caught(self) -> bool:
        """Whether the negative control was caught by the checker that it names, in a drill that was one."""
        return self.judgement.proved and any(
            verdict.checker == self.must_fail and verdict.outcome is Outcome.FAIL
            for verdict in self.judgement.invariants
        )


def is_run_id(text: str) -> bool:
    """Whether `text` has the form of a run's id; ids come from users and become names of folders."""
    return _RUN_ID.fullmatch(text) is not None


def new_run_id(scenario: str, seed: int, clock: Clock) -> str:
    """Such as `20261124-021530-db_failover_killed-s7-4f2a`: when, what, which seed, and four digits against doubles."""
    stamp = clock.started_at.strftime("%Y%m%d-%H%M%S")
    name = re.sub(r"[^a-z0-9_]", "_", scenario.lower())[:60]
    digest = hashlib.sha256(f"{scenario}{seed}{clock.started_at.isoformat()}".encode()).hexdigest()[:4]
    return f"{stamp}-{name}-s{seed}-{digest}"


def draw_seed() -> int:
    """A seed that differs from call to call; whoever draws one prints it."""
    return int(epoch_s() * 1000) % SEED_MAX


def commit_of(project: Path) -> str:
    """The commit that is checked out, with `+` where the tree differs from it; `unknown` outside a repository."""
    try:
        answer = subprocess.run(
            ["git", "describe", "--always", "--abbrev=12", "--dirty=+"],  # noqa: S607 -- whichever git the user has
            cwd=project,
            capture_output=True,
            text=True,
            timeout=5,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return "unknown"
    return answer.stdout.strip() or "unknown"


def own_versions() -> dict[str, str]:
    """The versions that every run is made with."""
    return {"python": platform.python_version(), "kernel": platform.release()}


def exit_code(runs: Sequence[Run]) -> ExitCode:
    """The worst of several drills: a broken invariant before a missed objective before what is not known."""
    codes = {_exit_code(run) for run in runs if run.skipped is None}
    if not codes:
        return ExitCode.UNKNOWN
    return next(
        code for code in (ExitCode.INVARIANT, ExitCode.OBJECTIVE, ExitCode.UNKNOWN, ExitCode.PASS) if code in codes
    )


def _exit_code(run: Run) -> ExitCode:
    def any_failed(parts: Sequence[Verdict]) -> bool:
        return any(part.outcome is Outcome.FAIL for part in parts)

    if run.outcome is not Outcome.FAIL:
        return ExitCode.UNKNOWN if run.outcome is Outcome.UNKNOWN else ExitCode.PASS
    return ExitCode.INVARIANT if any_failed(run.judgement.invariants) else ExitCode.OBJECTIVE


def outcome_of(runs: Sequence[Run]) -> Outcome:
    """The worst outcome of the runs that were not skipped."""
    return worst(run.outcome for run in runs if run.skipped is None)


def run_document(run: Run) -> dict[str, Any]:
    """A run as `drill --json` prints it and as `run.json` keeps it; the history is a file of its own."""
    measured: dict[str, Any] = {
        f"{measurement.name}_s": measurement.value_s for measurement in run.judgement.measurements
    }
    measured["lost"] = [lost for measurement in run.judgement.measurements for lost in measurement.lost]
    return {
        "id": run.id,
        "scenario": run.scenario,
        "environment": run.environment,
        "database": run.database,
        "seed": run.seed,
        "outcome": "skipped" if run.skipped else run.outcome.value,
        "skipped": run.skipped,
        "control": run.control,
        "must_fail": run.must_fail,
        "started_at": run.started_at,
        "duration_s": round(run.duration_s, 3),
        "commit": run.commit,
        "versions": dict(run.versions),
        "settings": dict(run.settings),
        "facts": dict(run.facts),
        "phases": [
            {"name": phase.name, "from_s": round(phase.from_s, 3), "to_s": round(phase.to_s, 3)} for phase in run.phases
        ],
        "verdicts": [_verdict_document(verdict) for verdict in run.judgement.verdicts],
        "objectives": [
            {
                "name": measurement.name,
                "value_s": measurement.value_s,
                "limit_s": measurement.limit_s,
                "nominal_limit_s": measurement.nominal_limit_s,
                "outcome": measurement.outcome.value,
                "summary": measurement.summary,
            }
            for measurement in run.judgement.measurements
        ],
        "measured": measured,
        "evidence": [{"at_s": round(event.at_s, 3), **event.value} for event in run.evidence],
        "claims": {claim: outcome.value for claim, outcome in run.judgement.claims.items()},
    }


def _verdict_document(verdict: Verdict) -> dict[str, Any]:
    document: dict[str, Any] = {
        "checker": verdict.checker,
        "outcome": verdict.outcome.value,
        "summary": verdict.summary,
        "events": list(verdict.evidence[:50]),
        "claims": list(verdict.claims),
    }
    if verdict.parts:
        document["parts"] = [_verdict_document(part) for part in verdict.parts]
    return document
