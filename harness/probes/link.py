"""Reads what a link has carried, off the fault proxy that stands in it."""

from dataclasses import asdict, dataclass

from harness.clock import Clock
from harness.environments.base import Capability, Environment, Network
from harness.history import History, Kind


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkProbe:
    """The counters of `link` since it was made, written as a gauge called `name`: bytes and connections."""

    name: str
    link: str
    every_s: float = 0.3

    @property
    def needs(self) -> frozenset[Capability]:
        return frozenset({Capability.NETWORK})

    async def observe(self, environment: Environment, history: History, clock: Clock) -> None:
        if not isinstance(environment, Network):
            raise TypeError(f"the {environment.name} environment counts nothing on {self.link}")
        traffic = await environment.traffic(self.link)
        history.append(actor="probe fault proxy", kind=Kind.PROBE, action=self.name, value=asdict(traffic))
