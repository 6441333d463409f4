"""What a probe is: it looks at the environment and writes what it saw into the history. It judges nothing."""

from typing import Protocol

from harness.clock import Clock
from harness.environments.base import Capability, Environment
from harness.history import History


class Probe(Protocol):
    """One way of looking. `observe` is called again and again while a drill runs, or once for a snapshot.

    A probe is a value and remembers nothing: what it has already written, it finds in the history. When it cannot look
    it raises, and the drill writes down that it could not.
    """

    @property
    def name(self) -> str: ...

    @property
    def needs(self) -> frozenset[Capability]: ...

    @property
    def every_s(self) -> float:
        """How long to wait between two looks."""
        ...

    async def observe(self, environment: Environment, history: History, clock: Clock) -> None: ...
