"""Reads what a service counts of itself, from its `/metrics` in the text format of Prometheus."""

from dataclasses import dataclass

from harness.clock import Clock
from harness.environments.base import Capability, Environment, EnvironmentFault, OutsideParty
from harness.history import History, Kind


@dataclass(frozen=True, slots=True, kw_only=True)
class MetricsProbe:
    """Some of the samples of `service`, as numbers of a probe event called `name`.

    `samples` are pairs: the field of the event, and the sample as the text has it, such as `seen_total{by="us"}`. One
    that is not there is an error, because it would else read as none.
    """

    name: str
    service: str
    samples: tuple[tuple[str, str], ...]
    path: str = "/metrics"
    every_s: float = 0.1

    @property
    def needs(self) -> frozenset[Capability]:
        return frozenset({Capability.OUTSIDE_PARTY})

    async def observe(self, environment: Environment, history: History, clock: Clock) -> None:
        if not isinstance(environment, OutsideParty):
            raise TypeError(f"the {environment.name} environment cannot reach {self.service}")
        text = await environment.request(self.service, "GET", self.path)
        found = samples_of(str(text))
        if missing := [sample for _, sample in self.samples if sample not in found]:
            raise EnvironmentFault(f"{self.service} has no sample {', '.join(missing)} in its {self.path}")
        value = {field: found[sample] for field, sample in self.samples}
        history.append(actor=f"probe {self.service}", kind=Kind.PROBE, action=self.name, value=value)


def samples_of(text: str) -> dict[str, float]:
    """Every sample of the text format that is a plain number, by its name with its labels as they stand there."""
    found: dict[str, float] = {}
    for line in text.splitlines():
        name, _, value = line.rpartition(" ")
        if not line.startswith("#") and name:
            try:
                found[name] = float(value)
            except ValueError:
                continue
    return found
