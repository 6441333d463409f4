"""What the controller of a managed database says to its servers over SQL.

Blocking, with a time limit on everything; the controller calls it in threads. It decides nothing: when to do which of
these is `failover`'s business.
"""

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pymysql
from pymysql.cursors import DictCursor

from harness.clock import monotonic_s
from harness.services.preferring_tls import Connection
from harness.services.replicating import RUNNING, STOPPED, Following, speech_of
from scenarios.world.managed_settings import Database

STATEMENT_LIMIT_S = 5.0
DRAIN_LIMIT_S = 10.0
_NO_SUCH_THREAD = 1094

Failed = (pymysql.err.MySQLError, OSError)
"""What a statement to a server that is gone, paused or unwilling raises."""


class PromotionError(RuntimeError):
    """The replica cannot be promoted as it is; trying again may help."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """What one probe saw."""

    server_id: int
    read_only: bool


class Probe:
    """Looks at one server again and again over a connection that is kept.

    A killed server refuses at once, a paused one runs into the time limit: its kernel still accepts connections, so
    what counts is that the server itself answers.
    """

    def __init__(self, database: Database, timeout_s: float) -> None:
        self._database = database
        self._timeout_s = timeout_s
        self._connection: pymysql.connections.Connection[DictCursor] | None = None

    def look(self) -> Look:
        """One look. Raises one of `Failed`; the connection is then made anew by the next look."""
        try:
            if self._connection is None:
                self._connection = connect(self._database, self._timeout_s)
            found = rows(self._connection, "SELECT @@server_id AS server_id, @@read_only AS read_only")[0]
        except Failed:
            self.close()
            raise
        return Look(server_id=int(found["server_id"]), read_only=bool(found["read_only"]))

    def close(self) -> None:
        """Drop the connection; nothing is waited for."""
        connection, self._connection = self._connection, None
        if connection is not None:
            with contextlib.suppress(Exception):
                connection.close()


def connect(database: Database, limit_s: float) -> "pymysql.connections.Connection[DictCursor]":
    """A connection as the controller, in autocommit, with `limit_s` seconds for connecting and for each answer."""
    return Connection(
        host=database.host,
        port=database.port,
        user=database.user,
        password=database.password,
        connect_timeout=limit_s,
        read_timeout=limit_s,
        write_timeout=limit_s,
        autocommit=True,
    )


@contextlib.contextmanager
def session(
    database: Database, limit_s: float = STATEMENT_LIMIT_S
) -> "Iterator[pymysql.connections.Connection[DictCursor]]":
    """A connection for a few statements."""
    connection = connect(database, limit_s)
    try:
        yield connection
    finally:
        with contextlib.suppress(Exception):
            connection.close()


def rows(connection: "pymysql.connections.Connection[DictCursor]", sql: str, *values: object) -> list[dict[str, Any]]:
    """Run one statement; its rows."""
    with connection.cursor() as cursor:
        cursor.execute(sql, values or None)
        return [dict(row) for row in cursor.fetchall()]


def replication(database: Database, limit_s: float = STATEMENT_LIMIT_S) -> Following | None:
    """How a replica is with its primary, or None for a server that follows nobody."""
    with session(database, limit_s) as connection:
        speech = speech_of(connection)
        return speech.following(rows(connection, speech.status))


def drain(replica: Database) -> str:
    """Let the replica apply everything that it has received, and nothing more; returns the GTID position.

    The order matters. Stopping both threads and starting the SQL thread again would purge MariaDB's relay log, with
    acknowledged commits in it; so a stopped SQL thread is started first, while the IO thread still runs, and then the
    IO thread alone is stopped. Raises PromotionError when the log is not applied in time.
    """
    with session(replica, DRAIN_LIMIT_S + 2) as connection:
        speech = speech_of(connection)
        following = speech.following(rows(connection, speech.status))
        if following is None:
            # A promotion that failed half-way has done this part.
            return str(rows(connection, speech.applied)[0]["at"])
        if following.sql != RUNNING:
            if following.io == STOPPED:
                raise PromotionError("both replication threads are stopped: starting one would purge the relay log")
            rows(connection, speech.start_applying)
        for statement in (*speech.before_stopping, speech.stop_receiving):
            rows(connection, statement)
        stopped = speech.following(rows(connection, speech.status))
        received = stopped.received if stopped else ""
        if received:
            waited = rows(connection, speech.wait_until_applied_with, received, DRAIN_LIMIT_S)
            if waited[0]["code"] != 0:
                stuck = speech.following(rows(connection, speech.status))
                error = stuck.error if stuck else ""
                raise PromotionError(f"{received} was not applied within {DRAIN_LIMIT_S} s: {error or 'no error'}")
        return received


def promote(replica: Database, above: int) -> int:
    """Make a drained replica a primary whose server_id is larger than `above`; returns that id, the new epoch."""
    with session(replica) as connection:
        speech = speech_of(connection)
        rows(connection, speech.stop)
        rows(connection, speech.forget)
        epoch = int(rows(connection, "SELECT @@server_id AS id")[0]["id"])
        if epoch <= above:
            epoch = above + 1
            rows(connection, f"SET GLOBAL server_id = {epoch}")
        # It is alone now. A primary that waits for a replica's acknowledgment and never falls back would wait for ever
        # at its first commit, so semi-synchronous replication ends until there is a replica again.
        rows(connection, f"SET GLOBAL {speech.source_semi_sync}_enabled = OFF")
        rows(connection, f"SET GLOBAL {speech.replica_semi_sync}_enabled = OFF")
        rows(connection, "SET GLOBAL read_only = OFF")
        return epoch


@dataclass(frozen=True, slots=True, kw_only=True)
class Demoted:
    """What was found and done at an old primary: it was writable or not, and this many connections were killed."""

    was_writable: bool
    killed: int
    took_s: float


def demote(database: Database, limit_s: float, spare_users: tuple[str, ...], *, clients_too: bool) -> Demoted:
    """Make an old primary read-only if it is not; kill its clients' connections then, or when `clients_too` says so.

    Raises one of `Failed` when it is out of reach. The clients go first: a commit that waits for a semi-synchronous
    replica would hold up `read_only`, and once nobody listens to its outcome it may be released.
    """
    began_s = monotonic_s()
    with session(database, limit_s) as connection:
        writable = not rows(connection, "SELECT @@read_only AS read_only")[0]["read_only"]
        killed = _kill_clients(connection, spare_users) if writable or clients_too else 0
    if writable:
        with session(database) as connection:
            speech = speech_of(connection)
            rows(connection, f"SET GLOBAL {speech.source_semi_sync}_enabled = OFF")
            rows(connection, speech.read_only)
            killed += _kill_clients(connection, spare_users)
    return Demoted(was_writable=writable, killed=killed, took_s=monotonic_s() - began_s)


def _kill_clients(connection: "pymysql.connections.Connection[DictCursor]", spare_users: tuple[str, ...]) -> int:
    clients = rows(
        connection,
        "SELECT id, user FROM information_schema.processlist "
        "WHERE id <> CONNECTION_ID() AND command NOT IN ('Binlog Dump', 'Binlog Dump GTID', 'Killed') "
        "AND user NOT IN ('system user', 'event_scheduler', 'unauthenticated user') "
        "AND user <> SUBSTRING_INDEX(CURRENT_USER(), '@', 1)",
    )
    killed = 0
    for client in clients:
        if client["user"] in spare_users:
            continue
        try:
            rows(connection, f"KILL CONNECTION {int(client['id'])}")
            killed += 1
        except pymysql.err.MySQLError as error:
            if error.args[0] != _NO_SUCH_THREAD:
                raise
    return killed
