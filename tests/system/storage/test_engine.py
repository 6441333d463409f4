"""The connection under real servers: bounded in time, honest about what it does not know, never half done."""

import asyncio
import socket
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from typing import Any

import pymysql
import pytest
from sqlalchemy import Connection, text, update
from sqlalchemy.exc import OperationalError

from harness.services.replicating import MYSQL
from system.clock import RandomIds, SystemClock
from system.settings import Settings
from system.storage import Claim, CommitUnknown, DatabaseUnavailable, NewSignal, Resolution, State, Storage, schema
from system.storage.crew import Crew, Ending, Surroundings
from system.storage.engine import Database
from tests.system.storage.relay import Relay

pytestmark = pytest.mark.slow
Make = Callable[..., NewSignal]
WITHIN_S = 3.0
"""Far above the timeouts of a second, far below a hang."""


@pytest.fixture
def relay(server: Any) -> Iterator[Relay]:
    with closing(Relay(server.port)) as made:
        yield made


@pytest.fixture
def relayed(server_storage: Storage, relay: Relay, connect: Callable[..., Storage]) -> Storage:
    """A storage whose connections go through `relay`, which reads along; its schema is fresh.

    MySQL takes a password without encryption once it has taken it with, as it has from the fixture.
    """
    return connect(f"mysql+pymysql://freight:secret@127.0.0.1:{relay.port}/freight?ssl_disabled=true")


def _stored(storage: Storage, signal: NewSignal) -> bool:
    return bool(storage.signals.existing_identities([str(signal.identity)]))


def test_the_session_is_as_the_repositories_need_it(server: Any, server_storage: Storage) -> None:
    isolation = "transaction_isolation" if server.speech is MYSQL else "tx_isolation"
    with server_storage.engine.connect() as connection:
        asked = f"SELECT @@{isolation}, @@innodb_lock_wait_timeout, @@sql_mode, @@time_zone"
        row = connection.execute(text(asked)).one()
    assert tuple(row[:2]) == ("READ-COMMITTED", 1)
    assert "STRICT_TRANS_TABLES" in row[2]
    assert row[3] == "+00:00"
    assert server_storage.ping() == 7


def test_a_paused_server_costs_a_second_not_a_hang(server: Any, server_storage: Storage, signal_of: Make) -> None:
    server_storage.ping()
    server.pause()
    try:
        started_s = time.monotonic()
        with ThreadPoolExecutor(16) as pool:  # twice the pool
            waits = [pool.submit(server_storage.signals.accept, [signal_of(f"S{number}")]) for number in range(16)]
            assert all(isinstance(wait.exception(), DatabaseUnavailable) for wait in waits)
        took_s = time.monotonic() - started_s
    finally:
        server.go_on()
    assert took_s < WITHIN_S
    assert server_storage.ping() == 7


def test_a_server_that_is_not_there_is_said_at_once(connect: Callable[..., Storage]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    with pytest.raises(DatabaseUnavailable):
        connect(f"mysql+pymysql://freight:secret@127.0.0.1:{port}/freight").ping()


def test_stale_connections_are_replaced_without_the_caller_noticing(
    relayed: Storage, relay: Relay, signal_of: Make
) -> None:
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda _: relayed.ping(), range(16)))
    relay.cut_all()
    for number in range(6):
        assert relayed.signals.accept([signal_of(f"S{number}")])[0].status == "accepted"


