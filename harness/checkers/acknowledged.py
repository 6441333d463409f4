"""What a client was told is safe is there in the end."""

from dataclasses import dataclass

from harness.checkers.base import Claim
from harness.checkers.reading import attempts, first_step, first_told, moment_s, rows_of, snapshot, some
from harness.history import History
from harness.verdict import Verdict


@dataclass(frozen=True, slots=True, kw_only=True)
class AcknowledgedWritesSurvive(Claim):
    """Every `key` that an ok of `write` named stands in the last `snapshot`.

    With `after`, only what was acknowledged after the first step of that name counts, such as `promoted`. Where no
    write was acknowledged the answer is unknown, unless `refusing_holds`: then writes that were tried and not
    acknowledged are as good, because nobody was told anything.
    """

    write: str
    snapshot: str
    key: str
    after: str | None = None
    refusing_holds: bool = False

    def check(self, history: History) -> Verdict:
        standing = snapshot(history, self.snapshot)
        if standing is None:
            return self._unknown(f"no snapshot {self.snapshot} was taken")
        from_s = 0.0
        if self.after is not None:
            step = first_step(history, self.after)
            if step is None:
                return self._unknown(f"nothing was {self.after}")
            from_s = moment_s(step)
        told = first_told(history, self.write, self.key, from_s=from_s, until_s=standing.at_s)
        there = {str(row[self.key]) for row in rows_of(standing)}
        lost = [key for key in told if key not in there]
        if lost:
            evidence = [*(told[key].event for key in lost), standing]
            return self._fail(f"{len(lost)} of {len(told)} acknowledged are gone: {some(lost)}", evidence)
        if told:
            return self._pass(f"all {len(told)} acknowledged are there", [standing])
        tried = self._tried(history, from_s)
        if tried and self.refusing_holds:
            return self._pass(f"none of {tried} was acknowledged", [standing])
        return self._unknown(f"no {self.write} was acknowledged, {tried} were tried", [standing])

    def _tried(self, history: History, from_s: float) -> int:
        """How many things clients tried to write from then on."""
        tried = attempts(history, self.write, self.key).values()
        return sum(any(attempt.invoke.at_s >= from_s for attempt in of_one) for of_one in tried)
