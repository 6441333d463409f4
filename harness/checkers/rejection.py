"""What was refused leaves nothing behind."""

from dataclasses import dataclass

from harness.checkers.base import Claim
from harness.checkers.reading import Attempt, attempts, rows_of, snapshot, some
from harness.history import History, Kind
from harness.verdict import Verdict


@dataclass(frozen=True, slots=True, kw_only=True)
class RejectedChangesNothing(Claim):
    """Every row of the last `snapshot` belongs to something that a client sent and was not refused.

    Refused is what each operation on it was answered with a no; what nobody answered may have happened. `writes` are
    the clients' actions. A row that no client is known to have sent is as wrong: then what changed it was refused
    where nobody wrote it down. With nothing refused the answer is unknown.
    """

    writes: tuple[str, ...]
    snapshot: str
    key: str = "identity"

    def check(self, history: History) -> Verdict:
        standing = snapshot(history, self.snapshot)
        if standing is None:
            return self._unknown(f"no snapshot {self.snapshot} was taken")
        tried: dict[str, list[Attempt]] = {}
        for write in self.writes:
            for key, of_one in attempts(history, write, self.key).items():
                tried.setdefault(key, []).extend(of_one)
        refused = {key for key, of_one in tried.items() if all(map(_was_refused, of_one))}
        if not refused:
            return self._unknown(f"nothing was refused of {', '.join(self.writes)}", [standing])
        there = [str(row[self.key]) for row in rows_of(standing)]
        changed = [key for key in there if key in refused]
        if changed:
            evidence = [attempt.invoke for key in changed for attempt in tried[key]]
            return self._fail(f"{len(changed)} were refused and are there: {some(changed)}", [*evidence, standing])
        unknown = [key for key in there if key not in tried]
        if unknown:
            return self._fail(f"{len(unknown)} are there and nobody sent them: {some(unknown)}", [standing])
        return self._pass(f"{len(refused)} were refused, and none of {len(there)} rows is of them", [standing])


def _was_refused(attempt: Attempt) -> bool:
    return attempt.completion is not None and attempt.completion.kind is Kind.FAIL
