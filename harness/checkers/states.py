"""Things go through their states as they may, come to rest, and keep what they had reached."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from harness.checkers.base import Claim
from harness.checkers.reading import fault_event, rows_of, snapshot, some
from harness.history import History, Kind
from harness.verdict import Verdict


@dataclass(frozen=True, slots=True, kw_only=True)
class OnlyLegalTransitions(Claim):
    """Every step in the audit is one of `table`, and each begins where the one before it ended.

    The snapshot `transitions` lists `subject`, `from`, `to` in the order they happened; a birth is from None.
    """

    table: frozenset[tuple[str | None, str]]
    subject: str
    snapshot: str = "transitions"

    def check(self, history: History) -> Verdict:
        audit = snapshot(history, self.snapshot)
        if audit is None:
            return self._unknown(f"no snapshot {self.snapshot} was taken")
        steps = rows_of(audit, self.snapshot)
        if not steps:
            return self._unknown("nothing ever changed its state")
        wrong: list[str] = []
        now: dict[str, str] = {}
        for step in steps:
            subject, before, after = str(step[self.subject]), step["from"], str(step["to"])
            if (before, after) not in self.table:
                wrong.append(f"{subject}: {before} to {after} is not legal")
            elif now.get(subject) != before:
                wrong.append(f"{subject}: {before} to {after}, but it was {now.get(subject)}")
            now[subject] = after
        if wrong:
            return self._fail(f"{len(wrong)} steps are wrong: {some(wrong, 3)}", [audit])
        return self._pass(f"{len(steps)} steps of {len(now)}, all legal", [audit])


@dataclass(frozen=True, slots=True, kw_only=True)
class NoneStuck(Claim):
    """In the end everything has come to rest, in one of the `resting` states."""

    resting: frozenset[str]
    snapshot: str = "rows"
    key: str = "identity"

    def check(self, history: History) -> Verdict:
        rows = snapshot(history, self.snapshot)
        if rows is None or not rows_of(rows):
            return self._unknown(f"no snapshot {self.snapshot} was taken, or it is empty")
        stuck = [f"{row[self.key]} in {row['state']}" for row in rows_of(rows) if row["state"] not in self.resting]
        if stuck:
            return self._fail(f"{len(stuck)} of {len(rows_of(rows))} are stuck: {some(stuck)}", [rows])
        counts = Counter(str(row["state"]) for row in rows_of(rows))
        return self._pass(", ".join(f"{count} {state}" for state, count in counts.most_common()), [rows])


@dataclass(frozen=True, slots=True, kw_only=True)
class LateWritesAreRefused(Claim):
    """Once a subject was taken over, nothing is written in the name of an earlier attempt; and that was tried.

    In the snapshot `transitions` the columns `fence` number the attempts, compared one after the other. That a late
    write was refused its writer tells in the log, in the words `refused` beside the `subject`.
    """

    subject: str
    fence: tuple[str, ...]
    refused: str
    snapshot: str = "transitions"

    def check(self, history: History) -> Verdict:
        audit = snapshot(history, self.snapshot)
        if audit is None or not rows_of(audit, self.snapshot):
            return self._unknown(f"no snapshot {self.snapshot} was taken, or it is empty")
        newest: dict[str, tuple[int, ...]] = {}
        late: list[str] = []
        for step in rows_of(audit, self.snapshot):
            subject, attempt = str(step[self.subject]), tuple(int(step[column]) for column in self.fence)
            if attempt < newest.get(subject, ()):
                late.append(f"{subject}: {step['from']} to {step['to']} in attempt {attempt}, after {newest[subject]}")
            newest[subject] = max(attempt, newest.get(subject, ()))
        if late:
            return self._fail(f"{len(late)} late writes got through: {some(late, 3)}", [audit])
        tried = [
            event
            for event in history.where(kind=Kind.PROBE, action="log")
            if event.value["says"] == self.refused and str(event.value.get(self.subject)) in newest
        ]
        if not tried:
            return self._unknown("nobody tried to write late", [audit])
        return self._pass(f"{len(tried)} late writes were refused, none got through", [audit, *tried])


@dataclass(frozen=True, slots=True, kw_only=True)
class StateHeld(Claim):
    """What had reached `reached` in `before` (looked at before the fault) is still that, or has gone on to one of
    `after`.
    """

    reached: str
    after: frozenset[str]
    before: str
    snapshot: str = "rows"
    key: str = "identity"

    def check(self, history: History) -> Verdict:
        fault, rows = fault_event(history), snapshot(history, self.snapshot)
        looks = [
            event
            for event in history.where(kind=Kind.PROBE, action=self.before)
            if fault is not None and event.number < fault.number
        ]
        if rows is None or not looks:
            return self._unknown(f"no {self.before} before the fault, or no {self.snapshot} after it")
        had = [str(row[self.key]) for row in rows_of(looks[-1]) if row["state"] in {self.reached, *self.after}]
        if not had:
            return self._unknown(f"nothing was {self.reached} before the fault")
        now: Mapping[str, Any] = {str(row[self.key]): row["state"] for row in rows_of(rows)}
        moved = [f"{key} is {now.get(key, 'gone')}" for key in had if now.get(key) not in {self.reached, *self.after}]
        evidence = [looks[-1], rows]
        if moved:
            return self._fail(f"{len(moved)} of {len(had)} lost their state: {some(moved)}", evidence)
        return self._pass(f"all {len(had)} that were {self.reached} or beyond still are", evidence)
