"""Clients that hold connections across a failover: each write is told honestly, and comes after what it waits for."""

import asyncio
from random import Random
from typing import Any

import pymysql
import pytest

from harness.clock import Clock
from harness.history import History, Kind
from harness.traffic import Stage
from scenarios.world.held_connections import WITNESS_WRITE, HeldConnections
from tests.toy import ToyEnvironment


class Connection:
    """Stands in the place of PyMySQL's: takes every write until it has an error to raise."""

    def __init__(self) -> None:
        self.written: list[str] = []
        self.error: Exception | None = None
        self.closed = False

    def cursor(self) -> "Connection":
        return self

    def __enter__(self) -> "Connection":
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def execute(self, sql: str, parameters: tuple[str, ...]) -> None:
        if self.error:
            raise self.error
        self.written.append(parameters[0])

    def close(self) -> None:
        self.closed = True


@pytest.fixture
def connections(monkeypatch: pytest.MonkeyPatch) -> list[Connection]:
    opened: list[Connection] = []

    def connect(*_: object) -> Connection:
        opened.append(Connection())
        return opened[-1]

    monkeypatch.setattr(HeldConnections, "_connect", connect)
    return opened


def played(connections: list[Connection], *, heal: str | None = "pause", error: Exception | None = None) -> History:
    """Play to the end; once the first writes are done every connection gets `error`, and `heal` is written."""

    async def go() -> History:
        clock, ending = Clock(), asyncio.Event()
        history = History(clock=clock)
        stage = Stage(environment=ToyEnvironment(), history=history, clock=clock, random=Random(1), ending=ending)
        playing = asyncio.create_task(HeldConnections(after_heal_of="pause", connections=3).play(stage))
        async with asyncio.timeout(10):
            while len(history) < 6:
                await asyncio.sleep(0.001)
            for connection in connections:
                connection.error = error
            if heal:
                history.append(actor="drill", kind=Kind.HEAL, action=heal)
            if heal != "pause":
                ending.set()
            await playing
        return history

    return asyncio.run(go())


def after(history: History) -> list[Any]:
    return [event for event in history.where(action=WITNESS_WRITE) if event.value["when"] == "after"]


def test_each_connection_writes_before_and_after_and_is_closed(connections: list[Connection]) -> None:
    history = played(connections)
    assert [len(connection.written) for connection in connections] == [2, 2, 2]
    told = {event.value["id"] for event in history.where(kind=Kind.OK, action=WITNESS_WRITE)}
    assert told == {row for connection in connections for row in connection.written}
    assert len(told) == 6
    assert all(connection.closed for connection in connections)


@pytest.mark.parametrize("code", [1290, 1836, 1792])
def test_a_write_that_the_server_refused_did_not_happen(connections: list[Connection], code: int) -> None:
    history = played(connections, error=pymysql.err.OperationalError(code, "read only"))
    assert [event.kind for event in after(history) if event.kind is not Kind.INVOKE] == [Kind.FAIL] * 3


@pytest.mark.parametrize(
    "error",
    [
        pymysql.err.OperationalError(2013, "Lost connection to MySQL server during query"),
        pymysql.err.InterfaceError(0, ""),
        pymysql.err.InternalError(),
    ],
)
def test_a_write_that_nobody_answered_may_have_happened(connections: list[Connection], error: Exception) -> None:
    history = played(connections, error=error)
    done = [event for event in after(history) if event.kind is not Kind.INVOKE]
    assert [event.kind for event in done] == [Kind.INFO] * 3
    assert all(type(error).__name__ in event.value["error"] for event in done)


@pytest.mark.parametrize("heal", [None, "kill"])
def test_without_the_heal_that_it_waits_for_nothing_more_is_written(
    connections: list[Connection], heal: str | None
) -> None:
    history = played(connections, heal=heal)
    assert after(history) == []
    assert all(connection.closed for connection in connections)


def test_every_operation_is_told_apart_and_joined_to_its_end(connections: list[Connection]) -> None:
    history = played(connections)
    invokes = history.where(kind=Kind.INVOKE, action=WITNESS_WRITE)
    assert len({event.operation_id for event in invokes}) == 6
    ends = {event.operation_id: event.value["id"] for event in history.where(kind=Kind.OK, action=WITNESS_WRITE)}
    assert ends == {event.operation_id: event.value["id"] for event in invokes}
