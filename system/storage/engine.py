"""The connection to the database: bounded in time, and never half done.

`Database.transact` runs one piece of work in one transaction. It either returns what the work returned, after the
commit, or raises: DatabaseUnavailable when nothing was written, CommitUnknown when the connection was lost while it
committed. A connection that proves stale (cut, timed out, or leading to a server that was fenced) takes the whole pool
with it, because the others lead to the same place. Work is repeated only before its commit was sent, a bounded number
of times, and after a lost connection only when the loss showed at once, so that the caller's own deadline holds.
"""

import contextlib
from collections.abc import Callable
from typing import Any, TypeVar

from sqlalchemy import BigInteger, ColumnElement, Connection, Engine, create_engine, event, exc, make_url
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.pool import StaticPool
from sqlalchemy.sql.functions import FunctionElement

from system.clock import Clock
from system.settings import Settings
from system.storage.connecting import connect_preferring_tls
from system.storage.errors import DEADLOCK, CommitUnknown, error_code, is_lost, is_stale, translate

T = TypeVar("T")

POOL_TIMEOUT_S = 0.5
ATTEMPTS_MAX = 3
_SHOWED_AT_ONCE_S = 0.2
_IDLE_SINCE = "idle since"
_SESSION = (
    "SET SESSION sql_mode = 'STRICT_TRANS_TABLES,NO_ZERO_IN_DATE,NO_ZERO_DATE,ERROR_FOR_DIVISION_BY_ZERO,"
    "NO_ENGINE_SUBSTITUTION', innodb_lock_wait_timeout = 1, time_zone = '+00:00'"
    " /*M!100301 , idle_transaction_timeout = 5 *//*!80000 , wait_timeout = 5 */"
)
"""The last is MariaDB's, or MySQL's: a client that is stopped within a transaction keeps its locks for so many seconds.

MySQL knows no such limit but one for all idle connections, so there one that lay in the pool for as long is made anew.
"""
IDLE_MAX_S = 4.0
"""So long may a connection lie in the pool of a MySQL; less than the limit of its server."""


class _Epoch(FunctionElement[int]):
    """See EPOCH; it is spelled when a statement is compiled, so that one statement serves every kind of database."""

    inherit_cache = True
    type = BigInteger()


@compiles(_Epoch)
def _server_id(*_: object, **__: object) -> str:
    return "@@global.server_id"


@compiles(_Epoch, "sqlite")
def _one(*_: object, **__: object) -> str:
    return "1"


EPOCH: ColumnElement[int] = _Epoch()
"""What tells this life of the database from every other: the id of the server that answers (SQLite: 1)."""


def make_engine(settings: Settings) -> Engine:
    """An engine for `settings.database_url`: MariaDB or MySQL through PyMySQL, or SQLite. Connects on first use."""
    url = make_url(settings.database_url)
    if url.get_backend_name() == "sqlite":
        return _sqlite_engine(settings)
    timeout_s = settings.database_timeout_s
    engine = create_engine(
        url,
        isolation_level="READ COMMITTED",
        hide_parameters=True,  # errors are logged, and the parameters are what partners sent
        pool_size=settings.database_pool_size,
        max_overflow=0,
        pool_timeout=POOL_TIMEOUT_S,
        pool_use_lifo=True,
        pool_reset_on_return=None,  # `transact` ends every transaction itself; a second rollback costs a round trip
        connect_args={
            "connect_timeout": timeout_s,
            "read_timeout": timeout_s,
            "write_timeout": timeout_s,
            "charset": "utf8mb4",
            "init_command": _SESSION,
        },
    )
    if not {name for name in url.query if name.startswith("ssl")}:
        event.listen(engine, "do_connect", connect_preferring_tls)
    return engine


def _sqlite_engine(settings: Settings) -> Engine:
    url = make_url(settings.database_url)
    in_memory: dict[str, Any] = {} if url.database else {"poolclass": StaticPool}
    arguments = {"check_same_thread": False, "timeout": settings.database_timeout_s}
    engine = create_engine(url, connect_args=arguments, **in_memory)

    # The driver begins a transaction only at the first write; a claim reads before it writes, so it has to begin
    # with the lock that SQLite has instead of FOR UPDATE.
    @event.listens_for(engine, "connect")
    def _no_implicit_begin(connection: Any, _record: object) -> None:
        connection.isolation_level = None

    @event.listens_for(engine, "begin")
    def _begin_immediate(connection: Connection) -> None:
        connection.exec_driver_sql("BEGIN IMMEDIATE")

    return engine


class Database:
    """Runs transactions on one engine; safe to use from several threads.

    `losses` grows each time connections were lost: behind the next one may be another server, which has less.
    """

    def __init__(self, engine: Engine, clock: Clock) -> None:
        self.engine = engine
        self.losses = 0
        self._clock = clock
        event.listen(engine, "checkin", self._note_idle)
        event.listen(engine, "checkout", self._refuse_idle)

    def transact(self, work: Callable[[Connection], T], *, writes: bool = True) -> T:
        """Runs `work` in a transaction and commits it (`writes=False`: rolls it back, as there is nothing to keep).

        `work` may run more than once, so it does nothing but speak to its connection. Raises DatabaseUnavailable,
        CommitUnknown, or whatever `work` raises.
        """
        for attempt in range(1, ATTEMPTS_MAX + 1):
            started_s = self._clock.monotonic_s()
            try:
                return self._once(work, writes)
            except CommitUnknown:
                self._drop_pool()
                raise
            except Exception as error:
                unavailable = translate(error)
                if unavailable is None:
                    raise
                stale = is_stale(error)
                if stale:
                    self._drop_pool()
                at_once = self._clock.monotonic_s() - started_s < _SHOWED_AT_ONCE_S
                again = error_code(error) == DEADLOCK or (stale and at_once and attempt == 1)
                if not again or attempt == ATTEMPTS_MAX:
                    raise unavailable from error
        raise AssertionError("unreachable: the last attempt returns or raises")

    def _note_idle(self, _: object, record: Any) -> None:
        record.info[_IDLE_SINCE] = self._clock.monotonic_s()

    def _refuse_idle(self, _: object, record: Any, __: object) -> None:
        """A connection that MySQL has ended, or may end any moment; the pool makes a new one in its place."""
        dialect: Any = self.engine.dialect
        if dialect.name in ("mysql", "mariadb") and not dialect.is_mariadb:
            since_s = record.info.pop(_IDLE_SINCE, None)
            if since_s is not None and self._clock.monotonic_s() - since_s > IDLE_MAX_S:
                raise exc.DisconnectionError("idle for too long")

    def _drop_pool(self) -> None:
        self.losses += 1
        self.engine.dispose()

    def _once(self, work: Callable[[Connection], T], writes: bool) -> T:
        with self.engine.connect() as connection:
            transaction = connection.begin()
            try:
                result = work(connection)
            except BaseException:
                with contextlib.suppress(Exception):  # the first error tells more than the failing rollback
                    transaction.rollback()
                raise
            if not writes:
                transaction.rollback()
                return result
            try:
                transaction.commit()
            except Exception as error:
                if is_lost(error):
                    raise CommitUnknown(f"lost the connection during COMMIT: {error.__cause__ or error}") from error
                raise
            return result
