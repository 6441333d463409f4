"""All answers about one history, and what they come to."""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass

from harness.objective import Measurement
from harness.verdict import Outcome, Verdict, worst


@dataclass(frozen=True, slots=True, kw_only=True)
class Judgement:
    """`invariants` are safety, `course` and `measurements` liveness.

    `premises` are what must have been seen for the rest to mean anything: steady state before the fault, proof that it
    bit, a symptom. Where one of them was not seen, nothing is known, whatever the others say.
    """

    premises: tuple[Verdict, ...] = ()
    invariants: tuple[Verdict, ...] = ()
    course: tuple[Verdict, ...] = ()
    measurements: tuple[Measurement, ...] = ()

    @property
    def verdicts(self) -> tuple[Verdict, ...]:
        """All that checkers said, safety first."""
        return (*self.invariants, *self.premises, *self.course)

    @property
    def proved(self) -> bool:
        """Whether the drill was one: every premise was seen."""
        return all(premise.outcome is Outcome.PASS for premise in self.premises)

    @property
    def outcome(self) -> Outcome:
        """A broken invariant or a missed objective fails; what was not seen makes it unknown."""
        return self._known(worst(part.outcome for part in self._parts()))

    @property
    def claims(self) -> Mapping[str, Outcome]:
        """For each claim the worst outcome of what carries it."""
        carried: dict[str, list[Outcome]] = defaultdict(list)
        for part in self._parts():
            for claim in part.claims:
                carried[claim].append(part.outcome)
        return {claim: self._known(worst(outcomes)) for claim, outcomes in sorted(carried.items())}

    def _parts(self) -> tuple[Verdict | Measurement, ...]:
        return (*self.verdicts, *self.measurements)

    def _known(self, outcome: Outcome) -> Outcome:
        return outcome if self.proved else Outcome.UNKNOWN
