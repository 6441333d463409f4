"""What a fault is: one wrong that can be injected, seen from outside, and healed.

A fault has two halves that know nothing of each other. `apply` does the wrong and undoes it. `watch` looks at the
environment from outside, before and after, and says whether the wrong bit. The halves are kept apart so that a fault
replaced by one that does nothing is still watched, and is seen not to have bitten.
"""

from collections.abc import Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from typing import Any, Protocol, TypeVar

from harness.environments.base import Capability, Environment


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """What was seen from outside. `proof` is true only when it shows that the fault bit."""

    proof: bool
    facts: Mapping[str, Any] = field(default_factory=dict)


class Witness(Protocol):
    """Saw the environment before the fault, and is asked about it after."""

    async def evidence(self) -> Evidence: ...


class Fault(Protocol):
    """One injectable wrong; its parameters are its fields.

    `name` is a verb or a plain condition; `target` the service or link it is done to.
    """

    @property
    def name(self) -> str: ...

    @property
    def target(self) -> str: ...

    @property
    def needs(self) -> frozenset[Capability]: ...

    async def watch(self, environment: Environment) -> Witness:
        """Look at the environment before the fault, and return who will tell whether it bit."""
        ...

    def apply(self, environment: Environment) -> AbstractAsyncContextManager[None]:
        """Do it on entry, heal it on exit."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class OfService:
    """What the faults of a process share: `service` is what they are done to, and their class says what they are."""

    service: str

    @property
    def name(self) -> str:
        return type(self).__name__.lower()

    @property
    def target(self) -> str:
        return self.service

    @property
    def needs(self) -> frozenset[Capability]:
        return frozenset({Capability.PROCESSES})


@dataclass(frozen=True, slots=True, kw_only=True)
class OfLink:
    """What the faults of a link share: `link` is what they are done to, and their class says what they are."""

    link: str

    @property
    def name(self) -> str:
        return type(self).__name__.lower()

    @property
    def target(self) -> str:
        return self.link

    @property
    def needs(self) -> frozenset[Capability]:
        return frozenset({Capability.NETWORK})


class MissingCapability(RuntimeError):
    """This environment cannot do what a fault or a probe needs; the drill is skipped with this reason."""


Protocol_T = TypeVar("Protocol_T")


def capability(environment: Environment, protocol: type[Protocol_T]) -> Protocol_T:
    """The environment seen as one of its capabilities; raises MissingCapability when it has not got it."""
    if isinstance(environment, protocol):
        return environment
    raise MissingCapability(f"the {environment.name} environment has no capability {protocol.__name__.lower()}")
