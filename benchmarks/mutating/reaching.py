"""Which lines of a tree each trace gets to, so that a change is tried first on those that come past it.

Also what separates a change that no trace comes past from one that some trace passes without a difference. Lines that
run when the tree is imported count for every trace.
"""

import multiprocessing
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path
from types import FrameType
from typing import Any

from benchmarks.mutating.trial import PRELOADED, Tree, answered, in_copy
from harness.traces import Trace

Lines = frozenset[tuple[str, int]]
"""Lines by the path of their source, below the tree's root."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reach:
    """What runs when the tree is imported, and what each trace gets to, in the order of the traces."""

    imported: Lines
    by_trace: tuple[Lines, ...]

    @property
    def paths(self) -> frozenset[str]:
        """The sources that are imported at all."""
        return frozenset(path for path, _ in self.imported)

    def to(self, path: str, lines: range) -> list[int]:
        """The numbers of the traces that get to any of these lines."""
        wanted = {(path, line) for line in lines}
        return [number for number, lines_of in enumerate(self.by_trace) if wanted & lines_of]

    def at_import(self, path: str, lines: range) -> bool:
        """Whether any of these lines runs at the import."""
        return any((path, line) in self.imported for line in lines)


def reach_of(tree: Tree, traces: Sequence[Trace], *, within_s: float) -> Reach:
    """Replays every trace once in a process of its own, and notes where it was."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(list(PRELOADED))
    reader, writer = context.Pipe(duplex=False)
    process = context.Process(target=_note, args=(writer, tree, list(traces)), daemon=True)
    process.start()
    writer.close()
    try:
        if not reader.poll(within_s):
            raise TimeoutError(f"the traces were not through within {within_s:g} s")
        found: Reach = reader.recv()
        return found
    finally:
        process.kill()
        process.join()


def _note(writer: Connection, tree: Tree, traces: Sequence[Trace]) -> None:
    below = f"{tree.root / tree.package}/"
    skip = len(f"{tree.root}/")
    seen: set[tuple[str, int]] = set()
    all_places: dict[str, str | None] = {}

    def path_of(filename: str) -> str | None:
        if filename not in all_places:
            all_places[filename] = str(Path(filename))[skip:] if filename.startswith(below) else None
        return all_places[filename]

    def line_of(frame: FrameType, event: str, _: Any) -> Any:
        if event == "line":
            path = path_of(frame.f_code.co_filename)
            if path is not None:
                seen.add((path, frame.f_lineno))
        return line_of

    def call_of(frame: FrameType, _: str, __: Any) -> Any:
        return None if path_of(frame.f_code.co_filename) is None else line_of

    sys.settrace(call_of)
    entry = in_copy(tree, tree.root)
    imported = frozenset(seen)
    by_trace = []
    for trace in traces:
        seen.clear()
        answered(entry, trace)
        by_trace.append(frozenset(seen))
    sys.settrace(None)
    writer.send(Reach(imported=imported, by_trace=tuple(by_trace)))
