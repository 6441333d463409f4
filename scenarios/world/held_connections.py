"""Clients that hold a database connection open across a failover, and write on it afterwards.

They stand for every pooled connection that nobody has used while the primary was gone. A write on one of them that is
told to have succeeded must be in the database that everybody else uses; this is the honest test of a fence.
"""

import asyncio
from dataclasses import dataclass
from uuid import UUID

import pymysql

from harness.clock import sleep_s
from harness.environments.base import Capability
from harness.history import Kind
from harness.services.preferring_tls import Connection
from harness.traffic import Stage

WITNESS_WRITE = "witness_write"
_READ_ONLY = frozenset({1290, 1836, 1792})
_LOOK_EVERY_S = 0.01


@dataclass(frozen=True, slots=True, kw_only=True)
class HeldConnections:
    """Opens `connections` over `link` at the start, writes once on each, and again once the fault `after_heal_of`
    ended.
    """

    after_heal_of: str
    link: str = "operator->database"
    connections: int = 4
    user: str = "observer"
    password: str = "secret-observer"  # noqa: S105 -- a fixture's account on a loopback server
    timeout_s: float = 5.0

    @property
    def name(self) -> str:
        return "held connections"

    @property
    def needs(self) -> frozenset[Capability]:
        return frozenset()

    async def play(self, stage: Stage) -> None:
        host, port = stage.environment.link_address(self.link)
        held = [await asyncio.to_thread(self._connect, host, port) for _ in range(self.connections)]
        try:
            await self._write_on_all(stage, held, "before")
            while not stage.ending.is_set() and not stage.history.where(kind=Kind.HEAL, action=self.after_heal_of):
                await sleep_s(_LOOK_EVERY_S)
            if not stage.ending.is_set():
                await self._write_on_all(stage, held, "after")
        finally:
            for connection in held:
                connection.close()

    def _connect(self, host: str, port: int) -> "pymysql.Connection[pymysql.cursors.DictCursor]":
        return Connection(
            host=host,
            port=port,
            user=self.user,
            password=self.password,
            database="witness",
            autocommit=True,
            connect_timeout=5,
            read_timeout=self.timeout_s,
            write_timeout=self.timeout_s,
        )

    async def _write_on_all(
        self, stage: Stage, held: "list[pymysql.Connection[pymysql.cursors.DictCursor]]", when: str
    ) -> None:
        await asyncio.gather(
            *(
                self._write(stage, f"held connection {number}", connection, when)
                for number, connection in enumerate(held)
            )
        )

    async def _write(
        self, stage: Stage, actor: str, connection: "pymysql.Connection[pymysql.cursors.DictCursor]", when: str
    ) -> None:
        row = str(UUID(int=stage.random.getrandbits(128), version=4))
        operation_id = f"{actor}/{when}"
        value = {"id": row, "when": when}
        stage.history.append(
            actor=actor, kind=Kind.INVOKE, action=WITNESS_WRITE, value=value, operation_id=operation_id
        )
        kind, more = await asyncio.to_thread(_insert, connection, row)
        stage.history.append(
            actor=actor, kind=kind, action=WITNESS_WRITE, value={**value, **more}, operation_id=operation_id
        )


def _insert(connection: "pymysql.Connection[pymysql.cursors.DictCursor]", row: str) -> tuple[Kind, dict[str, str]]:
    """The outcome of one write: ok, fail when the server refused it, info when nobody answered."""
    try:
        with connection.cursor() as cursor:
            cursor.execute("INSERT INTO witness.writes (id, at) VALUES (%s, UTC_TIMESTAMP(6))", (row,))
    except pymysql.err.MySQLError as error:
        refused = bool(error.args) and error.args[0] in _READ_ONLY
        return (Kind.FAIL if refused else Kind.INFO), {"error": f"{type(error).__name__}: {error}"[:200]}
    return Kind.OK, {}
