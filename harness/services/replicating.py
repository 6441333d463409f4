"""How MariaDB and MySQL are told to replicate: the same thoughts in two sets of words.

Both follow by GTID. Which of the two a server is, its greeting says, so whoever speaks to one needs no setting.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pymysql.connections import Connection
    from pymysql.cursors import DictCursor

RUNNING = "Yes"
STOPPED = "No"


@dataclass(frozen=True, slots=True, kw_only=True)
class Following:
    """How far a replica is with its primary: its two threads, the position that it has received, its last error."""

    io: str
    sql: str
    received: str
    error: str

    @property
    def running(self) -> bool:
        """Whether both threads do."""
        return (self.io, self.sql) == (RUNNING, RUNNING)


@dataclass(frozen=True, slots=True, kw_only=True)
class Speech:
    """One set of words. What ends in `_with` takes parameters."""

    status: str
    columns: Mapping[str, str]
    follow_with: str
    start: str
    start_applying: str
    stop: str
    stop_receiving: str
    before_stopping: Sequence[str]
    forget: str
    applied: str
    wait_until_applied_with: str
    source_semi_sync: str
    replica_semi_sync: str
    read_only: str

    def following(self, found: Sequence[Mapping[str, Any]]) -> Following | None:
        """What the rows of `status` say; None of a server that follows nobody."""
        if not found:
            return None
        said = {name: str(found[0][column] or "") for name, column in self.columns.items()}
        return Following(
            io=said["io"], sql=said["sql"], received=said["received"], error=said["io_error"] or said["sql_error"]
        )


MARIADB = Speech(
    status="SHOW SLAVE STATUS",
    columns={
        "io": "Slave_IO_Running",
        "sql": "Slave_SQL_Running",
        "received": "Gtid_IO_Pos",
        "io_error": "Last_IO_Error",
        "sql_error": "Last_SQL_Error",
    },
    follow_with=(
        "CHANGE MASTER TO MASTER_HOST=%s, MASTER_PORT=%s, MASTER_USER=%s, MASTER_PASSWORD=%s, "
        "MASTER_USE_GTID=slave_pos, MASTER_CONNECT_RETRY=1, MASTER_HEARTBEAT_PERIOD=1"
    ),
    start="START SLAVE",
    start_applying="START SLAVE SQL_THREAD",
    stop="STOP SLAVE",
    stop_receiving="STOP SLAVE IO_THREAD",
    # A semi-synchronous replica that stops connects to its primary first, to end its connection there. A paused one
    # makes it wait this long; one second is the least (0 means the network's own patience, 24 s measured).
    before_stopping=("SET GLOBAL rpl_semi_sync_slave_kill_conn_timeout = 1",),
    forget="RESET SLAVE ALL",
    applied="SELECT @@gtid_slave_pos AS at",
    wait_until_applied_with="SELECT MASTER_GTID_WAIT(%s, %s) AS code",
    source_semi_sync="rpl_semi_sync_master",
    replica_semi_sync="rpl_semi_sync_slave",
    read_only="SET GLOBAL read_only = ON",
)

MYSQL = Speech(
    status="SHOW REPLICA STATUS",
    columns={
        "io": "Replica_IO_Running",
        "sql": "Replica_SQL_Running",
        "received": "Retrieved_Gtid_Set",
        "io_error": "Last_IO_Error",
        "sql_error": "Last_SQL_Error",
    },
    # A replica takes the primary's key for its password, and tries again as long as MariaDB does, not ten times.
    follow_with=(
        "CHANGE REPLICATION SOURCE TO SOURCE_HOST=%s, SOURCE_PORT=%s, SOURCE_USER=%s, SOURCE_PASSWORD=%s, "
        "SOURCE_AUTO_POSITION=1, SOURCE_CONNECT_RETRY=1, SOURCE_RETRY_COUNT=86400, SOURCE_HEARTBEAT_PERIOD=1, "
        "GET_SOURCE_PUBLIC_KEY=1"
    ),
    start="START REPLICA",
    start_applying="START REPLICA SQL_THREAD",
    stop="STOP REPLICA",
    stop_receiving="STOP REPLICA IO_THREAD",
    before_stopping=(),
    forget="RESET REPLICA ALL",
    applied="SELECT @@global.gtid_executed AS at",
    wait_until_applied_with="SELECT WAIT_FOR_EXECUTED_GTID_SET(%s, %s) AS code",
    source_semi_sync="rpl_semi_sync_source",
    replica_semi_sync="rpl_semi_sync_replica",
    read_only="SET GLOBAL super_read_only = ON",
)


def speech_of(connection: "Connection[DictCursor]") -> Speech:
    """The words that the server at the other end understands."""
    greeting: str = connection.get_server_info()  # type: ignore[no-untyped-call]
    return MARIADB if "mariadb" in greeting.lower() else MYSQL
