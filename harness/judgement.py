"""All answers about one history, and what they come to."""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass

from harness.objective import Measurement
from harness.verdict import Outcome, Verdict, worst


@dataclass(frozen=True, slots=True, kw_only=True)
class Judgement:
    """`invariants` are safety, `measurements` liveness; `course` says whether the drill itself took its course."""

    invariants: tuple[Verdict, ...] = ()
    course: tuple[Verdict, ...] = ()
    measurements: tuple[Measurement, ...] = ()

    @property
    def outcome(self) -> Outcome:
        """A broken invariant or a missed objective fails; what was not seen makes it unknown."""
        parts: list[Verdict | Measurement] = [*self.invariants, *self.course, *self.measurements]
        return worst(part.outcome for part in parts)

    @property
    def claims(self) -> Mapping[str, Outcome]:
        """For each claim the worst outcome of what carries it."""
        carried: dict[str, list[Outcome]] = defaultdict(list)
        parts: list[Verdict | Measurement] = [*self.invariants, *self.course, *self.measurements]
        for part in parts:
            for claim in part.claims:
                carried[claim].append(part.outcome)
        return {claim: worst(outcomes) for claim, outcomes in sorted(carried.items())}
