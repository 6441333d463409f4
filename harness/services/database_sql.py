"""SQL to a database server of a run, with time limits on everything: a paused server must not hang its observer.

Blocking; async code calls it through a thread.
"""

import socket
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

if TYPE_CHECKING:
    from pymysql.connections import Connection
    from pymysql.cursors import DictCursor

LIMIT_S = 1.0
CANNOT_CONNECT = 2002
"""The client's error for a socket that nobody answers."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """Who connects."""

    user: str
    password: str


ROOT = Account(user="root", password="")
CONTROLLER = Account(user="controller", password="secret-controller")  # noqa: S106 - loopback, ends with its run
REPLICATOR = Account(user="repl", password="secret-repl")  # noqa: S106
OBSERVER = Account(user="observer", password="secret-observer")  # noqa: S106


@contextmanager
def session(
    account: Account, *, at: tuple[str, int] | Path, database: str | None = None, limit_s: float = LIMIT_S
) -> "Iterator[Connection[DictCursor]]":
    """A connection in autocommit to a host and port or to a socket, closed at the end. Raises pymysql's errors."""
    from harness.services.preferring_tls import Connection

    inside = isinstance(at, Path)
    place = {"unix_socket": str(at)} if isinstance(at, Path) else {"host": at[0], "port": at[1]}
    connection = Connection(
        defer_connect=True,
        user=account.user,
        password=account.password,
        database=database,
        connect_timeout=cast("int", limit_s),
        read_timeout=cast("int", limit_s),
        write_timeout=cast("int", limit_s),
        autocommit=True,
        ssl_disabled=inside,  # a socket is safe as it is
        **place,
    )
    connection.connect(_unix_socket(at, limit_s) if isinstance(at, Path) else None)
    try:
        yield connection
    finally:
        connection.close()


def _unix_socket(path: Path, limit_s: float) -> socket.socket:
    """A connected socket; PyMySQL leaves its own open when it cannot connect. Raises PyMySQL's error for that."""
    import pymysql

    opened = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    opened.settimeout(limit_s)
    try:
        opened.connect(str(path))
    except OSError as error:
        opened.close()
        raise pymysql.err.OperationalError(CANNOT_CONNECT, f"no server at {path}: {error}") from error
    return opened


def rows(
    connection: "Connection[DictCursor]", sql: str, parameters: Sequence[Any] | None = None
) -> list[dict[str, Any]]:
    """Run one statement; its rows, none for a write. With `parameters`, even none, a percent sign is written `%%`."""
    with connection.cursor() as cursor:
        cursor.execute(sql, None if parameters is None else tuple(parameters))
        return [dict(row) for row in cursor.fetchall()]


def status(connection: "Connection[DictCursor]", pattern: str) -> Mapping[str, str]:
    """Status variables whose names match `pattern`."""
    return {row["Variable_name"]: row["Value"] for row in rows(connection, "SHOW GLOBAL STATUS LIKE %s", [pattern])}
