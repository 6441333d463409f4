"""Takes what the checkout gives now for the baseline: all of it, or one cause alone; all traces, or none.

Each trace is replayed twice, by other processes and in the opposite order. What nobody can tell never becomes a
baseline: one trace that is unknown or noisy, or whose recorded answers do not fit, and nothing is written at all. Who
took it, when, why and at which commit is written into each trace that changes.
"""

import getpass
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from harness.clock import utc_now
from harness.config import Config
from harness.replaying.all_or_nothing import replace_all
from harness.replaying.comparison import ReplayResult, TraceOutcome, TraceVerdict, judge
from harness.replaying.corpus import root_of
from harness.replaying.findings import Findings
from harness.replaying.keeping import Refused, folder_of, renewed
from harness.replaying.repository import RevisionError
from harness.replaying.revisions import WORKTREE, Revisions
from harness.replaying.unsafe import Unsafe, switched
from harness.run import ExitCode
from harness.traces import Approval, Comparison, Difference, Trace, difference, merged
from harness.traces.folders import TRACE_FILE

_SHOWN = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposal:
    """What a refresh would write: for each trace that changes its new baseline. `found` is all that differs now."""

    found: Findings
    baselines: tuple[tuple[Trace, Any], ...]
    left: tuple[str, ...] = ()

    def document(self) -> dict[str, Any]:
        """As the command prints it with `--json`; `left` are the traces that fail still."""
        return {
            **self.found.document(),
            "refreshed": [trace.id for trace, _ in self.baselines],
            "left": list(self.left),
        }


def propose(session: Revisions, traces: Sequence[Trace], rules: Comparison, *, cluster: int | None = None) -> Proposal:
    """What a refresh would write, of all causes or of the one with this number; Refused where it must not be done."""
    _refuse_what_is_not_ours(session.config, traces)
    at = session.named(WORKTREE)
    session.progress(f"replaying {len(traces)} traces, twice")
    first = {trace.id: result for trace, result in session.replay(at, traces)}
    twice = session.again(at, [(trace, True) for trace in reversed(traces)])
    again = {trace.id: result for trace, result in twice if result is not None}
    if switched(Unsafe.REFRESH_UNKNOWN):
        first, again = ({name: _taken_for_output(one) for name, one in results.items()} for results in (first, again))
    verdicts = {trace.id: judge(trace, first[trace.id], rules, again=again[trace.id]) for trace in traces}
    _refuse_what_must_not_be(verdicts.values())
    found = Findings.of(verdicts.values())
    changed = [trace for trace in traces if verdicts[trace.id].outcome is not TraceOutcome.PASS]
    if cluster is None:
        return Proposal(found=found, baselines=tuple((trace, first[trace.id].output) for trace in changed))
    if not 0 < cluster <= len(found.causes.listed()):
        raise _refused([f"there is no cause {cluster}; there are {len(found.causes.listed())}"], ExitCode.HARNESS)
    baselines: list[tuple[Trace, Any]] = []
    left: list[str] = []
    for trace in changed:
        taken = found.causes.of_cause(cluster, verdicts[trace.id].differences)
        if taken:
            baselines.append((trace, _with(trace, first[trace.id].output, taken, verdicts[trace.id], rules)))
        if len(taken) < len(verdicts[trace.id].differences):
            left.append(trace.id)
    return Proposal(found=found, baselines=tuple(baselines), left=tuple(left))


def _taken_for_output(result: ReplayResult) -> ReplayResult:
    """What nobody should do: the words of an error as if the system had said them."""
    return result if result.error is None else ReplayResult(trace=result.trace, output={"error": result.error})


def _refuse_what_is_not_ours(config: Config, traces: Sequence[Trace]) -> None:
    root = root_of(config).resolve()
    for trace in traces:
        if trace.folder is None or not trace.folder.resolve().is_relative_to(root):
            raise _refused([f"{trace.id} is none of the traces in {root}; only those are refreshed"], ExitCode.HARNESS)


def _refuse_what_must_not_be(verdicts: Iterable[TraceVerdict]) -> None:
    listed = list(verdicts)
    unknown = [f"{one.trace}: unknown: {one.error}" for one in listed if one.outcome is TraceOutcome.UNKNOWN]
    wrong = [f"{one.trace}: noisy: {'; '.join(one.lines[:2])}" for one in listed if one.outcome is TraceOutcome.NOISY]
    wrong += [f"{one.trace}: the system raised: {one.error}" for one in listed if _raised(one)]
    for one in listed:
        wrong += [f"{one.trace}: not recorded: {line}" for line in one.unmatched]
        wrong += [f"{one.trace}: recorded, and nobody asked: {line}" for line in one.unused]
    if any(one.calls for one in listed):
        wrong.append("where calls changed, record their answers first: `harness trace record`")
    if unknown or wrong:
        raise _refused([*unknown, *wrong], ExitCode.UNKNOWN if unknown else ExitCode.INVARIANT)


def _refused(reasons: Sequence[str], exit_code: ExitCode) -> Refused:
    """Nothing is written; a line a reason."""
    shown = [*reasons[:_SHOWN], *([f"and {len(reasons) - _SHOWN} more"] if len(reasons) > _SHOWN else [])]
    return Refused("\n  ".join(["refused, and nothing was written:", *shown]), exit_code)


def _raised(verdict: TraceVerdict) -> bool:
    return verdict.outcome is TraceOutcome.BROKEN and verdict.error is not None


def _with(trace: Trace, output: Any, taken: Sequence[Difference], verdict: TraceVerdict, rules: Comparison) -> Any:
    """The baseline with one cause taken over, and seen to have just that."""
    if len(taken) == len(verdict.differences):
        return output
    baseline = merged(trace.baseline, output, taken)
    patterns = [sorted(one.pattern for one in some) for some in (taken, difference(trace.baseline, baseline, rules))]
    left = len(difference(baseline, output, rules))
    if patterns[0] != patterns[1] or left != len(verdict.differences) - len(taken):
        raise _refused(
            [f"{trace.id}: this cause cannot be told from the others here; refresh the trace whole"], ExitCode.INVARIANT
        )
    return baseline


def approval(session: Revisions, reason: str) -> Approval:
    """Who takes a baseline now, why, and at which commit; with `+` where the checkout differs from it.

    RevisionError when git has not been told who works here.
    """
    if not reason.strip():
        raise _refused(["say why, in words that whoever reads the trace next year understands"], ExitCode.HARNESS)
    at = utc_now().replace(microsecond=0)
    try:
        commit = session.repository.commit("HEAD")
    except RevisionError:  # no repository, or nothing committed yet
        return Approval(at=at, by=getpass.getuser(), why=reason)
    differs = "+" if session.repository.changed(["."]) else ""
    return Approval(at=at, by=session.repository.user(), why=reason, commit=f"{commit.id}{differs}")


def write(config: Config, proposal: Proposal, approved: Approval) -> None:
    """Write all baselines that are proposed, or none of them."""
    root = root_of(config).resolve()
    files: dict[str, bytes] = {}
    for trace, baseline in proposal.baselines:
        place = (folder_of(trace).resolve() / TRACE_FILE).relative_to(root).as_posix()
        files[place] = renewed(trace.with_baseline(baseline), approved)
    if files:
        replace_all(root, files)
