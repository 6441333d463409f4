"""A fault that does nothing, watched as if it were another.

It stands in for an injector that is broken: the drill must then say *unknown*, because nobody saw the fault bite.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from harness.environments.base import Capability, Environment
from harness.faults.base import Fault, Witness


@dataclass(frozen=True, slots=True, kw_only=True)
class Noop:
    """Watched as `instead_of` would be, and never applied."""

    instead_of: Fault

    @property
    def name(self) -> str:
        return f"noop instead of {self.instead_of.name}"

    @property
    def target(self) -> str:
        return self.instead_of.target

    @property
    def needs(self) -> frozenset[Capability]:
        return self.instead_of.needs

    async def watch(self, environment: Environment) -> Witness:
        return await self.instead_of.watch(environment)

    @asynccontextmanager
    async def apply(self, environment: Environment) -> AsyncIterator[None]:
        yield
