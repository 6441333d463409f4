"""What can go wrong with the database, in the four words that the rest of the system acts on.

A driver tells a hundred errors apart; callers need to know only whether to try again later, whether a write may have
happened, and whether somebody else has taken over. `translate` is that mapping, for PyMySQL and for SQLite.
"""

from sqlalchemy import exc


class DatabaseUnavailable(Exception):
    """Nothing was written; the same call may be made again later."""


class CommitUnknown(DatabaseUnavailable):
    """The connection was lost while it committed: the write may have happened, or may still happen."""


class FencedOff(Exception):
    """The claim behind this write is no longer the valid one; nothing was written, and nothing may be tried again."""


class IllegalTransition(ValueError):
    """The table of legal transitions does not have this one."""


LOST = frozenset(
    {0, 1053, 1077, 1079, 1152, 1158, 1159, 1160, 1161, 1184, 1927, 2000, 2002, 2003, 2006, 2013, 2014, 2055}
    | {3169, 4031}
)
"""The connection is gone, or talks to a server that is going: every pooled one is suspect."""
READ_ONLY = frozenset({1290, 1792, 1836})
"""The server takes no writes: it was fenced, so the endpoint has moved or will."""
DEADLOCK = 1213
NO_SCHEMA = 1146
_OUR_MISTAKES = frozenset({1054, 1064, 1305, 1364})
"""Operational errors by class, but wrong SQL or a wrong schema by nature: trying again cannot help."""


def error_code(error: BaseException) -> int | None:
    """The driver's number of a SQLAlchemy error, or None (SQLite has none here)."""
    original = error.orig if isinstance(error, exc.DBAPIError) else None
    first = original.args[0] if original is not None and original.args else None
    return first if isinstance(first, int) else None


def is_lost(error: BaseException) -> bool:
    """Whether the connection itself is gone, so that what it was doing may or may not have happened."""
    if isinstance(error, exc.DBAPIError):
        return error.connection_invalidated or isinstance(error, exc.InterfaceError) or error_code(error) in LOST
    return isinstance(error, OSError)


def is_stale(error: BaseException) -> bool:
    """Whether pooled connections may lead to a server that is no longer the primary."""
    return is_lost(error) or error_code(error) in READ_ONLY


def translate(error: Exception) -> DatabaseUnavailable | None:
    """The DatabaseUnavailable that `error` amounts to, or None when it is a mistake that has to surface as it is."""
    if isinstance(error, exc.TimeoutError):
        return DatabaseUnavailable("no free database connection in time; all are waiting for the server")
    if isinstance(error, OSError):
        return DatabaseUnavailable(f"the database connection broke: {error}")
    if error_code(error) == NO_SCHEMA:
        return DatabaseUnavailable(f"the schema is not there (yet): {error.args[0]}; `migrate` creates it")
    if not isinstance(error, exc.OperationalError | exc.InterfaceError | exc.InternalError):
        return None
    text = str(error.orig)
    if error_code(error) is None and not is_lost(error):
        return DatabaseUnavailable(text) if "locked" in text or "busy" in text else None
    return None if error_code(error) in _OUR_MISTAKES else DatabaseUnavailable(text)
