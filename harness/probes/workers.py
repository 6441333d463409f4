"""Looks at the processes of a service, past everything that the service says of itself."""

from dataclasses import asdict, dataclass

from harness.clock import Clock
from harness.environments.base import Capability, Environment, Processes, Workers
from harness.history import History, Kind


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkersProbe:
    """The workers of `service`, as a probe event `workers`.

    `service`; `main`: `pid` and `started_ticks` of its main process; `workers`: of each `pid`, `started_ticks`,
    `own_pid`, `state`.
    """

    service: str
    every_s: float = 0.2

    @property
    def name(self) -> str:
        return "workers"

    @property
    def needs(self) -> frozenset[Capability]:
        return frozenset({Capability.PROCESSES, Capability.WORKERS})

    async def observe(self, environment: Environment, history: History, clock: Clock) -> None:
        if not (isinstance(environment, Workers) and isinstance(environment, Processes)):
            raise TypeError(f"the {environment.name} environment cannot look at the processes of {self.service}")
        main = environment.process(self.service)
        found = [
            {**asdict(one.identity), "own_pid": one.own_pid, "state": one.state}
            for one in await environment.workers(self.service)
        ]
        value = {"service": self.service, "main": asdict(main), "workers": found}
        history.append(actor=f"probe {self.service}", kind=Kind.PROBE, action=self.name, value=value)
