"""Fills in the `${...}` of a topology: addresses, links, facts about services and about the run.

The grammar stands in `harness/topology.py`. Beyond it, an address has parts: `${redis.host}`, `${redis.port}`,
`${managed-database.endpoint.port}`, `${ingest->database.host}`. A reference that leads nowhere is an error that names
what there is.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any

from harness.environments.base import EnvironmentFault
from harness.topology import MAIN_PORT

Address = tuple[str, int]

_REFERENCE = re.compile(r"\$\{([^{}]*)\}")
SELF = "self"


@dataclass(frozen=True, slots=True, kw_only=True)
class References:
    """Everything that can be referred to: `known` maps a reference's text to its value."""

    known: Mapping[str, str]

    @classmethod
    def of(
        cls,
        *,
        services: Mapping[str, Mapping[str, Address]],
        links: Mapping[str, Address],
        facts: Mapping[str, Mapping[str, str]],
        run: Mapping[str, str],
    ) -> "References":
        """From ports by service, addresses by link, facts by service, and facts of the run."""
        known: dict[str, str] = {}
        for service, ports in services.items():
            for port, address in ports.items():
                known |= _parts(f"{service}.{port}", address)
                if port == MAIN_PORT:
                    known |= _parts(service, address)
        for link, address in links.items():
            known |= _parts(link, address)
        for service, stated in facts.items():
            known |= {f"{service}.{fact}": value for fact, value in stated.items()}
        known |= {f"run.{fact}": value for fact, value in run.items()}
        return cls(known=known)

    def fill(self, value: Any, *, service: str) -> Any:
        """`value` with all references of its texts filled in, at any depth; `self` is `service`.

        Raises EnvironmentFault for one that leads nowhere.
        """
        if isinstance(value, str):
            return _REFERENCE.sub(lambda match: self._look_up(match[1], service), value)
        if isinstance(value, Mapping):
            return {key: self.fill(item, service=service) for key, item in value.items()}
        if isinstance(value, list | tuple):
            return type(value)(self.fill(item, service=service) for item in value)
        return value

    def _look_up(self, name: str, service: str) -> str:
        wanted = service + name.removeprefix(SELF) if name == SELF or name.startswith(f"{SELF}.") else name
        if wanted in self.known:
            return self.known[wanted]
        near = get_close_matches(wanted, self.known, n=3) or sorted(self.known)
        raise EnvironmentFault(f"service {service!r} refers to ${{{name}}}, which is nothing; near: {', '.join(near)}")


def _parts(name: str, address: Address) -> dict[str, str]:
    host, port = address
    return {name: f"{host}:{port}", f"{name}.host": host, f"{name}.port": str(port)}
