"""A scenario: one failure, said as a value.

It reads from top to bottom as a playbook does: what runs, what is normal, what is broken and how far, what is seen, who
is called, how it is mended, what must hold, how fast. It is checked when it is declared, and starts nothing.
"""

from collections.abc import AsyncIterator, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Protocol

from harness.checkers.base import Checker
from harness.clock import Clock
from harness.environments.base import Capability, Environment
from harness.faults.base import Fault
from harness.faults.noop import Noop
from harness.history import History
from harness.metric import Condition
from harness.objective import Objective
from harness.probes.base import Probe
from harness.steps import Inject, Operate, SeeSymptoms, Step, WaitFor
from harness.topology import Topology, TopologyError
from harness.traffic.base import Traffic


class ScenarioError(ValueError):
    """A scenario that cannot be what was meant; says what to write instead."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Hold:
    """A fault that is held *before* the main one, until something is so: the state in which the failure has to
    happen.
    """

    fault: Fault
    until: tuple[Condition, ...]
    within_s: float = 20.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Symptom:
    """What users see of the failure."""

    text: str
    seen_as: Condition
    within_s: float = 10.0
    claims: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Alert:
    """Who is called: the words of the alert, at the latest so long after the fault.

    Where settings that dominate that time are shortened in the drill, `scale` shortens it by the same factor.
    """

    text: str
    within_s: float
    scale: float = 1.0
    claims: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class BlastRadius:
    """The services that may suffer, and when to give up: the drill heals at once if `abort_if` holds."""

    services: frozenset[str]
    abort_if: Condition | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Recovery:
    """How the system is mended while the fault stands. `done_when` is held against the last second of the history."""

    steps: tuple[Step, ...]
    done_when: tuple[Condition, ...]
    limit_s: float = 60.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Heal:
    """This failure ends when its fault does; nothing else mends it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NegativeControl:
    """The same drill with one protection off. The checker called `must_fail` has to fail, or it proves nothing."""

    name: str
    settings: Mapping[str, str]
    must_fail: str
    why: str
    claims: tuple[str, ...] = ()