def test_a_connection_lost_in_the_middle_leaves_nothing(
    server: Any, server_storage: Storage, signal_of: Make, clock: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    (accepted,) = server_storage.signals.accept([signal_of("S1")])
    monkeypatch.setattr(type(clock), "monotonic_s", lambda _: 0.0)  # it shows at once, however slow the machine
    database = Database(server_storage.engine, clock)
    runs = []

    def work(connection: Connection) -> None:
        runs.append(1)
        connection.execute(update(schema.intents).values(worker="half"))
        session = connection.execute(text("SELECT CONNECTION_ID()")).scalar_one()
        server.admin(f"KILL CONNECTION {session}")
        connection.execute(update(schema.shipments).values(executing_intent=accepted.intent_id))

    with pytest.raises(DatabaseUnavailable) as caught:
        database.transact(work)
    assert not isinstance(caught.value, CommitUnknown)
    assert len(runs) == 2, "repeated once, as nothing was written and the loss showed at once"
    intent = server_storage.intents.get(accepted.intent_id)
    assert intent is not None
    assert intent.worker is None


@pytest.mark.parametrize(("cut", "written"), [("before", False), ("after", True)])
def test_a_connection_lost_at_commit_is_said_to_be_unknown(
    relayed: Storage, relay: Relay, server_storage: Storage, signal_of: Make, cut: str, written: bool
) -> None:
    relayed.ping()
    relay.cut = cut
    with pytest.raises(CommitUnknown):
        relayed.signals.accept([signal_of("S1")])
    relay.cut = None

    assert _stored(server_storage, signal_of("S1")) is written
    (again,) = relayed.signals.accept([signal_of("S1")])
    assert again.status == ("duplicate" if written else "accepted")


def test_a_claim_whose_commit_is_unknown_is_found_again(
    relayed: Storage, relay: Relay, server_storage: Storage, signal_of: Make
) -> None:
    relayed.signals.accept([signal_of("S1")])
    relay.cut = "after"
    with pytest.raises(CommitUnknown):
        relayed.claims.claim_received("worker", lease_s=60)
    relay.cut = None

    assert relayed.claims.claim_received("worker", lease_s=60) is None
    (claim,) = relayed.claims.held_by("worker")
    relayed.claims.record_resolution(claim, Resolution(state=State.CONFIRMED, payload={}))


def test_a_crew_takes_up_a_claim_whose_answer_was_lost(relayed: Storage, relay: Relay, signal_of: Make) -> None:
    """The commit got through, its answer did not: without looking back it would stand until its lease ran out."""
    relayed.signals.accept([signal_of("S1")])

    async def confirm(claim: Claim) -> Ending:
        return lambda: relayed.claims.record_resolution(claim, Resolution(state=State.CONFIRMED, payload={}))

    async def steps() -> None:
        crew = Crew(
            "crew",
            size=1,
            claims=relayed.claims,
            take=lambda worker: relayed.claims.claim_received(worker, lease_s=60),
            handle=confirm,
            handled=State.RESOLVING,
            around=Surroundings(settings=Settings(), clock=SystemClock(), ids=RandomIds()),
        )
        relay.cut = "after"
        with pytest.raises(CommitUnknown):
            await crew.step()
        relay.cut = None
        assert await crew.step()

    asyncio.run(steps())
    assert relayed.intents.counts()[State.CONFIRMED] == 1


def test_a_commit_that_waits_for_a_replica_ends_as_unknown_and_its_repeat_does_not_hang(
    server: Any, server_storage: Storage, signal_of: Make
) -> None:
    """Semi-synchronous without a replica: the commit waits, and holds the key that a repeat needs."""
    semi_sync = server.speech.source_semi_sync
    server.admin(
        f"SET GLOBAL {semi_sync}_timeout = 3600000",
        f"SET GLOBAL {semi_sync}_wait_point = AFTER_SYNC",
        f"SET GLOBAL {semi_sync}_enabled = 1",
    )
    try:
        started_s = time.monotonic()
        with pytest.raises(CommitUnknown):
            server_storage.signals.accept([signal_of("S1")])
        with pytest.raises(DatabaseUnavailable) as caught:
            server_storage.signals.accept([signal_of("S1")])
        took_s = time.monotonic() - started_s
        assert not isinstance(caught.value, CommitUnknown)
        assert not _stored(server_storage, signal_of("S1")), "not visible to others while it waits"
    finally:
        server.admin(f"SET GLOBAL {semi_sync}_enabled = 0")
    assert took_s < 2 * WITHIN_S
    deadline_s = time.monotonic() + 5
    while not _stored(server_storage, signal_of("S1")) and time.monotonic() < deadline_s:
        time.sleep(0.02)
    assert server_storage.signals.accept([signal_of("S1")])[0].status == "duplicate"


def test_a_key_that_somebody_else_holds_is_waited_for_a_second(
    server: Any, server_storage: Storage, signal_of: Make
) -> None:
    server_storage.signals.accept([signal_of("S1")])
    other = pymysql.connect(unix_socket=str(server.socket_path), user="root", database="freight")
    with other:
        other.cursor().execute("UPDATE signals SET control_number = '9'")
        started_s = time.monotonic()
        with pytest.raises(DatabaseUnavailable):
            server_storage.signals.accept([signal_of("S1")])
        assert time.monotonic() - started_s < WITHIN_S
        other.rollback()
    assert server_storage.signals.accept([signal_of("S1")])[0].status == "duplicate"


def test_a_fenced_server_takes_no_write_and_its_connections_are_dropped(
    server: Any, server_storage: Storage, signal_of: Make
) -> None:
    server_storage.ping()
    pool = server_storage.engine.pool
    server.admin("SET GLOBAL read_only = 1")
    try:
        with pytest.raises(DatabaseUnavailable) as caught:
            server_storage.signals.accept([signal_of("S1")])
        assert "read-only" in str(caught.value)
        assert server_storage.engine.pool is not pool
    finally:
        server.admin("SET GLOBAL read_only = 0")
    assert not _stored(server_storage, signal_of("S1"))


def test_a_missing_schema_is_not_there_yet(server_storage: Storage, signal_of: Make) -> None:
    schema.METADATA.drop_all(server_storage.engine)
    with pytest.raises(DatabaseUnavailable, match="migrate"):
        server_storage.signals.accept([signal_of("S1")])
    schema.create_schema(server_storage.engine)
    schema.create_schema(server_storage.engine)
    assert server_storage.signals.accept([signal_of("S1")])[0].status == "accepted"


def test_wrong_sql_is_not_taken_for_an_outage(server_storage: Storage, clock: Any) -> None:
    database = Database(server_storage.engine, clock)
    for wrong in ("SELEC 1", "SELECT nothing FROM signals"):
        with pytest.raises(Exception, match=r"\(10(54|64)"):
            database.transact(lambda connection, wrong=wrong: connection.execute(text(wrong)))  # type: ignore[misc]


def test_crossing_transactions_are_repeated_until_both_are_done(server_storage: Storage, clock: Any) -> None:
    """A deadlock: the server undoes one of the two, and that one is run again."""
    server_storage.lost_signals.newest_incident()
    database = Database(server_storage.engine, clock)
    with server_storage.engine.begin() as connection:
        connection.execute(text("INSERT INTO counters VALUES ('a', 0), ('b', 0)"))
    met = threading.Barrier(2, timeout=5)

    def cross(first: str, second: str) -> None:
        tries = []

        def work(connection: Connection) -> None:
            tries.append(1)
            connection.execute(text("UPDATE counters SET value = value + 1 WHERE name = :name"), {"name": first})
            if len(tries) == 1:
                met.wait()
            connection.execute(text("UPDATE counters SET value = value + 1 WHERE name = :name"), {"name": second})

        database.transact(work)

    with ThreadPoolExecutor(2) as pool:
        for done in [pool.submit(cross, "a", "b"), pool.submit(cross, "b", "a")]:
            done.result()
    with server_storage.engine.connect() as connection:
        assert connection.execute(text("SELECT value FROM counters ORDER BY name")).scalars().all() == [2, 2]


def test_the_epoch_of_a_claim_is_that_of_the_server_that_gave_it(
    server: Any, server_storage: Storage, signal_of: Make
) -> None:
    """What a promotion changes: the same row, claimed with the same attempt, in another epoch (H17)."""
    server_storage.signals.accept([signal_of("S1"), signal_of("S2")])
    first = server_storage.claims.claim_received("one", lease_s=60)
    server.admin("SET GLOBAL server_id = 8")
    try:
        second = server_storage.claims.claim_received("two", lease_s=60)
    finally:
        server.admin("SET GLOBAL server_id = 7")
    assert first is not None
    assert second is not None
    assert (first.intent.epoch, second.intent.epoch) == (7, 8)
    assert first.intent.attempt == second.intent.attempt


def test_claiming_locks_only_what_it_takes(server_storage: Storage, signal_of: Make) -> None:
    """While one claim is still open, others get the next rows at once instead of finding none."""
    server_storage.signals.accept([signal_of(f"S{number}") for number in range(50)])
    while claim := server_storage.claims.claim_received("resolver", lease_s=60):
        server_storage.claims.record_resolution(claim, Resolution(state=State.CONFIRMED, payload={}))
    query = (
        "SELECT STRAIGHT_JOIN intents.id FROM intents FORCE INDEX (ix_intents_state) JOIN shipments USING "
        "(partner_id, shipment_id) WHERE state = 'CONFIRMED' AND executing_intent IS NULL "
        "ORDER BY updated_at, intents.id LIMIT 1 FOR UPDATE SKIP LOCKED"
    )
    with server_storage.engine.begin() as open_claim:
        assert len(open_claim.execute(text(query)).all()) == 1
        for number in range(10):
            assert server_storage.claims.claim_confirmed(f"agent-{number}", lease_s=60) is not None


def test_a_client_that_stops_within_a_transaction_keeps_its_locks_for_seconds_alone(
    server_storage: Storage, signal_of: Make
) -> None:
    server_storage.signals.accept([signal_of("S1")])
    claim = server_storage.claims.claim_received("resolver", lease_s=60)
    assert claim is not None
    with server_storage.engine.connect() as stopped:
        stopped.execute(update(schema.intents).values(worker="stopped"))
        give_up_s = time.monotonic() + 30
        while True:
            try:
                server_storage.claims.record_resolution(claim, Resolution(state=State.CONFIRMED, payload={}))
            except DatabaseUnavailable:
                assert time.monotonic() < give_up_s
            else:
                break
        with pytest.raises(OperationalError):
            stopped.commit()
    intent = server_storage.intents.get(claim.intent.id)
    assert intent is not None
    assert (intent.state, intent.worker) == (State.CONFIRMED, None)


def test_settings_make_no_connection(clock: Any) -> None:
    storage = Storage.connect(Settings(database_url="mysql+pymysql://x@127.0.0.1:1/x"), clock=clock, ids=RandomIds())
    storage.close()
