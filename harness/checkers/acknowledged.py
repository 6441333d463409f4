"""What a client was told is safe is there in the end."""

from dataclasses import dataclass

from harness.checkers.base import Claim
from harness.checkers.reading import first_told, rows_of, snapshot, some
from harness.history import History, Kind
from harness.verdict import Verdict


@dataclass(frozen=True, slots=True, kw_only=True)
class AcknowledgedWritesSurvive(Claim):
    """Every `key` that an ok of `write` named stands in the last `snapshot`.

    With `after`, only what was acknowledged after the first step of that name counts, such as `promoted`.
    """

    write: str
    snapshot: str
    key: str
    after: str | None = None

    def check(self, history: History) -> Verdict:
        standing = snapshot(history, self.snapshot)
        if standing is None:
            return self._unknown(f"no snapshot {self.snapshot} was taken")
        from_number = 0
        if self.after is not None:
            moment = next(iter(history.where(kind=Kind.STEP, action=self.after)), None)
            if moment is None:
                return self._unknown(f"nothing was {self.after}")
            from_number = moment.number
        told = {
            key: one
            for key, one in first_told(history, self.write, self.key).items()
            if from_number <= one.event.number < standing.number
        }
        if not told:
            return self._unknown(f"no {self.write} was acknowledged")
        there = {str(row[self.key]) for row in rows_of(standing)}
        lost = [key for key in told if key not in there]
        if lost:
            evidence = [*(told[key].event for key in lost), standing]
            return self._fail(f"{len(lost)} of {len(told)} acknowledged are gone: {some(lost)}", evidence)
        return self._pass(f"all {len(told)} acknowledged are there", [standing])
