"""What a managed database is told about itself: one JSON text in CONFIG, checked once.

    {"databases": [{"name", "address" or "host" and "port", "pid_file", "fence_file", "user", "password"}, ...],
     "endpoint_port", "endpoint_host"? (else HOST), "can_kill"?, "probe_interval_s"?, "probe_timeout_s"?,
     "failures_to_dead"?, "spare_users"?}

Two databases: the primary and its replica, in any order.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

PROBE_INTERVAL_S = 0.1
PROBE_TIMEOUT_S = 0.3
FAILURES_TO_DEAD = 3
SPARED = ("observer", "root")
_KNOWN = {
    *("databases", "endpoint_host", "endpoint_port", "can_kill", "probe_interval_s", "probe_timeout_s"),
    *("failures_to_dead", "spare_users", "replication_user", "replication_password"),
}


class SettingsError(ValueError):
    """A configuration that cannot work; the message names the key."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Database:
    """One server: where it listens, who may control it, and the files by which it is killed and fenced."""

    name: str
    host: str
    port: int
    pid_file: Path
    fence_file: Path
    user: str
    password: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ManagedSettings:
    """See the module. `can_kill` false: the primary's host is out of reach once it is declared dead.

    A primary is dead after `failures_to_dead` probes in a row that failed. Connections of `spare_users` are left alone
    when an old primary is fenced: they belong to whoever watches the drill. `unsafe_no_fence` comes from the
    environment: the old primary is then left as it is, which is the mistake that a negative control makes.
    """

    databases: tuple[Database, Database]
    endpoint_port: int
    endpoint_host: str = "127.0.0.1"
    can_kill: bool = True
    probe_interval_s: float = PROBE_INTERVAL_S
    probe_timeout_s: float = PROBE_TIMEOUT_S
    failures_to_dead: int = FAILURES_TO_DEAD
    spare_users: tuple[str, ...] = SPARED
    unsafe_no_fence: bool = False


def read_settings(environ: Mapping[str, str]) -> ManagedSettings:
    """The settings in CONFIG, HOST_OUT_OF_REACH, UNSAFE_NO_FENCE and ALLOW_UNSAFE. Raises SettingsError.

    HOST_OUT_OF_REACH=1 is `can_kill` false, said by a drill that is about a host that nobody can reach.
    """
    try:
        document = json.loads(environ.get("CONFIG", ""))
    except ValueError as error:
        raise SettingsError(f"CONFIG: expected JSON: {error}") from error
    if not isinstance(document, dict) or set(document) - _KNOWN:
        raise SettingsError(f"CONFIG: expected an object with keys out of {', '.join(sorted(_KNOWN))}")
    databases = document.get("databases")
    if not isinstance(databases, list) or len(databases) != 2:
        raise SettingsError("databases: expected a list of two, the primary and its replica")
    unsafe = environ.get("UNSAFE_NO_FENCE", "") not in ("", "0")
    if unsafe and environ.get("ALLOW_UNSAFE", "") != "1":
        raise SettingsError("UNSAFE_NO_FENCE lets two primaries take writes; it needs ALLOW_UNSAFE=1 as well")
    spare = document.get("spare_users", list(SPARED))
    if not isinstance(spare, list) or not all(isinstance(user, str) for user in spare):
        raise SettingsError("spare_users: expected a list of account names")
    return ManagedSettings(
        databases=(_database(databases[0], 0), _database(databases[1], 1)),
        endpoint_host=str(document.get("endpoint_host", environ.get("HOST", "127.0.0.1"))),
        endpoint_port=int(_number(document, "endpoint_port", 1, 65535, None)),
        can_kill=document.get("can_kill", True) in (True, "true") and environ.get("HOST_OUT_OF_REACH", "") in ("", "0"),
        probe_interval_s=_number(document, "probe_interval_s", 0.01, 60, PROBE_INTERVAL_S),
        probe_timeout_s=_number(document, "probe_timeout_s", 0.05, 60, PROBE_TIMEOUT_S),
        failures_to_dead=int(_number(document, "failures_to_dead", 1, 100, FAILURES_TO_DEAD)),
        spare_users=tuple(spare),
        unsafe_no_fence=unsafe,
    )


def _number(document: Mapping[str, Any], name: str, low: float, high: float, default: float | None) -> float:
    """A number, also when it was written as text: references in a topology are filled in as text."""
    value = document.get(name, default)
    try:
        number = float(value) if not isinstance(value, bool) and value is not None else None
    except (TypeError, ValueError):
        number = None
    if number is None or not low <= number <= high:
        raise SettingsError(f"{name}: expected a number from {low} to {high}, seen {value!r}")
    return number


def _database(document: object, index: int) -> Database:
    if not isinstance(document, dict):
        raise SettingsError(f"databases[{index}]: expected an object")
    document = dict(document)
    if "address" in document:
        document["host"], _, document["port"] = str(document["address"]).rpartition(":")
    try:
        return Database(
            name=str(document["name"]),
            host=str(document["host"]),
            port=int(_number(document, "port", 1, 65535, None)),
            pid_file=Path(document["pid_file"]),
            fence_file=Path(document["fence_file"]),
            user=str(document["user"]),
            password=str(document["password"]),
        )
    except KeyError as error:
        raise SettingsError(f"databases[{index}]: {error.args[0]} is missing") from error
