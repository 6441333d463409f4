"""What a MariaDB server of a run is configured with: small, quick to start, durable to each commit, on loopback alone.

Two sets of lines: those that shape the files of a data directory, which every copy of a template must share, and
those of one placed server: its role, its ports, its replication. Text only; nothing is read or written here.
"""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

PRACTICALLY_NEVER_MS = 2_147_483_647

DATA_SHAPE: Mapping[str, str] = {
    "innodb_log_file_size": "8M",
    "innodb_data_file_path": "ibdata1:5M:autoextend",
    "innodb_autoextend_increment": "1",
    "innodb_temp_data_file_path": "ibtmp1:1M:autoextend",
    "innodb_undo_tablespaces": "0",
    "character_set_server": "utf8mb4",
}

SMALL_AND_QUICK: Mapping[str, str] = {
    "performance_schema": "OFF",
    "skip_name_resolve": "ON",
    "innodb_buffer_pool_size": "32M",
    "innodb_log_buffer_size": "2M",
    "innodb_buffer_pool_load_at_startup": "OFF",
    "innodb_buffer_pool_dump_at_shutdown": "OFF",
    "innodb_read_io_threads": "1",
    "innodb_write_io_threads": "1",
    "innodb_purge_threads": "1",
    "aria_pagecache_buffer_size": "1M",
    "key_buffer_size": "1M",
    "max_connections": "200",
    "max_allowed_packet": "16M",
    "host_cache_size": "0",
    "log_warnings": "1",  # not each connection that was only a look
}

DURABLE: Mapping[str, str] = {
    "innodb_flush_log_at_trx_commit": "1",
    "sync_binlog": "1",
}

REPLICATING: Mapping[str, str] = {
    "log_bin": "binlog",
    "relay_log": "relay",
    "binlog_format": "ROW",
    "log_slave_updates": "ON",
    "gtid_strict_mode": "ON",
    "relay_log_recovery": "ON",
    # A withheld or paused primary shows as a lost connection after this, not after the default minute.
    "slave_net_timeout": "5",
}


class OptionError(ValueError):
    """An option of a mariadb service that means nothing."""


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

    def lines(self) -> dict[str, str]:
        """The configuration that says so."""
        if self.replica:
            return {"read_only": "ON", **({"rpl_semi_sync_slave_enabled": "ON"} if self.semi_sync else {})}
        if not self.semi_sync:
            return {}
        return {
            "rpl_semi_sync_master_enabled": "ON",
            "rpl_semi_sync_master_wait_point": "AFTER_SYNC",
            "rpl_semi_sync_master_wait_no_slave": "ON",
            "rpl_semi_sync_master_timeout": str(PRACTICALLY_NEVER_MS),
        }


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


def render(*groups: Mapping[str, str], include: Path | None = None) -> str:
    """A configuration file; what is included comes last, so that it wins."""
    lines = ["[mariadbd]", *(f"{name} = {value}" for group in groups for name, value in group.items())]
    if include is not None:
        lines.append(f"!include {include}")
    return "\n".join(lines) + "\n"
