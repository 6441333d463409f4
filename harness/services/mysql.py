"""MySQL 8.4 or later; see `database` for what can be asked of it.

What it has not is MariaDB's limit on idle transactions: a system that wants one sets `wait_timeout` for its session,
which ends every idle connection, within a transaction or not.
"""

from collections.abc import Mapping, Sequence

from harness.services.base import find_program
from harness.services.database import Database
from harness.services.database_brand import Brand, said_by
from harness.services.database_config import PRACTICALLY_NEVER_MS, Files, Replication

INSTALL = "install Oracle's mysql-community-server-core (or Debian unstable's mysql-server-core), or use containers"

DATA_SHAPE: Mapping[str, str] = {
    "innodb_data_file_path": "ibdata1:5M:autoextend",
    "innodb_autoextend_increment": "1",
    "innodb_temp_data_file_path": "ibtmp1:12M:autoextend",
    "character_set_server": "utf8mb4",
}

SMALL_AND_QUICK: Mapping[str, str] = {
    "performance_schema": "OFF",
    "mysqlx": "OFF",
    "skip_name_resolve": "ON",
    "secure_file_priv": "NULL",  # no files of a client's choice; else a directory must be there
    "innodb_redo_log_capacity": "8M",
    "innodb_buffer_pool_size": "32M",
    "innodb_log_buffer_size": "2M",
    "innodb_buffer_pool_load_at_startup": "OFF",
    "innodb_buffer_pool_dump_at_shutdown": "OFF",
    "innodb_read_io_threads": "1",
    "innodb_write_io_threads": "1",
    "innodb_purge_threads": "1",
    "innodb_page_cleaners": "1",
    "key_buffer_size": "1M",
    "max_connections": "200",
    "max_allowed_packet": "16M",
    "host_cache_size": "0",
    "log_error_verbosity": "2",  # not each connection that was only a look
}

DURABLE: Mapping[str, str] = {
    "innodb_flush_log_at_trx_commit": "1",
    "sync_binlog": "1",
}

REPLICATING: Mapping[str, str] = {
    "plugin_load_add": '"semisync_source.so;semisync_replica.so"',
    "log_bin": "binlog",
    "relay_log": "relay",
    "gtid_mode": "ON",
    "enforce_gtid_consistency": "ON",
    "log_replica_updates": "ON",
    "relay_log_recovery": "ON",
    "replica_parallel_workers": "1",
    # A withheld or paused primary shows as a lost connection after this, not after the default minute.
    "replica_net_timeout": "5",
}


def role(replication: Replication) -> dict[str, str]:
    """The configuration of a primary or a replica. `super_read_only` means `read_only`, for administrators too."""
    if replication.replica:
        semi_sync = {"rpl_semi_sync_replica_enabled": "ON"} if replication.semi_sync else {}
        return {"super_read_only": "ON", **semi_sync}
    if not replication.semi_sync:
        return {}
    return {
        "rpl_semi_sync_source_enabled": "ON",
        "rpl_semi_sync_source_wait_point": "AFTER_SYNC",
        "rpl_semi_sync_source_wait_no_replica": "ON",
        "rpl_semi_sync_source_timeout": str(PRACTICALLY_NEVER_MS),
    }


def server_program() -> str | None:
    """The installed `mysqld`, if it is MySQL: MariaDB's packages have a program of that name too."""
    found = find_program("mysqld")
    return found if found is not None and "mariadb" not in said_by(found).lower() else None


def making_data(files: Files, contained: bool) -> Sequence[str] | None:
    """The server makes its data directory itself."""
    server = BRAND.server if contained else server_program()
    return None if server is None else [server, f"--defaults-file={files.config}", "--initialize-insecure"]


BRAND = Brand(
    name="mysql",
    server="mysqld",
    install=INSTALL,
    find_server=server_program,
    making_data=making_data,
    data_shape=DATA_SHAPE,
    small_and_quick=SMALL_AND_QUICK,
    durable=DURABLE,
    replicating=REPLICATING,
    role=role,
    first_statements=("DROP DATABASE IF EXISTS sys",),
    controller_may=(
        "SELECT, RELOAD, PROCESS, SHUTDOWN, REPLICATION CLIENT, REPLICATION SLAVE, CONNECTION_ADMIN, "
        "REPLICATION_SLAVE_ADMIN, SYSTEM_VARIABLES_ADMIN"
    ),
    observer_may="SELECT, PROCESS, REPLICATION CLIENT",
    strangers="SELECT User, Host FROM mysql.user WHERE User IN ('', 'root') AND Host <> 'localhost'",
    own_files=("auto.cnf",),  # its identity, by which replicas tell servers apart
)


class MySQL(Database):
    """See the module."""

    brand = BRAND
