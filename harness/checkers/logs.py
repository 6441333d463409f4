"""The log says of what went wrong where it went wrong."""

from dataclasses import dataclass

from harness.checkers.base import Claim
from harness.checkers.reading import rows_of, snapshot, some
from harness.history import Event, History, Kind
from harness.verdict import Verdict

_FRAME = 'File "'
"""Begins each frame of a Python stack trace."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LogTellsWhere(Claim):
    """For each row of `snapshot` the log holds its `key` beside a stack trace; `where` stands in at least one of them.

    `where` is what is known of the place, such as the name of a function.
    """

    snapshot: str
    key: str
    where: str = ""
    fields: tuple[str, ...] = ("stack", "exception")

    def check(self, history: History) -> Verdict:
        listed = snapshot(history, self.snapshot)
        subjects = [] if listed is None else [str(row[self.key]) for row in rows_of(listed)]
        if listed is None or not subjects:
            return self._unknown(f"no snapshot {self.snapshot} was taken, or it is empty")
        told: dict[str, list[Event]] = {}
        for event in history.where(kind=Kind.PROBE, action="log"):
            if _FRAME in self._trace(event):
                told.setdefault(str(event.value.get(self.key)), []).append(event)
        untold = [subject for subject in subjects if subject not in told]
        if untold:
            return self._fail(f"no stack trace in the log for {some(untold)}", [listed])
        lines = [event for subject in subjects for event in told[subject]]
        if not any(self.where in self._trace(event) for event in lines):
            return self._fail(f"none of the stack traces says {self.where!r}", [listed, *lines])
        place = f", with {self.where}" if self.where else ""
        return self._pass(f"a stack trace for each of {len(subjects)}{place}", [listed, *lines])

    def _trace(self, event: Event) -> str:
        return "\n".join(str(event.value.get(field) or "") for field in self.fields)
