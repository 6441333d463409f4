"""What there is: each trace with its age, its last replay and what it covers.

The age of a trace is that of its baseline: when it was last approved, else when it was recorded, else when its file was
last committed. Last replays are kept in one file beside the runs; it is evidence of this checkout, and may be gone.
"""

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from harness.clock import utc_now
from harness.config import Config
from harness.replaying.comparison import TraceVerdict
from harness.replaying.corpus import ALL, chosen, root_of
from harness.replaying.repository import Repository, RevisionError
from harness.replaying.revisions import Revision
from harness.traces import Trace, strict_yaml
from harness.traces.formats import trace_document

_BYTES_MAX = 67_108_864


def inventory(config: Config) -> dict[str, Any]:
    """One row a trace, as `harness trace list --json` prints it."""
    committed, last, now = _committed(config), LastReplays(config).read(), utc_now()
    return {"traces": [_row(trace, committed, last, now) for trace in chosen(config, [ALL])]}


def _row(
    trace: Trace, committed: Mapping[str, datetime], last: Mapping[str, Mapping[str, Any]], now: datetime
) -> dict[str, Any]:
    made = _baseline_made_at(trace, committed)
    return {
        "id": trace.id,
        "title": trace.title,
        "how": trace.made.how,
        "faults": list(trace.made.faults),
        "covers": list(trace.covers),
        "inputs": len(trace.inputs),
        "answers": len(trace.cassette.interactions),
        "end_to_end": trace.end_to_end,
        "baseline": trace.baseline is not None,
        "baseline_at": None if made is None else made.isoformat(),
        "age_s": None if made is None else max(0, round((now - made).total_seconds())),
        "approved_by": trace.approvals[-1].by if trace.approvals else None,
        "last_replay": last.get(trace.id),
    }


def _baseline_made_at(trace: Trace, committed: Mapping[str, datetime]) -> datetime | None:
    if trace.approvals:
        return trace.approvals[-1].at
    return trace.made.at or committed.get(trace.id)


def _committed(config: Config) -> dict[str, datetime]:
    """When each trace's file was last committed, by its id; empty outside a repository."""
    root = root_of(config).resolve()
    if not root.is_relative_to(config.project):
        return {}
    try:
        changed = Repository.of(config.project).last_changed(root.relative_to(config.project).as_posix())
    except RevisionError:
        return {}
    return {
        Path(path).parent.as_posix(): datetime.fromisoformat(at)
        for path, at in changed.items()
        if Path(path).name == "trace.yaml"
    }


@dataclass(frozen=True, slots=True)
class LastReplays:
    """When each of the project's traces was last replayed, and what came of it."""

    config: Config

    @property
    def file(self) -> Path:
        return self.config.runs / "traces.json"

    def read(self) -> dict[str, dict[str, Any]]:
        """By the trace's id; empty where there is no such file, or none that can be read."""
        try:
            if self.file.stat().st_size > _BYTES_MAX:
                return {}
            document = json.loads(self.file.read_text(encoding="utf-8"))
        except (OSError, ValueError, RecursionError):
            return {}
        if not isinstance(document, dict):
            return {}
        return {name: row for name, row in document.items() if isinstance(row, dict)}

    def noting(self, verdicts: Iterable[TraceVerdict], revision: Revision) -> Iterator[TraceVerdict]:
        """The same verdicts; in the end, however it comes, those that were had are noted."""
        found: dict[str, dict[str, Any]] = {}
        commit = None if revision.commit is None else revision.commit.id
        try:
            for verdict in verdicts:
                found[verdict.trace] = {
                    "at": utc_now().isoformat(timespec="seconds"),
                    "outcome": verdict.outcome.value,
                    "commit": commit,
                }
                yield verdict
        finally:
            if found:
                self._write({**self.read(), **found})

    def _write(self, document: Mapping[str, Any]) -> None:
        self.file.parent.mkdir(parents=True, exist_ok=True)
        draft = self.file.with_name(f".{self.file.name}.new")
        draft.write_text(json.dumps(document, indent=1, sort_keys=True), encoding="utf-8")
        draft.replace(self.file)


def whole(trace: Trace) -> dict[str, Any]:
    """All of one trace, as `harness trace show --json` prints it; `baseline_text` is the baseline as it is filed."""
    document = trace_document(trace)
    return {
        **document,
        "approvals": document.get("approvals", []),
        "cassette": [interaction.to_contract() for interaction in trace.cassette.interactions],
        "baseline_text": None if trace.baseline is None else strict_yaml.dumps(trace.baseline),
    }
