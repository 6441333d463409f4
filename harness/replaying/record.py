"""Records traces: takes answers from outside parties that are there, and the output of the replay for the baseline.

A baseline is what a replay gives under exactly the recorded answers, twice. It is refused when a call went unanswered,
when a recorded answer was not asked for, when two replays differ and when there was none, because nothing of that is
the system's behaviour. Secrets and personal data are taken out before anything is written; what is written has been
replayed, and the system decided about it as it did about the original.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

import httpx

from harness.replaying.comparison import TraceOutcome, asked_for, judge
from harness.replaying.keeping import Refused, folder_of, keep
from harness.replaying.runners import Runners
from harness.run import ExitCode
from harness.traces import (
    Approval,
    Cassette,
    Comparison,
    Interaction,
    Redactor,
    Request,
    Response,
    Trace,
    Unredactable,
    difference,
    digest,
    save_trace,
)
from harness.traces.redaction_rules import KEPT_HEADERS

CALLS_MAX = 200
ANSWERS_WITHIN_S = 60.0
"""For one answer of a party that is asked; a language model may think for long."""
LINES_MAX = 10
"""Of what differs, in a refusal."""


@dataclass(slots=True, kw_only=True)
class Recorder:
    """Replays what is recorded by `runners`. Without a `redactor` traces are kept as they are."""

    runners: Runners
    comparison: Comparison = field(default_factory=Comparison)
    redactor: Redactor | None = None
    _outputs: dict[str, Any] = field(default_factory=dict)

    def output(self, trace: Trace) -> Any:
        """What the system makes of a trace that has all its answers; Refused where that is no baseline."""
        key = digest(trace.to_contract())
        if key not in self._outputs:
            self._outputs[key] = self._replayed(trace)
        return self._outputs[key]

    def kept(self, trace: Trace) -> Trace:
        """The trace as it is to be written, with its baseline. Refused where it must not be."""
        if self.redactor is None:
            return trace.with_baseline(self.output(trace))
        try:
            return self.redactor.keep(trace.with_baseline(None), self.output, self.comparison)
        except Unredactable as error:
            raise Refused(str(error)) from error

    def _replayed(self, trace: Trace) -> Any:
        (_, result), (_, again) = self.runners.replay([trace, trace])
        verdict = judge(trace.with_baseline(result.output), result, self.comparison, again=again)
        if verdict.outcome is TraceOutcome.UNKNOWN:
            raise Refused(f"{trace.id}: the replay failed: {verdict.error}", ExitCode.UNKNOWN)
        wrong = [f"the system raised: {verdict.error}"] if verdict.error else []
        if verdict.outcome is TraceOutcome.NOISY:
            wrong += [f"two replays differ: {line}" for line in verdict.lines]
        wrong += [f"not recorded: {line}" for line in verdict.unmatched]
        wrong += [f"recorded, and nobody asked: {line}" for line in verdict.unused]
        if wrong:
            raise Refused("\n  ".join([f"{trace.id}: no baseline:", *wrong]))
        return result.output


class Answers(Protocol):
    """Where the answers of a trace come from."""

    def fill(self, trace: Trace, recorder: Recorder) -> Trace:
        """The trace with all answers that its replay asks for; Refused where they cannot be had."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Recorded:
    """From the trace's own cassette."""

    def fill(self, trace: Trace, recorder: Recorder) -> Trace:
        return trace


@dataclass(frozen=True, slots=True, kw_only=True)
class Upstreams:
    """From parties that are asked one question after the other, as the replay comes to it.

    `addresses` says for each beginning of an address in cassettes where that party is; `client` brings its keys.
    """

    addresses: Mapping[str, str]
    client: httpx.Client
    calls_max: int = CALLS_MAX

    def fill(self, trace: Trace, recorder: Recorder) -> Trace:
        for _ in range(self.calls_max):
            result = recorder.runners.one(trace)
            if result.error is not None:
                raise Refused(f"{trace.id}: the replay failed: {result.error}", ExitCode.UNKNOWN)
            if not result.unmatched:
                return trace
            asked = result.unmatched[0]["request"]
            request = Request(
                method=asked["method"], uri=asked["uri"], headers=asked.get("headers", {}), body=asked.get("body", "")
            )
            fetched = Interaction(request=request, response=self._answer(trace, request))
            trace = trace.with_cassette(Cassette(interactions=(*trace.cassette.interactions, fetched)))
        raise Refused(f"{trace.id}: more than {self.calls_max} calls")

    def _answer(self, trace: Trace, request: Request) -> Response:
        source = next((name for name in self.addresses if request.uri.startswith(name)), None)
        if source is None:
            said = asked_for({"request": {"method": request.method, "uri": request.uri}})
            raise Refused(f"{trace.id}: no answer is recorded for {said}, and no upstream has it")
        try:
            answer = self.client.request(
                request.method,
                self.addresses[source] + request.uri.removeprefix(source),
                headers=dict(request.headers),
                content=request.body.encode("utf-8"),
            )
        except httpx.HTTPError as error:
            raise Refused(f"{trace.id}: {source}: {type(error).__name__}: {error}", ExitCode.UNKNOWN) from error
        return Response(
            status=answer.status_code,
            headers={name: answer.headers[name] for name in sorted(KEPT_HEADERS) if name in answer.headers},
            body=answer.text,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Recording:
    """One trace that was recorded. `baseline` is `new`, `renewed` or `as it was`."""

    trace: Trace
    baseline: str
    redacted: bool

    def to_json(self) -> dict[str, Any]:
        """As the command prints it with `--json`."""
        return {
            "trace": self.trace.id,
            "folder": str(folder_of(self.trace)),
            "answers": len(self.trace.cassette.interactions),
            "baseline": self.baseline,
            "redacted": self.redacted,
        }


def record(
    draft: Trace, answers: Answers, recorder: Recorder, *, root: Path | None, approval: Approval | None
) -> Recording:
    """Record one trace and write it: where it stands, else below `root`. Refused where it must not be written.

    One that has a baseline already is given another one only with an `approval`.
    """
    filled = answers.fill(draft, recorder)
    kept = recorder.kept(filled)
    moved = difference(draft.baseline, kept.baseline, recorder.comparison) if draft.baseline is not None else ()
    if moved and approval is None:
        lines = [f"{draft.id}: its baseline would change; say with --reason why that is right:", *map(str, moved)]
        raise Refused("\n  ".join(lines[: LINES_MAX + 1]))
    if draft.folder is None:
        assert root is not None, "a new trace has to stand somewhere"
        written = save_trace(kept, root)
    else:
        keep(kept, draft, approval if moved else None)
        written = kept.in_folder(draft.folder)
    return Recording(
        trace=written,
        baseline="new" if draft.baseline is None else "renewed" if moved else "as it was",
        redacted=kept.with_baseline(None) != filled.with_baseline(None),
    )
