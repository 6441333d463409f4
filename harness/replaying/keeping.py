"""Writes a trace with its new baseline and new answers: both files together, and what people wrote in them stays."""

import tempfile
from dataclasses import replace
from pathlib import Path

from harness.replaying.all_or_nothing import replace_all
from harness.run import ExitCode
from harness.traces import Approval, Cassette, Trace, save_baseline, save_cassette, save_trace
from harness.traces.folders import CASSETTE_FILE, TRACE_FILE


class Refused(ValueError):
    """It must not be written; says why. `exit_code` is how the program ends."""

    def __init__(self, said: str, exit_code: ExitCode = ExitCode.INVARIANT) -> None:
        super().__init__(said)
        self.exit_code = exit_code


def renewed(trace: Trace, approval: Approval | None) -> bytes:
    """The content of the trace's file with its baseline and who approved that; all else in it stays as it is."""
    with tempfile.TemporaryDirectory() as scratch:
        file = Path(scratch) / TRACE_FILE
        file.write_bytes((folder_of(trace) / TRACE_FILE).read_bytes())
        save_baseline(trace.in_folder(file.parent), trace.baseline, approval=approval)
        return file.read_bytes()


def keep(trace: Trace, before: Trace, approval: Approval | None) -> None:
    """Write `trace` in the place of `before`, which stands in a folder; its cassette may be missing there."""
    folder = folder_of(before)
    root = folder.parents[trace.id.count("/")]
    with tempfile.TemporaryDirectory() as scratch:
        approvals = (*before.approvals, *([approval] if approval else ()))
        written = folder_of(save_trace(replace(trace, approvals=approvals), Path(scratch)))
        texts = {name: (written / name).read_bytes() for name in (TRACE_FILE, CASSETTE_FILE)}
    if _heading(trace) == _heading(before):
        texts[TRACE_FILE] = renewed(trace.in_folder(folder), approval)
    if not (folder / CASSETTE_FILE).exists():
        save_cassette(trace.in_folder(folder))
    replace_all(root, {f"{trace.id}/{name}": content for name, content in texts.items()})


def folder_of(trace: Trace) -> Path:
    """Where the trace stands; only what stands in files of its own can be renewed."""
    assert trace.folder is not None, f"{trace.id} stands in no folder"
    return trace.folder


def _heading(trace: Trace) -> Trace:
    """What stands above the baseline, as people wrote it."""
    return replace(trace, baseline=None, cassette=Cassette(), folder=None, approvals=())