class TraceReplay(Protocol):
    """Drives recorded traces through the running system and writes a `replay` event for each.

    Which of many are driven may hang on the drill's seed, and on nothing else.
    """

    async def replay(self, environment: Environment, history: History, clock: Clock, *, seed: int) -> None: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Scenario:
    """One failure and how it is judged. See the module's page for how the parts read.

    `settings` are variables that this scenario sets on the services of the topology (`service.option` for a server's
    option). `services` are those that have to run, all where it says none; a clone of the project to work in is there
    in any case, called `worktree`. `settle` must hold after the traffic has ended and before `snapshots` are taken: the
    system has finished what it was given. `schedule`, where the plan must react to what it sees, yields steps in place
    of the fixed order.
    """

    name: str
    title: str
    playbook: str
    traffic: tuple[Traffic, ...]
    steady_state: tuple[Condition, ...]
    faults: tuple[Fault, ...]
    blast_radius: BlastRadius
    symptoms: tuple[Symptom, ...]
    alert: Alert | None
    recovery: Recovery | Heal
    invariants: tuple[Checker, ...]
    objectives: tuple[Objective, ...]
    negative_controls: tuple[NegativeControl, ...]
    conditions: tuple[Hold, ...] = ()
    probes: tuple[Probe, ...] = ()
    settle: tuple[Condition, ...] = ()
    snapshots: tuple[Probe, ...] = ()
    replay: TraceReplay | None = None
    settings: Mapping[str, str] = field(default_factory=dict)
    schedule: "Callable[[Scenario], AsyncIterator[Step]] | None" = None
    cause: str = ""
    prevention: str = ""
    hazards: tuple[str, ...] = ()
    steady_for_s: float = 1.5
    steady_within_s: float = 30.0
    operations_at_least: int = 15
    settle_within_s: float = 60.0
    services: frozenset[str] | None = None

    def __post_init__(self) -> None:
        def wrong(expected: str) -> ScenarioError:
            return ScenarioError(f"scenario {self.name!r}: {expected}")

        if not self.name.isidentifier():
            raise wrong("its name must be a Python identifier, such as db_failover")
        if not self.traffic or not self.steady_state:
            raise wrong("wants traffic and a steady state; without them nothing can be seen to fail")
        if not self.faults:
            raise wrong("wants at least one fault; use Noop(instead_of=...) to try a drill without one")
        if not self.invariants:
            raise wrong("wants invariants: what must hold whatever happens")
        if not self.negative_controls:
            raise wrong("wants a negative control: a drill that cannot fail proves nothing")
        if not self.symptoms:
            raise wrong("wants a symptom: a fault that nobody can see has not been shown to bite")
        checkers = {checker.name for checker in self.invariants}
        if len(checkers) != len(self.invariants):
            raise wrong("has two invariants of one name; give one of them another")
        for control in self.negative_controls:
            if control.must_fail not in checkers:
                raise wrong(
                    f"control {control.name!r} must fail {control.must_fail!r}, which is none of its invariants: "
                    f"{', '.join(sorted(checkers))}"
                )

    def needs(self) -> frozenset[Capability]:
        """Every capability that the faults, probes, traffic and recovery of this scenario ask for."""
        parts: Sequence[Fault | Probe | Traffic] = (
            *self.faults,
            *(hold.fault for hold in self.conditions),
            *self.probes,
            *self.snapshots,
            *self.traffic,
        )
        found = {need for part in parts for need in part.needs}
        steps = self.recovery.steps if isinstance(self.recovery, Recovery) else ()
        by_place = {"console": Capability.OPERATOR, "worktree": Capability.WORKTREE}
        return frozenset({*found, *(by_place[step.where] for step in steps if isinstance(step, Operate))})

    def check_against(self, topology: Topology) -> None:
        """Raise ScenarioError when a fault or the blast radius names what the topology has not got, or reaches past
        it.
        """
        services = {service.name for service in topology.services}
        if self.services is not None:
            topology.only(self.services)
        touchable = services | {Capability.WORKTREE.value}
        links = {link.name: link for link in topology.links}
        if strangers := self.blast_radius.services - touchable:
            named = ", ".join(sorted(strangers))
            raise ScenarioError(f"scenario {self.name!r}: no service {named} in its blast radius")
        for fault in self.faults:
            if fault.target in touchable:
                touched = {fault.target}
            elif fault.target in links:
                touched = {links[fault.target].source, links[fault.target].target}
            else:
                raise ScenarioError(f"scenario {self.name!r}: {fault.name} wants {fault.target!r}, which is not there")
            if not touched & self.blast_radius.services:
                raise ScenarioError(
                    f"scenario {self.name!r}: {fault.name} of {fault.target} lies outside the blast radius "
                    f"({', '.join(sorted(self.blast_radius.services))}); widen it or choose another fault"
                )
        for name in self.settings:
            service = name.partition(".")[0]
            if "." in name and service not in services:
                raise TopologyError(f"scenario {self.name!r} sets {name!r}, and there is no service {service!r}")

    def check_allowed(self, may_break: Collection[str] | None) -> None:
        """Raise ScenarioError when a fault touches what is not on the allow-list; None allows all."""
        if may_break is None:
            return
        for fault in (*(hold.fault for hold in self.conditions), *self.faults):
            if fault.target not in may_break:
                raise ScenarioError(
                    f"scenario {self.name!r}: {fault.name} is refused: {fault.target!r} is not on the allow-list "
                    f"may_break of [tool.harness] ({', '.join(sorted(may_break)) or 'empty'}); nothing was touched"
                )

    def under(self, control: NegativeControl) -> "Scenario":
        """The same drill with one protection off."""
        return replace(self, settings={**self.settings, **control.settings})

    def without_injectors(self) -> "Scenario":
        """The same drill with each main fault replaced by one that does nothing: it must end *unknown*."""
        return replace(self, faults=tuple(Noop(instead_of=fault) for fault in self.faults))


async def fixed_order(scenario: Scenario) -> AsyncIterator[Step]:
    """The steps of every scenario that has no schedule of its own: hold, break, see, mend."""
    for hold in scenario.conditions:
        yield Inject(fault=hold.fault, main=False)
        yield WaitFor(what=f"{hold.fault.name} of {hold.fault.target}", conditions=hold.until, within_s=hold.within_s)
    for fault in scenario.faults:
        yield Inject(fault=fault)
    yield SeeSymptoms()
    if isinstance(scenario.recovery, Recovery):
        for step in scenario.recovery.steps:
            yield step
