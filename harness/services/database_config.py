"""Where the files of a database server of a run lie, how it takes part in replication, and what a configuration reads.

Text only; nothing is read or written here. What the lines say is each brand's own business.
"""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

PRACTICALLY_NEVER_MS = 2_147_483_647


class OptionError(ValueError):
    """An option of a database service that means nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Replication:
    """How a server takes part: `semi_sync` never falls back to asynchronous; a commit waits or fails."""

    replica: bool
    semi_sync: bool

    @classmethod
    def from_options(cls, options: Mapping[str, Any]) -> "Replication":
        """Read `role` and `replication`; raises OptionError."""
        role, how = options.get("role", "primary"), options.get("replication", "async")
        if role not in ("primary", "replica"):
            raise OptionError(f"role is primary or replica, not {role!r}")
        if how not in ("async", "semi_sync"):
            raise OptionError(f"replication is async or semi_sync, not {how!r}")
        return cls(replica=role == "replica", semi_sync=how == "semi_sync")


@dataclass(frozen=True, slots=True, kw_only=True)
class Files:
    """Where the files of one server lie, all in its own directory."""

    directory: Path

    @property
    def config(self) -> Path:
        return self.directory / "my.cnf"

    @property
    def fence(self) -> Path:
        """Included by the configuration: whoever fences this server writes `read_only=1` here."""
        return self.directory / "fence.cnf"

    @property
    def data(self) -> Path:
        return self.directory / "data"

    @property
    def scratch(self) -> Path:
        return self.directory / "tmp"

    @property
    def pid(self) -> Path:
        return self.directory / "pid"

    @property
    def socket(self) -> Path:
        return self.directory / "sock"

    def lines(self, *, host: str, port: int, contained: bool = False) -> dict[str, str]:
        """The configuration that says so; a container (`contained`) runs as an ordinary user from the start."""
        places = {
            "datadir": str(self.data),
            "tmpdir": str(self.scratch),
            "socket": str(self.socket),
            "pid_file": str(self.pid),
            "bind_address": host,
            "port": str(port),
        }
        return {"user": "root", **places} if os.getuid() == 0 and not contained else places


GROUP = "[mysqld]"
"""Both MariaDB and MySQL read what stands below it."""


def render(*groups: Mapping[str, str], include: Path | None = None) -> str:
    """A configuration file; what is included comes last, so that it wins."""
    lines = [GROUP, *(f"{name} = {value}" for group in groups for name, value in group.items())]
    if include is not None:
        lines.append(f"!include {include}")
    return "\n".join(lines) + "\n"
