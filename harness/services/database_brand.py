"""In what MariaDB and MySQL differ as servers of a run: their programs, their configuration, the rights they know."""

import subprocess
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache

from harness.services.database_config import Files, Replication
from harness.services.database_sql import CONTROLLER, OBSERVER, REPLICATOR


@dataclass(frozen=True, slots=True, kw_only=True)
class Brand:
    """One of the two.

    `server` is the program's name in an image, `find_server` the program of this machine; `making_data` the command
    that makes a data directory, by that program's name or path (None: what it needs is not installed). `data_shape`
    shapes the files of a data directory, which every copy of a template shares. `strangers` asks for accounts that come
    with the data and may connect from elsewhere; files called `own_files` belong to one server and are not copied.
    """

    name: str
    server: str
    install: str
    find_server: Callable[[], str | None]
    making_data: Callable[[Files, bool], Sequence[str] | None]
    data_shape: Mapping[str, str]
    small_and_quick: Mapping[str, str]
    durable: Mapping[str, str]
    replicating: Mapping[str, str]
    role: Callable[[Replication], Mapping[str, str]]
    first_statements: Sequence[str]
    controller_may: str
    observer_may: str
    strangers: str
    own_files: Sequence[str] = ()

    def statements(self, databases: Mapping[str, Mapping[str, str]]) -> list[str]:
        """The accounts: the system's own, one a database, and those of replication, controller and observer."""
        said = list(self.first_statements)
        for account, rights in (
            (REPLICATOR, "REPLICATION SLAVE"),
            (CONTROLLER, self.controller_may),
            (OBSERVER, self.observer_may),
        ):
            said.append(f"CREATE USER '{account.user}'@'%' IDENTIFIED BY '{account.password}'")
            said.append(f"GRANT {rights} ON *.* TO '{account.user}'@'%'")
        said += [
            "CREATE DATABASE witness",
            "CREATE TABLE witness.writes (id CHAR(36) PRIMARY KEY, at DATETIME(6) NOT NULL) ENGINE=InnoDB",
            f"GRANT SELECT, INSERT ON witness.* TO '{OBSERVER.user}'@'%'",
        ]
        for name, owner in databases.items():
            said += [
                f"CREATE DATABASE `{name}`",
                f"CREATE USER '{owner['user']}'@'%' IDENTIFIED BY '{owner['password']}'",
                f"GRANT ALL ON `{name}`.* TO '{owner['user']}'@'%'",
            ]
        return said

    def version(self) -> str | None:
        """The version of the installed server; None when there is none."""
        found = self.find_server()
        return None if found is None else version_of(found)


@cache
def said_by(program: str) -> str:
    """What a server program says of its version."""
    return subprocess.run(  # noqa: S603
        [program, "--no-defaults", "--version"], capture_output=True, text=True, check=False
    ).stdout.strip()


def version_of(program: str) -> str:
    """The version alone, as `10.11.11-MariaDB`."""
    words = said_by(program).split()
    return words[words.index("Ver") + 1] if "Ver" in words else " ".join(words)
