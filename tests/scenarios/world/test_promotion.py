"""The statements of a promotion, one by one, against real servers."""

import contextlib
from pathlib import Path

import pymysql
import pytest

from harness.services.database_sql import CONTROLLER, OBSERVER
from scenarios.world.managed_settings import Database
from scenarios.world.promotion import PromotionError, demote, drain, promote, replication
from tests.scenarios.world import mariadb_pair
from tests.scenarios.world.mariadb_pair import Pair, run

pytestmark = pytest.mark.slow


def seen(database: mariadb_pair.Database) -> Database:
    """The server as its controller knows it."""
    return Database(
        name=database.name,
        host="127.0.0.1",
        port=database.port,
        pid_file=Path("/nowhere"),
        fence_file=Path("/nowhere"),
        user=CONTROLLER.user,
        password=CONTROLLER.password,
    )


def test_a_replica_with_both_threads_stopped_is_not_started_blindly(either_pair: Pair) -> None:
    either_pair.replica.ask(either_pair.speech.stop)
    with pytest.raises(PromotionError, match="purge"):
        drain(seen(either_pair.replica))
    either_pair.replica.ask(either_pair.speech.start)


def test_a_promotion_that_is_done_twice_ends_the_same_with_a_larger_epoch(either_pair: Pair) -> None:
    either_pair.primary.ask("INSERT INTO freight.notes VALUES (1, 'x')")
    replica = seen(either_pair.replica)
    assert promote_after_drain(replica, above=1) == 2
    assert replication(replica) is None
    assert promote_after_drain(replica, above=7) == 8
    assert either_pair.replica.ask("SELECT @@server_id AS id, @@read_only AS r")[0] == {"id": 8, "r": 0}


def promote_after_drain(replica: Database, above: int) -> int:
    drain(replica)
    return promote(replica, above)


def test_an_old_primary_loses_its_clients_but_not_its_watchers(either_pair: Pair) -> None:
    primary = seen(either_pair.primary)
    client = either_pair.connect(either_pair.primary.port)
    port = either_pair.primary.port
    observer = pymysql.connect(host="127.0.0.1", port=port, user=OBSERVER.user, password=OBSERVER.password)
    with contextlib.closing(observer):
        done = demote(primary, 1.0, ("observer",), clients_too=False)
        assert (done.was_writable, done.killed) == (True, 1)
        with pytest.raises(pymysql.err.MySQLError):
            run(client, "SELECT 1")
        observer.ping(reconnect=False)

        # Read-only by now: whoever connects again may read, unless the clients are wanted gone too.
        with contextlib.closing(either_pair.connect(either_pair.primary.port)) as again:
            assert demote(primary, 1.0, ("observer",), clients_too=False).killed == 0
            with pytest.raises(pymysql.err.OperationalError, match="read-only"):
                run(again, "INSERT INTO notes VALUES (1, 'x')")
            assert demote(primary, 1.0, ("observer",), clients_too=True).killed == 1
