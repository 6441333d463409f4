"""MariaDB 10.11 or later; see `database` for what can be asked of it."""

from collections.abc import Mapping, Sequence

from harness.services.base import find_program
from harness.services.database import Database
from harness.services.database_brand import Brand
from harness.services.database_config import PRACTICALLY_NEVER_MS, Files, Replication

INSTALL = "apt-get install --yes mariadb-server-core mariadb-client-core"
"""The server as a program, without a system service."""

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


def role(replication: Replication) -> dict[str, str]:
    """The configuration of a primary or a replica."""
    if replication.replica:
        return {"read_only": "ON", **({"rpl_semi_sync_slave_enabled": "ON"} if replication.semi_sync else {})}
    if not replication.semi_sync:
        return {}
    return {
        "rpl_semi_sync_master_enabled": "ON",
        "rpl_semi_sync_master_wait_point": "AFTER_SYNC",
        "rpl_semi_sync_master_wait_no_slave": "ON",
        "rpl_semi_sync_master_timeout": str(PRACTICALLY_NEVER_MS),
    }


def server_program() -> str | None:
    """The installed `mariadbd`."""
    return find_program("mariadbd")


def install_program() -> str | None:
    """The installed program that makes a data directory."""
    return find_program("mariadb-install-db", "mysql_install_db")


def making_data(files: Files, contained: bool) -> Sequence[str] | None:
    """The command that does."""
    installer = "mariadb-install-db" if contained else install_program()
    if installer is None:
        return None
    options = ("--auth-root-authentication-method=normal", "--skip-test-db")
    return [installer, f"--defaults-file={files.config}", *options]


BRAND = Brand(
    name="mariadb",
    server="mariadbd",
    install=INSTALL,
    find_server=server_program,
    making_data=making_data,
    data_shape=DATA_SHAPE,
    small_and_quick=SMALL_AND_QUICK,
    durable=DURABLE,
    replicating=REPLICATING,
    role=role,
    first_statements=(
        "DROP DATABASE IF EXISTS sys",
        "DROP DATABASE IF EXISTS test",
        *(f"TRUNCATE TABLE mysql.help_{what}" for what in ("category", "keyword", "relation", "topic")),
    ),
    controller_may=(
        "SELECT, RELOAD, PROCESS, SHUTDOWN, SUPER, READ_ONLY ADMIN, CONNECTION ADMIN, BINLOG ADMIN, BINLOG MONITOR, "
        "REPLICATION MASTER ADMIN, REPLICATION SLAVE ADMIN, REPLICATION SLAVE, SLAVE MONITOR"
    ),
    observer_may="SELECT, PROCESS, BINLOG MONITOR, SLAVE MONITOR",
    strangers="SELECT User, Host FROM mysql.global_priv WHERE User IN ('', 'root') AND Host <> 'localhost'",
)


def server_version() -> str | None:
    """The version of the installed server; None when there is none."""
    return BRAND.version()


class MariaDB(Database):
    """See the module."""

    brand = BRAND
